"""How long a GPU would wait for the host: `python -m extractor.lab.bench.host`.

The engine's own scheduler, grammar, masks, free drafts and commits, around a device that computes nothing: it takes
`--verify-ms` for a step's forward, while the host may do something else, and then says the right answers. What a step
takes beyond that is the host's. It is drafted in every step, paid or not; prompts cost the device nothing; there is no
MTP drafter. Masks are of Gemma's 262,144 tokens, of which the bundled tokenizer names the first 1,536: finding them
takes less than there. They are found by all cores but one in five: few cores take longer for many rows than a GPU.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from llguidance.hf import from_tokenizer
from torch import Tensor

from extractor.engine import Engine, EngineConfig
from extractor.engine.model.loader import Models, ModelSpec, load
from extractor.engine.model.runner import StepOutput
from extractor.engine.sequence import Sequence
from extractor.lab.bench.engines import mixes
from extractor.lab.bench.machine import machine
from extractor.lab.bench.options import command, positive, positives
from extractor.lab.bench.whole import PHASES, Work, answered

VOCAB = 262_144


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.host", description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=positives, default="1,16")
    parser.add_argument("--drafters", default="none;grammar,copy", help="mixes without mtp, separated by semicolons")
    parser.add_argument("--documents", type=positive, default=32, help="at least, and four for each row")
    parser.add_argument("--verify-ms", type=positives, default="10,25", help="of a step, for each of the rows")
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    asked = mixes(options.drafters)
    if any("mtp" in mix for mix in asked) or len(options.rows) != len(options.verify_ms):
        raise ValueError("there is no MTP drafter here, and each of the rows has one --verify-ms")
    bundled = load(ModelSpec(device="cpu", drafter="none"))
    words = from_tokenizer(bundled.tokenizer, n_vocab=VOCAB, eos_token=list(bundled.stop_ids))
    models = replace(bundled, ll_tokenizer=words)
    print(f"{machine(models.target.device)}; a device that takes --verify-ms for a step and computes nothing\n")
    print("| rows | drafters | looked up ahead | the device's ms | ms a step | tokens a row | tokens/s | ", end="")
    print(" | ".join(PHASES[1:]) + " |\n" + "| --- " * (6 + len(PHASES)) + "|")
    for rows, verify_ms in zip(options.rows, options.verify_ms, strict=True):
        work = answered(models, max(options.documents, 4 * rows), 2048)
        for mix in asked:
            for overlap in (False, True) if mix else (False,):
                found = measure(models, work, mix, rows, verify_ms / 1000, overlap=overlap)
                steps = found["steps"]
                spent = " | ".join(f"{1000 * found['phases'][name] / steps:.2f}" for name in PHASES[1:])
                print(
                    f"| {rows} | {'+'.join(mix) or 'none'} | {'yes' if overlap else 'no'} | {verify_ms} | "
                    f"{1000 * found['seconds'] / steps:.2f} | {found['tokens'] / steps / rows:.2f} | "
                    f"{found['tokens'] / found['seconds']:,.0f} | {spent} |",
                    flush=True,
                )
    return 0


def measure(
    models: Models, work: Work, drafters: tuple[str, ...], rows: int, verify_s: float, *, overlap: bool
) -> dict[str, Any]:
    """One pass to warm up and one that counts."""
    engine = Engine(models, EngineConfig(slots=rows, context=2048, overlap=overlap))
    asked = [(replace(one, params=replace(one.params, drafters=drafters)), answer) for one, answer in work]
    answers = {id(one): answer for one, answer in asked}
    engine._words = VOCAB // 32
    engine._drafting.modes.pick = lambda allowed, _: allowed  # type: ignore[method-assign, assignment]
    engine._target = Pretended(engine._target, engine._scheduler.ready, answers, models.stop_ids[0], verify_s)  # type: ignore[assignment]
    try:
        for _ in range(2):
            engine.step = steps = Steps(engine, rows)  # type: ignore[method-assign]
            for future, (_, answer) in [(engine.submit(one), (one, answer)) for one, answer in asked]:
                if (wrote := future.result().ids) != answer:
                    raise ValueError(f"the engine wrote {wrote[:20]}, not {answer[:20]}")
    finally:
        engine.close()
    return steps.found


class Steps:
    """Counts the steps in which every row decodes: how a batch begins and ends is not its pace."""

    def __init__(self, engine: Engine, rows: int) -> None:
        self._engine, self._rows = engine, rows
        self.found: dict[str, Any] = {"seconds": 0.0, "steps": 0, "tokens": 0, "phases": dict.fromkeys(PHASES, 0.0)}

    def __call__(self) -> None:
        engine, found = self._engine, self.found
        rows = [row for row in engine._scheduler.running if row.ready]
        before, tokens = dict(engine.seconds), sum(len(row.ids) for row in rows)
        begun = time.perf_counter()
        Engine.step(engine)
        if len(rows) < self._rows:
            return
        found["seconds"] += time.perf_counter() - begun
        found["steps"] += 1
        found["tokens"] += sum(len(row.ids) for row in rows) - tokens
        for name in PHASES:
            found["phases"][name] += engine.seconds[name] - before.get(name, 0.0)


class Pretended:
    """A target on a device that takes `verify_s` for a step, and says the right answers then."""

    captures = 0

    def __init__(
        self, target: Any, ready: Callable[[], list[Sequence]], answers: dict[int, list[int]], end: int, verify_s: float
    ) -> None:
        self.device, self.vocab = target.device, VOCAB
        self._ready, self._answers, self._end, self._verify_s = ready, answers, end, verify_s
        self._over = 0.0
        self._right: list[int] = []

    def prefill(self, *_: Any) -> None:
        return None

    def prepare(self, resolve: Callable[[], object]) -> None:
        """It looks no embeddings up."""

    def verify(self, ids: Tensor, *_: Any) -> StepOutput:
        self._over = time.perf_counter() + self._verify_s
        n, width = ids.shape
        self._right = []
        for row in self._ready():
            left = self._answers[id(row.request)][len(row.ids) :][:width]
            self._right += left + [self._end] * (width - len(left))
        return StepOutput(list(range(0, n * width, width)), torch.empty(n * width, 0))

    def choose(self, _read: StepOutput, at: list[int], bits: Tensor | None, _noise: Tensor | None) -> Late:
        assert bits is not None
        return Late(self, [[float(self._right[place]) for place in at], [0.0] * len(at)])

    def mark(self) -> Pretended:
        return self

    at = 0.0

    def since(self, _earlier: Any) -> float:
        return 0.0

    def over(self) -> bool:
        return time.perf_counter() >= self._over

    def wait(self) -> None:
        time.sleep(max(0.0, self._over - time.perf_counter()))


class Late:
    """What the device says when it is done."""

    def __init__(self, device: Pretended, found: list[list[float]]) -> None:
        self._device, self._found = device, found

    def tolist(self) -> list[list[float]]:
        self._device.wait()
        return self._found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
