"""The Triton kernels of `fused.py`, which says what they compute; importing this imports Triton.

Numbers are rounded where PyTorch's own kernels round them, between one operation and the next; sums are in float32.
Arguments that depend on the batch (rows, positions) are not specialized, so that one compilation does for all batches.
In the shapes below `m` is the number of positions.
"""

import triton
import triton.language as tl


@triton.jit
def _normed(numbers, size, eps):
    return numbers * tl.rsqrt(tl.sum(numbers * numbers, 0) / size + eps)


@triton.jit
def _tanh(numbers):
    return 1.0 - 2.0 / (tl.exp(tl.minimum(2.0 * numbers, 80.0)) + 1.0)


@triton.jit
def _gelu(numbers):
    return 0.5 * numbers * (1.0 + _tanh(0.7978845608028654 * (numbers + 0.044715 * numbers * numbers * numbers)))


@triton.jit(do_not_specialize=["part_stride"])
def add_norm(
    state,  # [m, size]
    parts,  # [PARTS, m, size]: their sum is a product
    norm,  # [size]: weight of the norm of the product
    next_norm,  # [size]: weight of the norm of the new state
    out,  # [m, size]: the new state
    normed,  # [m, size]: its norm
    part_stride, size, eps, scale,
    PARTS: tl.constexpr, NORMED: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """One program: the new state of a position, (state + norm(sum of parts)) * scale; if NORMED, its norm too."""
    at = tl.program_id(0).to(tl.int64) * size
    i = tl.arange(0, BLOCK)
    held = i < size
    kind = state.dtype.element_ty
    new = tl.load(parts + at + i, mask=held, other=0.0).to(tl.float32)
    for part in tl.static_range(1, PARTS):
        new += tl.load(parts + part * part_stride + at + i, mask=held, other=0.0).to(tl.float32)
    new = _normed(new.to(kind).to(tl.float32), size, eps)
    new = (new * tl.load(norm + i, mask=held, other=0.0).to(tl.float32)).to(kind).to(tl.float32)
    sum_ = (tl.load(state + at + i, mask=held, other=0.0).to(tl.float32) + new).to(kind).to(tl.float32)
    sum_ = (sum_ * scale).to(kind)
    tl.store(out + at + i, sum_, mask=held)
    if NORMED:
        again = _normed(sum_.to(tl.float32), size, eps) * tl.load(next_norm + i, mask=held, other=0.0).to(tl.float32)
        tl.store(normed + at + i, again.to(kind), mask=held)


@triton.jit(do_not_specialize=["part_stride", "width", "keys_row", "values_row"])
def heads(
    parts,  # [PARTS, m, PER * SIZE]: their sum is the product; PER: the queries, keys and own values of a position
    scales,  # [QUERIES + KV, SIZE]: weights of the norms of queries and keys
    cos,  # [m, SIZE], as sin, whose first half is negated
    sin,
    positions,  # [m]
    slots,  # [n]: the slot of each row,
    bases,  # [n]: and the position of its first entry
    query,  # [m, QUERIES, SIZE]
    keys,  # [slots, kv heads, entries, SIZE]: the cache, as the values
    values,
    part_stride, keys_row, keys_head, keys_entry, values_row, values_head, values_entry,  # strides, in numbers
    width, eps,
    PARTS: tl.constexpr, QUERIES: tl.constexpr, KV: tl.constexpr, OWN_VALUES: tl.constexpr, SIZE: tl.constexpr,
    PER: tl.constexpr,
):  # fmt: skip
    """One program: one head of one position. Its norm and rotary embedding are taken, and it is stored as a query or
    in the cache. With KV = 0 nothing is stored there; without OWN_VALUES the values are the keys before their norm."""
    at, head = tl.program_id(0).to(tl.int64), tl.program_id(1)
    i = tl.arange(0, SIZE)
    rolled = (i + SIZE // 2) % SIZE
    kind = query.dtype.element_ty
    parts += at * PER * SIZE + head * SIZE
    here = tl.load(parts + i).to(tl.float32)
    there = tl.load(parts + rolled).to(tl.float32)
    for part in tl.static_range(1, PARTS):
        here += tl.load(parts + part * part_stride + i).to(tl.float32)
        there += tl.load(parts + part * part_stride + rolled).to(tl.float32)
    here, there = here.to(kind).to(tl.float32), there.to(kind).to(tl.float32)
    rate = tl.rsqrt(tl.sum(here * here, 0) / SIZE + eps)
    own, rolled_own = (here * rate).to(kind), (there * rate).to(kind)
    row = tl.load(slots + at // width).to(tl.int64)
    place = tl.load(positions + at) - tl.load(bases + at // width)
    if KV > 0:  # noqa: SIM102 -- Triton has to know before it compiles what is inside
        if head >= (QUERIES + KV if OWN_VALUES else QUERIES):
            value = (head - QUERIES) % KV
            tl.store(values + row * values_row + value * values_head + place * values_entry + i, own)
    if head < QUERIES + KV:
        one = (own.to(tl.float32) * tl.load(scales + head * SIZE + i).to(tl.float32)).to(kind).to(tl.float32)
        two = rolled_own.to(tl.float32) * tl.load(scales + head * SIZE + rolled).to(tl.float32)
        two = two.to(kind).to(tl.float32)
        out = (one * tl.load(cos + at * SIZE + i).to(tl.float32)).to(kind).to(tl.float32)
        out = (out + two * tl.load(sin + at * SIZE + i).to(tl.float32)).to(kind)
        if head < QUERIES:
            tl.store(query + (at * QUERIES + head) * SIZE + i, out)
        elif KV > 0:
            key = head - QUERIES
            tl.store(keys + row * keys_row + key * keys_head + place * keys_entry + i, out)


@triton.jit(do_not_specialize=["gate_row", "other_row"])
def gated(gate, other, out, gate_row, other_row, size, BLOCK: tl.constexpr):
    """One program: BLOCK of the `size` numbers of a position's gelu(gate) * other, which are `[m, size]`."""
    at = tl.program_id(0).to(tl.int64)
    i = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    held = i < size
    kind = out.dtype.element_ty
    numbers = _gelu(tl.load(gate + at * gate_row + i, mask=held, other=0.0).to(tl.float32)).to(kind).to(tl.float32)
    numbers *= tl.load(other + at * other_row + i, mask=held, other=0.0).to(tl.float32)
    tl.store(out + at * size + i, numbers.to(kind), mask=held)


@triton.jit(do_not_specialize=["m", "factor_row"])
def product(
    x,  # [m, k], m at most ROWS
    weight,  # [n, k], in mode 1 [2n, k]
    factor,  # [m, n], for mode 2
    out,  # [splits, m, n]
    m, n, k,
    each,  # how much of k a split takes
    factor_row,  # stride
    MODE: tl.constexpr, ROWS: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr,
):  # fmt: skip
    """One program: BLOCK_N columns of x @ weight.T over one split of k. By MODE that is what is stored (0, PLAIN), or
    gelu(its first half) * its second half (1, GATE_UP), or gelu(it) * factor (2, GATE)."""
    rows, inner = tl.arange(0, ROWS), tl.arange(0, BLOCK_K)
    columns = tl.program_id(0) * BLOCK_N + tl.arange(0, BLOCK_N)
    start = tl.program_id(1) * each
    there = columns < n
    kind = x.dtype.element_ty
    x += rows[:, None] * k + inner[None, :]
    first = weight + columns[None, :].to(tl.int64) * k + inner[:, None]
    total = tl.zeros([ROWS, BLOCK_N], tl.float32)
    other = tl.zeros([ROWS, BLOCK_N], tl.float32)
    for at in range(start, tl.minimum(start + each, k), BLOCK_K):
        given = tl.load(x + at, mask=(rows < m)[:, None] & (at + inner < k)[None, :], other=0.0)
        held = there[None, :] & (at + inner < k)[:, None]
        total = tl.dot(given, tl.load(first + at, mask=held, other=0.0), total, input_precision="ieee")
        if MODE == 1:
            second = tl.load(first + n * k + at, mask=held, other=0.0)
            other = tl.dot(given, second, other, input_precision="ieee")
    place = rows[:, None] * n + columns[None, :]
    inside = (rows < m)[:, None] & there[None, :]
    if MODE == 0:
        tl.store(out + tl.program_id(1).to(tl.int64) * m * n + place, total.to(out.dtype.element_ty), mask=inside)
    else:
        if MODE == 2:
            other = tl.load(factor + rows[:, None] * factor_row + columns[None, :], mask=inside, other=0.0)
        gate = _gelu(total.to(kind).to(tl.float32)).to(kind).to(tl.float32)
        tl.store(out + place, (gate * other.to(kind).to(tl.float32)).to(kind), mask=inside)


@triton.jit
def softcap(logits, count, cap, BLOCK: tl.constexpr):
    """One program: BLOCK logits become cap * tanh(logit / cap), in place."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    kind = logits.dtype.element_ty
    numbers = (tl.load(logits + i, mask=i < count).to(tl.float32) / cap).to(kind).to(tl.float32)
    numbers = _tanh(numbers).to(kind).to(tl.float32)
    tl.store(logits + i, (numbers * cap).to(kind), mask=i < count)


@triton.jit(do_not_specialize=["words", "chunks"])
def masked_argmax(
    logits,  # [m, vocab]
    bits,  # [m, words], int32: packed masks
    best,  # [m, chunks] float32: of each chunk the highest allowed logit,
    token,  # [m, chunks] int64: its token, of equals the lowest,
    total,  # [m, chunks] float32: and the sum of exp(logit - highest)
    vocab,
    words,
    chunks,
    MASKED: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """One program: one chunk, BLOCK logits, of one position."""
    at, chunk = tl.program_id(0).to(tl.int64), tl.program_id(1)
    i = chunk * BLOCK + tl.arange(0, BLOCK)
    held = i < vocab
    numbers = tl.load(logits + at * vocab + i, mask=held, other=float("-inf")).to(tl.float32)
    if MASKED:
        word = tl.load(bits + at * words + i // 32, mask=held, other=0)
        numbers = tl.where(((word >> (i % 32)) & 1) != 0, numbers, float("-inf"))
    highest = tl.max(numbers, 0)
    place = at * chunks + chunk
    tl.store(best + place, highest)
    tl.store(token + place, chunk * BLOCK + tl.argmax(numbers, 0, tie_break_left=True))
    base = tl.where(highest == float("-inf"), 0.0, highest)
    tl.store(total + place, tl.sum(tl.exp(numbers - base), 0))


@triton.jit(do_not_specialize=["words"])
def centroid_argmax(
    state,  # [m, SIZE]
    weight,  # [vocab, SIZE]
    members,  # [clusters, EACH] int64: the tokens of each
    chosen,  # [m, tops] int64: clusters
    bits,  # [m, words], int32: packed masks
    best,  # [m, tops] float32: the highest logit of the cluster,
    token,  # [m, tops] int64: and its token
    tops,
    words,
    MASKED: tl.constexpr,
    SIZE: tl.constexpr,
    EACH: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """One program: the tokens of one cluster for one position, BLOCK of them at a time."""
    at, top = tl.program_id(0).to(tl.int64), tl.program_id(1)
    i, size = tl.arange(0, BLOCK), tl.arange(0, SIZE)
    members += tl.load(chosen + at * tops + top) * EACH
    own = tl.load(state + at * SIZE + size).to(tl.float32)
    highest = tl.full([BLOCK], float("-inf"), tl.float32)
    found = tl.load(members + i)
    for start in tl.static_range(0, EACH, BLOCK):
        tokens = tl.load(members + start + i)
        rows = tl.load(weight + tokens[:, None] * SIZE + size[None, :]).to(tl.float32)
        scores = tl.sum(rows * own[None, :], 1).to(state.dtype.element_ty).to(tl.float32)
        if MASKED:
            word = tl.load(bits + at * words + tokens // 32)
            scores = tl.where(((word >> (tokens % 32).to(tl.int32)) & 1) != 0, scores, float("-inf"))
        found = tl.where(scores > highest, tokens, found)
        highest = tl.maximum(scores, highest)
    first = tl.argmax(highest, 0, tie_break_left=True)
    tl.store(best + at * tops + top, tl.max(highest, 0))
    tl.store(token + at * tops + top, tl.sum(tl.where(i == first, found, 0), 0))
