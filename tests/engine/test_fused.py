"""Gemma 4's layers by `fused.py` under Triton's interpreter (`make test-kernels`), held to PyTorch's. float16, not
bfloat16: the interpreter's product takes the bits of the latter for numbers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import Gemma4AssistantForCausalLM

from extractor.engine.layout import Layout, Rows
from extractor.engine.model import fused
from extractor.engine.model.assistant import MtpModel
from extractor.engine.model.build import build_runner
from extractor.engine.model.gemma4 import Gemma4, Layer
from extractor.engine.model.graphs import Graphs
from extractor.engine.model.loader import Models
from extractor.engine.model.runner import Step
from extractor.engine.verify import choose, fetch, unpack
from tests.engine import tiny

pytestmark = [pytest.mark.kernels, pytest.mark.timeout(900)]
HALF = torch.float16


def random(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def rms(x: Tensor, weight: Tensor) -> Tensor:
    return torch.nn.functional.rms_norm(x, (x.shape[-1],), weight, 1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, HALF])
@pytest.mark.parametrize(("parts", "size"), [(1, 48), (3, 64), (8, 1000)])
def test_a_norm_a_sum_and_a_norm(parts: int, size: int, dtype: torch.dtype) -> None:
    state, given = random(2, 3, size, dtype=dtype), random(parts, 6, size, seed=1)
    norm, next_norm = (SimpleNamespace(weight=random(size, dtype=dtype, seed=seed), eps=1e-6) for seed in (2, 3))
    whole = given.sum(0).to(dtype).view(2, 3, size)
    expected = (state + rms(whole, norm.weight)) * 0.5
    found, normed = fused.add_norm(state, given, norm, next_norm, 0.5)
    exact = {"atol": 1e-5, "rtol": 1e-5} if dtype == torch.float32 else {"atol": 5e-3, "rtol": 5e-3}
    torch.testing.assert_close(found, expected, **exact)
    torch.testing.assert_close(normed, rms(expected, next_norm.weight), **exact)
    alone, untouched = fused.add_norm(state, given, norm, None)
    torch.testing.assert_close(alone, state + rms(whole, norm.weight), **exact)
    assert untouched is state


@pytest.mark.parametrize(("columns", "k"), [(48, 64), (40, 2048), (300, 96), (16, 4096)])
def test_products_of_few_positions(columns: int, k: int) -> None:
    x, weight = random(2, 4, k, dtype=HALF), random(columns, k, dtype=HALF, seed=1) / k**0.5
    parts = fused.product(x, weight)
    assert parts.shape == (fused._plan(columns, k)[0], 8, columns)
    expected = (x @ weight.T).float().view(8, columns)
    torch.testing.assert_close(parts.float().sum(0), expected, atol=2e-2, rtol=1e-2)
    both = random(2 * columns, k, dtype=HALF, seed=2) / k**0.5
    gate, up = (x @ both.T).chunk(2, -1)
    found = fused.gated(x, both)
    torch.testing.assert_close(found, torch.nn.functional.gelu(gate, approximate="tanh") * up, atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize("positions", [3, fused.FEW + 4])
def test_gates_with_per_layer_inputs(positions: int) -> None:
    x, weight = random(positions, 1, 64, dtype=HALF), random(24, 64, dtype=HALF, seed=1) / 8
    per_layer_input = random(positions, 1, 5, 24, dtype=HALF, seed=2)[:, :, 3]
    expected = torch.nn.functional.gelu(x @ weight.T, approximate="tanh") * per_layer_input
    torch.testing.assert_close(fused.gated(x, weight, per_layer_input), expected, atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize("width", [3, 12])
def test_layers_are_the_plain_ones(pair: Models, width: int) -> None:
    """Two rows of different lengths: states and everything the cache holds."""
    target = pair.target
    lengths = [0, 5]
    ids = torch.randint(3, target.config.vocab_size, (2, width), generator=torch.Generator().manual_seed(1))
    positions = torch.tensor(lengths)[:, None] + torch.arange(width)
    states, caches = [], []
    with torch.inference_mode():
        for kind in (Layer, fused.FusedLayer):
            cache = tiny.slots(target, 3, 40)
            layout = Layout.together(Rows(cache, [0, 1], lengths, width, 40, ids.device), positions)
            states.append(Gemma4(target.model, kind).read(ids, positions, max(lengths) + width, layout))
            caches.append(cache)
    torch.testing.assert_close(*states, atol=1e-4, rtol=1e-4)
    for layer in caches[0]._stores:
        for one, two in zip(*(cache.stored(layer) for cache in caches), strict=True):
            torch.testing.assert_close(one[1, :, 5:], two[1, :, 5:], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("padded", [False, True])
def test_prefill_in_one_row_of_many(pair: Models, padded: bool) -> None:
    """In two chunks, the second up to the end of the row's room, beside a row that has to stay as it is."""
    ids = torch.randint(3, 90, (1, 29), generator=torch.Generator().manual_seed(2))
    found = []
    with torch.inference_mode():
        for kernels in (False, True):
            graphs = Graphs(torch.device("cpu")) if padded else None
            cache, target = tiny.slots(pair.target, 3, 32), build_runner(pair.target, graphs, kernels=kernels)
            assert target.backend.fused == kernels
            target.prefill(ids[:, :9], 0, 2, cache)
            target.prefill(ids[:, :9], 0, 1, cache)
            hidden = target.prefill(ids[:, 9:], 9, 1, cache)
            assert hidden is not None
            held = [(layer, *(store[1, :, :29] for store in cache.stored(layer))) for layer in cache._stores]
            found.append((hidden, held, [cache.stored(layer)[0][2, :, :9] for layer in cache._stores]))
    torch.testing.assert_close(*found, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("padded", [False, True])
def test_windows_that_move(pair: Models, padded: bool) -> None:
    """A prompt longer than what sliding layers keep, then a step behind it, beside a row whose window did not move."""
    window = pair.target.config.sliding_window
    ids = torch.randint(3, 90, (1, 2 * window + 18), generator=torch.Generator().manual_seed(2))
    found = []
    with torch.inference_mode():
        for kernels in (False, True):
            graphs = Graphs(torch.device("cpu")) if padded else None
            cache = tiny.slots(pair.target, 3, 2 * window + 64, most=16)
            target = build_runner(pair.target, graphs, 2, kernels=kernels)
            for start in range(0, ids.shape[1] - 2, 16):
                target.prefill(ids[:, start : min(start + 16, ids.shape[1] - 2)], start, 2, cache)
            target.prefill(ids[:, :5], 0, 0, cache)
            assert cache.bases[2] > 0 == cache.bases[0]
            read = target.verify(Step(ids[:, -2:].expand(2, -1), [0, 2], [5, ids.shape[1] - 2]), cache)
            found.append(read.hidden)
    torch.testing.assert_close(*found, atol=1e-4, rtol=1e-4)


def packed(allowed: Tensor) -> Tensor:
    words = torch.nn.functional.pad(allowed, (0, -allowed.shape[1] % 32)).view(len(allowed), -1, 32).long()
    return (words << torch.arange(32)).sum(-1).to(torch.int64).apply_(lambda w: w - (1 << 32) if w >> 31 else w).int()


@pytest.mark.parametrize("vocab", [100, 5000, 8192])
def test_the_choice_is_the_plain_one(vocab: int) -> None:
    logits = random(5, vocab) * 4
    logits[2, 7] = logits[2, 90] = 50.0  # the first of equals
    logits = logits[[4, 2, 0]]
    allowed = torch.rand(3, vocab, generator=torch.Generator().manual_seed(1)) < 0.3
    allowed[1, [7, 90]] = True
    allowed[2] = False
    allowed[2, vocab - 1] = True
    bits = packed(allowed)
    assert torch.equal(unpack(bits, vocab), allowed)
    for mask in (allowed, None):
        tokens, logprobs = fused.masked_argmax(logits, bits if mask is not None else None)
        expected = fetch(choose(logits, mask))
        assert tokens.tolist() == expected[0]
        assert logprobs.tolist() == pytest.approx(expected[1], abs=1e-5)


def test_caps_in_place() -> None:
    logits = random(3, 5001, dtype=HALF) * 40
    expected = torch.tanh(logits / 30.0) * 30.0
    torch.testing.assert_close(fused.softcap(logits, 30.0), expected, atol=0.04, rtol=2e-3)


def test_the_drafters_choice_among_clusters(gemma4: Models) -> None:
    """The head with ordered embeddings, with and without a mask."""
    assistant = tiny.loud(Gemma4AssistantForCausalLM(tiny.assistant_config(True)), 3).eval().requires_grad_(False)
    head: Any = assistant.masked_embedding
    head.token_ordering.copy_(torch.randperm(tiny.VOCAB, generator=torch.Generator().manual_seed(4)))
    plain, quick = (MtpModel(assistant, build_runner(gemma4.target, kernels=ragged)) for ragged in (False, True))
    state = random(4, 1, assistant.config.text_config.hidden_size)
    allowed = torch.rand(4, tiny.VOCAB, generator=torch.Generator().manual_seed(3)) < 0.5
    for bits in (None, packed(allowed)):
        assert torch.equal(plain._best(state, bits), quick._best(state, bits))


@pytest.mark.parametrize(
    ("size", "each", "can"), [(256, 128, True), (64, 8, True), (384, 128, False), (256, 48, False), (256, 12, False)]
)
def test_which_clusters_it_can_search(size: int, each: int, can: bool) -> None:
    assert fused.can_search(size, torch.zeros(4, each)) == can
