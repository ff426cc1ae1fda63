"""Attention that reads each row to its own length, under Triton's interpreter (`make test-kernels`): Python instead of
a GPU runs the kernels, so numbers, bounds and NaNs are tested, not speed. Compiling them is `test_compiling.py`'s."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from extractor.engine import Engine, EngineConfig
from extractor.engine.attention import ragged as module
from extractor.engine.attention.ragged import RaggedMask, attend_ragged
from extractor.engine.model.loader import Models
from tests.engine import tiny

pytestmark = [pytest.mark.kernels, pytest.mark.timeout(1800)]
NAN = float("nan")


@pytest.fixture(autouse=True)
def _few_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interpreter runs one after the other, at some 10 ms."""
    monkeypatch.setattr(module, "PROGRAMS", 12)


def plain(query: Tensor, keys: Tensor, values: Tensor, sight: RaggedMask) -> Tensor:
    """The same in a few lines of torch, one query at a time."""
    n, width, heads, size = query.shape
    group = heads // keys.shape[1]
    out = torch.zeros(n, width, heads, size)
    for row in range(n):
        for place in range(width):
            last = int(sight.last[row]) + place
            first = 0 if sight.reach is None else max(0, last - sight.reach + 1)
            if last < 0:
                continue
            for head in range(heads):
                slot, base = int(sight.slots[row]), int(sight.bases[row])
                held = slice(first - base, min(last + 1, sight.end) - base)
                scores = keys[slot, head // group, held].float() @ query[row, place, head].float()
                out[row, place, head] = scores.softmax(-1) @ values[slot, head // group, held].float()
    return out.view(n, width, heads * size)


def made(
    last: list[int], width: int, heads: int, kv: int, size: int, dtype: torch.dtype = torch.float32, seed: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries as a layer gives them and views of a cache with more slots, heads and room than are read: whatever no
    query may see is NaN."""
    generator = torch.Generator().manual_seed(seed)
    n, room = len(last), max(last) + width + 9
    query = torch.randn(n, width, heads + 2 * kv, size, generator=generator)[:, :, :heads] / size**0.5
    stores = [torch.randn(n + 2, kv + 1, room + 5, size, generator=generator) for _ in range(2)]
    for store in stores:
        for row, entry in enumerate(last):
            store[row, :, max(0, entry + width) :] = NAN
        store[n:], store[:, kv:] = NAN, NAN
    keys, values = (store.to(dtype)[:n, :kv, :room] for store in stores)
    return query.to(dtype), keys, values


def sight(last: list[int], reach: int | None, end: int = 1 << 20) -> RaggedMask:
    """Of rows that are the first slots, from position 0 on."""
    n = len(last)
    return RaggedMask(torch.tensor(last), reach, torch.arange(n), torch.zeros(n, dtype=torch.long), end)


def differs(given: tuple[Tensor, Tensor, Tensor], sight: RaggedMask) -> float:
    found, expected = attend_ragged(*given, sight), plain(*given, sight)
    assert found.dtype == given[0].dtype
    assert found.isfinite().all()
    return float((found.float() - expected).abs().max())


SHAPES = [(1, 8, 1, 32), (3, 4, 2, 16), (8, 4, 1, 64), (16, 2, 2, 32), (5, 3, 1, 32)]  # width, heads, KV heads, size


@pytest.mark.parametrize("last", [[300], [5, 170], [-1, 130, 1], [0, 63, 64, 65, 200]], ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rows_of_any_length(shape: tuple[int, int, int, int], last: list[int]) -> None:
    given = made(last, *shape)
    for reach in (None, 17):
        assert differs(given, sight(last, reach)) < 1e-5


@pytest.mark.parametrize("reach", [1, 2, 63, 64, 65, 128, 500])
def test_windows_of_any_size(reach: int) -> None:
    assert differs(made([3, 150], 4, 4, 1, 16), sight([3, 150], reach)) < 1e-5


@pytest.mark.parametrize(("width", "size", "reach"), [(8, 256, 33), (2, 512, None)])
def test_heads_as_large_as_e2bs(width: int, size: int, reach: int | None) -> None:
    assert differs(made([70, 3], width, 8, 1, size), sight([70, 3], reach)) < 1e-5


def test_sixteen_bits() -> None:
    """Not bfloat16: the interpreter's product (Triton 3.7 and 3.9) takes its bits for whole numbers."""
    given = made([90, 3], 4, 8, 1, 64, torch.float16)
    assert differs(given, sight([90, 3], None)) < 2e-3


@pytest.mark.parametrize("programs", [1, 7, 10_000])
def test_any_number_of_splits(programs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From one to far more than there are entries for."""
    monkeypatch.setattr(module, "PROGRAMS", programs)
    last = [700, 2]
    assert differs(made(last, 2, 4, 1, 16), sight(last, None)) < 1e-5


def test_the_row_alone_decides_what_it_reads() -> None:
    """The same row beside a longer one, with more room behind it, and with positions that are a strided view."""
    query, keys, values = made([40, 400], 3, 4, 2, 32)
    places = torch.tensor([40, 400])[:, None] + torch.arange(3)
    strided = replace(sight([40, 400], None), last=places[:, 0])
    together = attend_ragged(query, keys, values, strided)
    alone = attend_ragged(query[:1], keys[:1, :, :43], values[:1, :, :43], sight([40], None))
    assert torch.equal(together[:1], alone)


def test_large_scores_and_rows_that_see_nothing() -> None:
    query, keys, values = made([-4, -1, 70], 2, 4, 1, 32)
    short = sight([-4, -1, 70], 20)
    found = attend_ragged(query * 3000, keys, values, short)
    assert not found[0].any()
    assert not found[1, 0].any(), "the second query of this row sees the first entry"
    assert torch.allclose(found, plain(query * 3000, keys, values, short), atol=1e-4)


@pytest.mark.parametrize("reach", [None, 17, 40])
def test_rows_anywhere_in_the_cache(reach: int | None) -> None:
    """Rows in slots of any order, whose first entries are later positions, up to where every row ends."""
    last, slots, bases, width = [90, 44, 130], [3, 0, 2], [50, 3, 91], 4
    whole = made(last, width, 4, 2, 32)
    stores = [torch.full((5, 2, 64, 32), NAN) for _ in range(2)]
    for store, full in zip(stores, whole[1:], strict=True):
        for row, (slot, base) in enumerate(zip(slots, bases, strict=True)):
            store[slot, :, : last[row] + width - base] = full[row, :, base : last[row] + width]
    seen = replace(sight(last, reach, end=132), slots=torch.tensor(slots), bases=torch.tensor(bases))
    if reach is None:
        seen = replace(seen, bases=torch.zeros(3, dtype=torch.long))
        stores = [torch.full((5, 2, 140, 32), NAN) for _ in range(2)]
        for store, full in zip(stores, whole[1:], strict=True):
            for row, slot in enumerate(slots):
                store[slot, :, : last[row] + width] = full[row, :, : last[row] + width]
    assert differs((whole[0], *stores), seen) < 1e-5


@pytest.mark.parametrize("length", [1, 30, 33, 34, 120])
def test_the_drafters_bounds(length: int) -> None:
    """It stands at `length`, sees no entry there, and slides over window + 1."""
    window = 32
    query, keys, values = made([length - 1], 1, 4, 1, 32)
    found = attend_ragged(query, keys, values, sight([length - 1], window + 1))
    seen = [entry for entry in range(length) if length - entry <= window + 1]
    scores = query[0, 0] @ keys[0, 0, seen].T
    assert torch.allclose(found[0, 0], (scores.softmax(-1) @ values[0, 0, seen]).flatten(), atol=1e-5)


CONFIG = EngineConfig(slots=4, context=512, max_draft=3)


@pytest.mark.parametrize(
    "changes",
    [{}, {"overlap": True}, {"overlap": True, "graphs": True}],
    ids=["stepwise", "at once", "padded"],
)
def test_it_changes_no_token(pair: Models, changes: dict[str, bool]) -> None:
    """Three rows of different lengths beside each other, the fourth slot idle; then the first prompt again, alone."""
    written = []
    for ragged in (False, True):
        engine = Engine(pair, replace(CONFIG, kernels=ragged, **changes))
        assert engine._runner.backend.view.own_length == ragged
        try:
            requests = [tiny.request(pair, index, drafters=("mtp",), max_tokens=5) for index in range(3)]
            done = [future.result(900) for future in [engine.submit(one) for one in requests]]
            done.append(engine.submit(requests[0]).result(900))
        finally:
            engine.close()
        assert any(one.stats.drafts["mtp"].proposed for one in done)
        written.append([one.ids for one in done])
    assert written[0] == written[1]
