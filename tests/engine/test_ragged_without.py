"""`EXTRACTOR_KERNELS` where its kernels cannot run: said once in the log, and everything goes on as without it."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
import torch

from extractor import Settings, loading
from extractor import engine as package
from extractor.engine import Engine, EngineConfig
from extractor.engine.attention import ragged
from extractor.engine.model.loader import Models
from tests.engine import tiny

CPU = torch.device("cpu")


def give(monkeypatch: pytest.MonkeyPatch, *, interpreted: bool) -> None:
    """As if Triton were installed."""
    kernels = SimpleNamespace(INTERPRETED=interpreted)
    monkeypatch.setattr(ragged, "find_spec", lambda _: object())
    monkeypatch.setitem(sys.modules, "extractor.engine.attention.ragged_kernels", kernels)
    monkeypatch.setattr(package, "kernels", kernels, raising=False)


def test_without_triton_the_engine_goes_on(
    gemma4: Models, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ragged, "find_spec", lambda _: None)
    written = []
    for on in (False, True):
        engine = Engine(gemma4, EngineConfig(slots=2, context=512, kernels=on))
        try:
            assert not engine._runner.backend.view.own_length
            written.append(engine.submit(tiny.request(gemma4, max_tokens=12)).result(60).ids)
        finally:
            engine.close()
    assert written[0] == written[1]
    (record,) = [each for each in caplog.records if each.name == ragged.__name__]
    assert "Triton is not installed" in record.message
    assert "going on without" in record.message


def test_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, interpreted=False)
    assert ragged._lacking(CPU, torch.bfloat16, [256, 512]) == "cpu is no GPU"
    assert ragged._lacking(torch.device("cuda"), torch.bfloat16, [256, 512]) is None
    give(monkeypatch, interpreted=True)
    assert ragged._lacking(CPU, torch.float32, [16, 512]) is None
    for dtype, size, why in [(torch.float64, 64, "torch.float64 is none of"), (torch.float32, 96, "a head of 96")]:
        assert why in str(ragged._lacking(CPU, dtype, [64, size]))


@pytest.mark.parametrize("broken", ["fails", "lies"])
def test_it_is_tried_before_it_is_used(
    broken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def attend(query: torch.Tensor, *_: object) -> torch.Tensor:
        if broken == "fails":
            raise RuntimeError("Failed to find C compiler.\nPlease specify")
        return query * 2

    give(monkeypatch, interpreted=True)
    monkeypatch.setattr(ragged, "attend_ragged", attend)
    assert not ragged.available(CPU, torch.float32, [64])
    assert {"fails": "Failed to find C compiler.;", "lies": "numbers are wrong"}[broken] in caplog.text


def test_the_setting_reaches_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRACTOR_KERNELS", "true")
    engine, _, _ = loading.load(Settings(slots=1, device="cpu"))
    engine.close()
    assert engine.config.kernels
