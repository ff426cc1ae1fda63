"""Layers whose products are oneDNN's compute what the plain ones do, with few positions and with many."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from extractor.engine.layout import Layout, Rows
from extractor.engine.model import blocked
from extractor.engine.model.backend import PLAIN, plain_backend
from extractor.engine.model.blocked import BlockedLayer
from extractor.engine.model.gemma4 import Gemma4, Layer
from extractor.engine.model.loader import Models, ModelSpec, load
from tests.engine import tiny

pytestmark = pytest.mark.skipif(not hasattr(torch.ops.mkldnn, "_linear_pointwise"), reason="this PyTorch has no oneDNN")


@pytest.fixture(scope="module")
def small(gemma4_folder: Path) -> Models:
    return load(ModelSpec(model=str(gemma4_folder), dtype="float32", device="cpu"))


@pytest.mark.parametrize("width", [1, 2, 3, 16, 17, 64, 70])
def test_layers_are_the_plain_ones(small: Models, width: int) -> None:
    """Two rows of different lengths: states, and what is written to the cache. Calls of 2 and 4 positions are plain,
    others are rounded up, and those of 140 go in two parts."""
    target = small.target
    lengths = [0, 5]
    ids = torch.randint(3, target.config.vocab_size, (2, width), generator=torch.Generator().manual_seed(1))
    positions = torch.tensor(lengths)[:, None] + torch.arange(width)
    states, caches = [], []
    with torch.inference_mode():
        for kind in (Layer, BlockedLayer):
            cache = tiny.slots(target, 2, 80)
            layout = Layout.together(Rows(cache, [0, 1], lengths, width, 80, ids.device), positions)
            states.append(Gemma4(target.model, kind).read(ids, positions, 5 + width, layout))
            caches.append(cache)
    torch.testing.assert_close(*states, atol=1e-4, rtol=1e-4)
    for layer in caches[0]._stores:
        for one, two in zip(*(cache.stored(layer) for cache in caches), strict=True):
            torch.testing.assert_close(one, two, atol=1e-4, rtol=1e-4)


def test_a_small_model_in_float32_gets_them_where_there_is_avx_512(
    small: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = small.target.model
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    assert plain_backend(text).layer is BlockedLayer
    assert plain_backend(text).for_drafter(small.drafter.model).layer is BlockedLayer
    with monkeypatch.context() as patch:
        patch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
        assert plain_backend(text) is PLAIN
    with monkeypatch.context() as patch:
        patch.setattr(blocked, "MOST", 10)
        assert plain_backend(text) is PLAIN
