"""The two Triton kernels of `ragged.py`, which says what they compute; importing this imports Triton.

`read` goes over the entries of one row in several splits at once, and `join` puts the splits together. Both read on the
device how far a row goes, so a recorded launch (`graphs.py`) stays right while rows grow; the host gives only `length`,
the position at which every row ends at the latest. Arguments without a type are what Triton makes of tensors (pointers)
and numbers; an annotation would have to be one of Triton's own.
"""

import triton
import triton.language as tl

# One compilation does for all values of these: while a graph is recorded, Triton could not compile for a new value.
_PLAIN = ["last_row", "width", "length", "reach", "kv_heads", "splits"]


@triton.jit
def _span(last, row, last_row, width, length, reach, splits, LEAST: tl.constexpr):
    """Of a row: the last position its first query sees; the positions its queries see together (the first, and the
    end); and how many of them a split takes: a multiple of LEAST, so that of a short row the later splits get none."""
    first = tl.load(last + row * last_row).to(tl.int32)
    begin = tl.maximum(first - reach + 1, 0)
    stop = tl.minimum(first + width, length)
    each = tl.maximum(tl.cdiv(stop - begin, splits * LEAST), 1) * LEAST
    return first, begin, stop, each


@triton.jit
def _with_block(query, key, value, seen, top, total, out):
    """A softmax that has gone over some entries, with BLOCK more of them: `query` `[TILE, SIZE]`, `key` `[SIZE,
    BLOCK]`, `value` `[BLOCK, SIZE]`, `seen` `[TILE, BLOCK]`. Of each query `top` is the highest score so far, `total`
    the sum of exp(score - top), `out` `[TILE, SIZE]` the sum of the values so weighted."""
    scores = tl.where(seen, tl.dot(query, key, input_precision="ieee"), float("-inf"))
    highest = tl.maximum(top, tl.max(scores, 1))
    base = tl.where(highest == float("-inf"), 0.0, highest)  # nothing seen so far: -inf less -inf would be NaN
    weights = tl.exp(scores - base[:, None])
    fade = tl.exp(top - base)
    out = tl.dot(weights.to(value.dtype), value, out * fade[:, None], input_precision="ieee")
    return highest, total * fade + tl.sum(weights, 1), out


@triton.jit(do_not_specialize=_PLAIN)
def read(
    query,  # [n, width, kv heads * GROUP, SIZE]
    keys,  # [slots, kv heads, entries, SIZE], as the values
    values,
    last,  # [n]
    slots,  # [n]: the slot that holds the keys and values of each row,
    bases,  # [n]: and the position of its first entry
    means,  # [n * kv heads, splits, width * GROUP, SIZE] float32: of each split the weighted mean of the values
    weights,  # [n * kv heads, splits, width * GROUP] float32: log of the sum of exp of its scores
    query_row, query_place, query_head,  # strides, in numbers
    keys_row, keys_head, keys_entry,
    values_row, values_head, values_entry,
    last_row, width, length, reach, kv_heads, splits,
    GROUP: tl.constexpr, SIZE: tl.constexpr, LEAST: tl.constexpr, TILE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """One program: TILE queries of a row that share a KV head, over one split of its entries, BLOCK at a time."""
    pair = tl.program_id(0).to(tl.int64)  # offsets into the cache can pass 2^31
    row, head = pair // kv_heads, pair % kv_heads
    split = tl.program_id(2)
    first, begin, stop, each = _span(last, row, last_row, width, length, reach, splits, LEAST)
    start = begin + split * each
    if start >= stop:
        return
    index = tl.program_id(1) * TILE + tl.arange(0, TILE)
    place, in_row = index // GROUP, index < width * GROUP  # the heads of one place lie side by side
    size = tl.arange(0, SIZE)
    query += row * query_row + head * GROUP * query_head
    at_query = place * query_place + index % GROUP * query_head
    q = tl.load(query + at_query[:, None] + size[None, :], mask=in_row[:, None], other=0.0)
    slot, base = tl.load(slots + row).to(tl.int64), tl.load(bases + row).to(tl.int64)
    keys += slot * keys_row + head * keys_head - base * keys_entry  # from here on entries are positions
    values += slot * values_row + head * values_head - base * values_entry
    top = tl.full([TILE], float("-inf"), tl.float32)
    total = tl.zeros([TILE], tl.float32)
    out = tl.zeros([TILE, SIZE], tl.float32)
    for at in range(start, tl.minimum(start + each, stop), BLOCK):
        entries = at + tl.arange(0, BLOCK)
        held = entries < stop  # behind it lies garbage, which may be NaN, and no weight of zero would hide that
        key = tl.load(keys + entries[None, :] * keys_entry + size[:, None], mask=held[None, :], other=0.0)
        value = tl.load(values + entries[:, None] * values_entry + size[None, :], mask=held[:, None], other=0.0)
        back = (first + place)[:, None] - entries[None, :]
        seen = (back >= 0) & (back < reach) & held[None, :]
        top, total, out = _with_block(q, key, value, seen, top, total, out)
    into = (pair * splits + split) * width * GROUP + index
    total = tl.where(total == 0.0, 1.0, total)  # of a query that saw nothing: mean 0, weight -inf as `top` is
    tl.store(weights + into, top + tl.log(total), mask=in_row)
    tl.store(means + into[:, None] * SIZE + size[None, :], out / total[:, None], mask=in_row[:, None])


@triton.jit(do_not_specialize=_PLAIN)
def join(
    means,  # as `read` wrote them
    weights,
    last,  # [n]
    out,  # [n, width, kv heads * GROUP, SIZE], contiguous
    last_row, width, length, reach, kv_heads, splits,
    GROUP: tl.constexpr, SIZE: tl.constexpr, LEAST: tl.constexpr, MOST: tl.constexpr, PART: tl.constexpr,
):  # fmt: skip
    """One program: PART of the SIZE numbers of one query, from at most MOST splits. Zeros if the query sees nothing."""
    pair = tl.program_id(0).to(tl.int64)
    row, head = pair // kv_heads, pair % kv_heads
    index = tl.program_id(1)
    size = tl.program_id(2) * PART + tl.arange(0, PART)
    _, begin, stop, each = _span(last, row, last_row, width, length, reach, splits, LEAST)
    split = tl.arange(0, MOST)
    used = (split < splits) & (begin + split * each < stop)  # nothing was written for the others
    at = (pair * splits + split) * width * GROUP + index
    weight = tl.load(weights + at, mask=used, other=float("-inf"))
    top = tl.max(weight, 0)
    share = tl.exp(weight - tl.where(top == float("-inf"), 0.0, top))
    total = tl.sum(share, 0)
    mean = tl.load(means + at[:, None] * SIZE + size[None, :], mask=used[:, None], other=0.0)
    mean = tl.sum(mean * share[:, None], 0) / tl.where(total == 0.0, 1.0, total)
    query = ((row * width + index // GROUP) * kv_heads + head) * GROUP + index % GROUP
    tl.store(out + query * SIZE + size, mean.to(out.dtype.element_ty))


# With TRITON_INTERPRET=1 they run as Python, wherever tensors are.
INTERPRETED = not isinstance(read, triton.JITFunction)
