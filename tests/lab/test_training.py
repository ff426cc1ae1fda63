"""Training goes on from weights that are there, on one machine or another, and reads documents written by hand."""

from __future__ import annotations

import sys
from itertools import count
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
import torch
from transformers import Gemma4ForCausalLM

from extractor.lab.training import by_hand, drafter, gpu, tokenizer, written_tasks
from extractor.lab.training.encode import Encoder, pool
from extractor.lab.training.evaluate import WEIGHTS, load
from extractor.lab.training.generate import Task
from extractor.lab.training.plan import Plan
from extractor.lab.training.train import continued


def test_whole_documents_trained_on_are_half_written_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, drawn, real = Encoder(tokenizer.load(WEIGHTS / "target")), list[bool](), written_tasks.drawn

    def counted(rng: Random, held_out: bool = False) -> Task:
        drawn.append(held_out)
        return real(rng, held_out)

    monkeypatch.setattr(written_tasks, "drawn", counted)
    assert len(pool(encoder, 1, 0, [(1.0, 1.0)], 40, 4096)) == 40
    assert 8 < len(drawn) < 32
    assert not any(drawn)
    drawn.clear()
    pool(encoder, 1, 0, [(0.0, 0.5), (0.5, 0.5)], 10, 4096)
    assert not drawn


def test_training_goes_on_from_weights_and_then_from_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A target and its drafter, a few steps of each, which are written as the committed pair is."""
    monkeypatch.setattr(gpu, "plan_of", lambda minutes, seed: Plan(minutes, seed, batch_tokens=512, pool_rows=6))
    for room, second in ((by_hand, 2.0), (drafter, 0.25)):  # so much is gone whenever somebody asks
        monkeypatch.setattr(room, "time", SimpleNamespace(monotonic=count(0.0, second).__next__))
    steps = []
    for minutes in ("0.15", "0.3"):
        given = ["gpu", "--minutes", minutes, "--run-dir", str(tmp_path), "--rate", "0.1"]
        monkeypatch.setattr(sys, "argv", given)
        gpu.main()
        steps.append(
            [torch.load(tmp_path / name, weights_only=True)["step"] for name in ("checkpoint.pt", "drafter.pt")]
        )
    assert all(0 < first < second for first, second in zip(*steps, strict=True))
    before = Gemma4ForCausalLM.from_pretrained(WEIGHTS / "target", dtype=torch.float32)
    after, _, words = load(tmp_path / "weights")
    assert after.config.to_dict().keys() == before.config.to_dict().keys()
    moved = [(a - b).abs().max().item() for a, b in zip(after.parameters(), before.parameters(), strict=True)]
    assert 0 < max(moved) < 0.1
    assert words.encode("Rechnung") == tokenizer.load(WEIGHTS / "target").encode("Rechnung")


def test_what_goes_on_learns_slower_and_reads_long_documents_from_the_start() -> None:
    plan = Plan(10)
    slower = continued(plan, 0.5)
    assert (slower.muon_lr, slower.adam_lr) == (plan.muon_lr / 2, plan.adam_lr / 2)
    assert (slower.least, slower.hold) == (1.0, 0.0)


def test_batches_are_as_large_as_a_cards_memory_holds() -> None:
    assert gpu.batch_tokens(78) == 53_248
    assert gpu.batch_tokens(139) == 65_536
    assert gpu.batch_tokens(2) == 4096
