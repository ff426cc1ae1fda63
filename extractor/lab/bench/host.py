"""How long a GPU would wait for the host: `python -m extractor.lab.bench.host`.

The engine's own scheduler, grammar, masks, drafts of text and commits, around a device that computes nothing: it takes
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
from extractor.engine.cache import SlotCache
from extractor.engine.drafting.compose import Drafting
from extractor.engine.drafting.selector import Drafters, Selector
from extractor.engine.drafting.text import TextDrafter
from extractor.engine.model.loader import Models, ModelSpec, load
from extractor.engine.model.runner import Runner, Step, StepOutput
from extractor.lab.bench.answers import AnsweredRequests, AnswersByPrompt
from extractor.lab.bench.engines import mixes
from extractor.lab.bench.machine import machine
from extractor.lab.bench.options import command, positive, positives
from extractor.lab.bench.whole import PHASES, answered

VOCAB = 262_144


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.host", description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=positives, default="1,16")
    parser.add_argument("--drafters", default="none;grammar,copy", help="mixes without mtp, separated by semicolons")
    parser.add_argument("--documents", type=positive, default=32, help="at least, and four for each row")
    parser.add_argument("--verify-ms", type=positives, default="10,25", help="of a step, for each of the rows")
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    variants = mixes(options.drafters)
    if any("mtp" in mix for mix in variants) or len(options.rows) != len(options.verify_ms):
        raise ValueError("there is no MTP drafter here, and each of the rows has one --verify-ms")
    bundled = load(ModelSpec(device="cpu", drafter="none"))
    words = from_tokenizer(bundled.tokenizer, n_vocab=VOCAB, eos_token=list(bundled.stop_ids))
    models = replace(bundled, ll_tokenizer=words)
    print(f"{machine(models.target.device)}; a device that takes --verify-ms for a step and computes nothing\n")
    print("| rows | drafters | looked up ahead | the device's ms | ms a step | tokens a row | tokens/s | ", end="")
    print(" | ".join(PHASES[1:]) + " |\n" + "| --- " * (6 + len(PHASES)) + "|")
    for rows, verify_ms in zip(options.rows, options.verify_ms, strict=True):
        work = answered(models, max(options.documents, 4 * rows), 2048)
        for mix in variants:
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
    models: Models, work: AnsweredRequests, drafters: tuple[str, ...], rows: int, verify_s: float, *, overlap: bool
) -> dict[str, Any]:
    """One pass to warm up and one that counts."""
    requests = [(replace(one, params=replace(one.params, drafters=drafters)), answer) for one, answer in work]
    runner = Pretended(models.target, AnswersByPrompt(requests, models.stop_ids[0]), verify_s)
    drafting = Drafting(TextDrafter(models.ll_tokenizer), None, learns_late=overlap, selector=Always())
    config = EngineConfig(slots=rows, context=2048, overlap=overlap)
    engine = Engine(models, config, runner=runner, drafting=drafting)
    try:
        for _ in range(2):
            watch = StepWatch(engine, rows)
            runner.watched = watch
            for future, (_, answer) in [(engine.submit(one), (one, answer)) for one, answer in requests]:
                if (wrote := future.result().ids) != answer:
                    raise ValueError(f"the engine wrote {wrote[:20]}, not {answer[:20]}")
    finally:
        engine.close()
    return watch.found


class Always(Selector):
    """Drafts in every step, paid or not."""

    def select(self, allowed: Drafters, rows: int) -> Drafters:  # noqa: ARG002
        return allowed


class StepWatch:
    """Sums up the steps in which every row decodes, each from one verification to the next: how a batch begins and ends
    says nothing of those."""

    def __init__(self, engine: Engine, rows: int) -> None:
        self._engine, self._rows = engine, rows
        self._last: tuple[float, dict[str, float], int] | None = None
        self.found: dict[str, Any] = {"seconds": 0.0, "steps": 0, "tokens": 0, "phases": dict.fromkeys(PHASES, 0.0)}

    def __call__(self, rows: int) -> None:
        """A step of so many rows is verified now."""
        found, engine = self.found, self._engine
        now, seconds, tokens = time.perf_counter(), dict(engine.seconds), engine.stats()["output_tokens"]
        if self._last is not None:
            begun, before, written = self._last
            found["seconds"] += now - begun
            found["steps"] += 1
            found["tokens"] += tokens - written
            for name in PHASES:
                found["phases"][name] += seconds.get(name, 0.0) - before.get(name, 0.0)
        self._last = (now, seconds, tokens) if rows == self._rows else None


class Pretended(Runner):
    """A target on a device that takes `verify_s` for a step, and says the right answers then."""

    def __init__(self, model: Any, answers: AnswersByPrompt, verify_s: float) -> None:
        super().__init__(model)
        self.vocab = VOCAB
        self.watched: Callable[[int], None] = lambda _: None  # called with the rows of each step
        self._answers, self._verify_s = answers, verify_s
        self._over = 0.0
        self._right: list[int] = []

    def on_layer(self, callback: Callable[[], None]) -> None:
        """There are none."""

    def prefill(self, *_: Any, **__: Any) -> None:
        return None

    def verify(self, step: Step, cache: SlotCache) -> StepOutput:
        n, width = step.ids.shape
        self.watched(n)
        self._over = time.perf_counter() + self._verify_s
        rows = zip(step.slots, step.starts, strict=True)
        self._right = [token for slot, length in rows for token in self._answers.padded(slot, length, cache, width)]
        return StepOutput(list(range(0, n * width, width)), torch.empty(n * width, 0))

    def choose(self, _output: StepOutput, at: list[int], bits: Tensor | None, _sampled: Any) -> Any:
        assert bits is not None
        return Late(self, [[float(self._right[place]) for place in at], [0.0] * len(at)])

    def mark(self) -> Any:
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
