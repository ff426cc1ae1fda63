"""The two Triton kernels of `ragged.py`, which says what they compute; importing this imports Triton.

`read` goes over the entries of one row in several splits at once, `join` puts the splits together. How far a row goes
they read from the device, so a recorded launch (`graphs.py`) stays right while rows grow: of lengths the host says
only `length`, where every row ends. Arguments without a type are what Triton makes of tensors (pointers) and numbers;
an annotation would have to be one of Triton's own.
"""

import triton
import triton.language as tl

# Compiled once for all their values: what is new to Triton while a graph is recorded could not be compiled then.
_PLAIN = ["last_row", "width", "length", "reach", "kv_heads", "splits"]


@triton.jit
def _span(last, row, last_row, width, length, reach, splits, LEAST: tl.constexpr):
    """Of a row: the last entry its first query sees, the entries its queries see together (from, to before), and how
    many of them a split takes: a multiple of LEAST, so of a short row the later splits get none."""
    first = tl.load(last + row * last_row).to(tl.int32)
    begin = tl.maximum(first - reach + 1, 0)
    stop = tl.minimum(first + width, length)
    each = tl.maximum(tl.cdiv(stop - begin, splits * LEAST), 1) * LEAST
    return first, begin, stop, each


@triton.jit(do_not_specialize=_PLAIN)
def read(
    query,  # [n, width, kv heads * GROUP, SIZE]
    keys,  # [slots, kv heads, entries, SIZE], as the values
    values,
    last,  # [n]
    slots,  # [n]: where the keys and values of each row are,
    bases,  # [n]: and the position of the first of them
    means,  # [n * kv heads, splits, width * GROUP, SIZE] float32: what each split has heard
    weights,  # [n * kv heads, splits, width * GROUP] float32: log of the sum of exp of its scores
    query_row,  # strides, in numbers
    query_place,
    query_head,
    keys_row,
    keys_head,
    keys_entry,
    values_row,
    values_head,
    values_entry,
    last_row,
    width,
    length,
    reach,
    kv_heads,
    splits,
    GROUP: tl.constexpr,
    SIZE: tl.constexpr,
    LEAST: tl.constexpr,
    TILE: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """One program: TILE queries of a row that share a KV head, over one split of its entries, BLOCK at a time."""
    pair = tl.program_id(0).to(tl.int64)  # offsets into the cache can pass 2^31
    row, head = pair // kv_heads, pair % kv_heads
    split = tl.program_id(2)
    first, begin, stop, each = _span(last, row, last_row, width, length, reach, splits, LEAST)
    start = begin + split * each
    if start >= stop:
        return
    index = tl.program_id(1) * TILE + tl.arange(0, TILE)
    place, asking = index // GROUP, index < width * GROUP  # the heads of one place lie side by side
    size = tl.arange(0, SIZE)
    query += row * query_row + head * GROUP * query_head
    at_query = place * query_place + index % GROUP * query_head
    asked = tl.load(query + at_query[:, None] + size[None, :], mask=asking[:, None], other=0.0)
    slot, base = tl.load(slots + row).to(tl.int64), tl.load(bases + row).to(tl.int64)
    keys += slot * keys_row + head * keys_head - base * keys_entry  # from here on entries are positions
    values += slot * values_row + head * values_head - base * values_entry
    top = tl.full([TILE], float("-inf"), tl.float32)  # the softmax as it goes: highest score, sum of exp, sums
    total = tl.zeros([TILE], tl.float32)
    heard = tl.zeros([TILE, SIZE], tl.float32)
    for at in range(start, tl.minimum(start + each, stop), BLOCK):
        entries = at + tl.arange(0, BLOCK)
        held = entries < stop  # behind it lies garbage, NaN perhaps, which no zero weight would hide
        key = tl.load(keys + entries[None, :] * keys_entry + size[:, None], mask=held[None, :], other=0.0)
        value = tl.load(values + entries[:, None] * values_entry + size[None, :], mask=held[:, None], other=0.0)
        back = (first + place)[:, None] - entries[None, :]
        seen = (back >= 0) & (back < reach) & held[None, :]
        scores = tl.where(seen, tl.dot(asked, key, input_precision="ieee"), float("-inf"))
        highest = tl.maximum(top, tl.max(scores, 1))
        base = tl.where(highest == float("-inf"), 0.0, highest)  # nothing seen so far: -inf less -inf is NaN
        chances = tl.exp(scores - base[:, None])
        fade = tl.exp(top - base)
        heard = tl.dot(chances.to(value.dtype), value, heard * fade[:, None], input_precision="ieee")
        total = total * fade + tl.sum(chances, 1)
        top = highest
    into = (pair * splits + split) * width * GROUP + index
    total = tl.where(total == 0.0, 1.0, total)  # of a query that saw nothing: mean 0, weight -inf as top is
    tl.store(weights + into, top + tl.log(total), mask=asking)
    tl.store(means + into[:, None] * SIZE + size[None, :], heard / total[:, None], mask=asking[:, None])


@triton.jit(do_not_specialize=_PLAIN)
def join(
    means,  # as `read` wrote them
    weights,
    last,  # [n]
    out,  # [n, width, kv heads * GROUP, SIZE], contiguous
    last_row,
    width,
    length,
    reach,
    kv_heads,
    splits,
    GROUP: tl.constexpr,
    SIZE: tl.constexpr,
    LEAST: tl.constexpr,
    MOST: tl.constexpr,
    PART: tl.constexpr,
):
    """One program: PART of the SIZE numbers of one query, from at most MOST splits. Zeros where it sees nothing."""
    pair = tl.program_id(0).to(tl.int64)
    row, head = pair // kv_heads, pair % kv_heads
    index = tl.program_id(1)
    size = tl.program_id(2) * PART + tl.arange(0, PART)
    _, begin, stop, each = _span(last, row, last_row, width, length, reach, splits, LEAST)
    split = tl.arange(0, MOST)
    used = (split < splits) & (begin + split * each < stop)  # the others were not written
    at = (pair * splits + split) * width * GROUP + index
    weight = tl.load(weights + at, mask=used, other=float("-inf"))
    top = tl.max(weight, 0)
    share = tl.exp(weight - tl.where(top == float("-inf"), 0.0, top))
    total = tl.sum(share, 0)
    mean = tl.load(means + at[:, None] * SIZE + size[None, :], mask=used[:, None], other=0.0)
    mean = tl.sum(mean * share[:, None], 0) / tl.where(total == 0.0, 1.0, total)
    query = ((row * width + index // GROUP) * kv_heads + head) * GROUP + index % GROUP
    tl.store(out + query * SIZE + size, mean.to(out.dtype.element_ty))


INTERPRETED = not isinstance(read, triton.JITFunction)  # TRITON_INTERPRET=1: they run as Python, wherever tensors are
