"""The whole engine at Gemma 4 E2B's shapes with random weights: documents in, JSON out, at what a step costs on this
device: `python -m extractor.lab.bench.whole`.

Random weights write nothing worth reading, so the documents' right answers are laid over them: the target's forward
runs in full and then the answer's tokens stand for what it chose, the MTP drafter runs in full and then says the
answer's tokens as often as `--mtp` assumes. Prefill, grammar, masks, free drafts, policy and commits are the engine's
own, and what free drafts earn is measured. Texts are cut by the bundled pair's tokenizer, whose 1,536 tokens are
fewer and shorter than Gemma's: a token here is less text, and masks are found faster, than there.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice, pairwise
from random import Random
from typing import Any

import torch
from llguidance.hf import from_tokenizer
from torch import Tensor

from extractor.engine import Engine, EngineConfig, Params, Request
from extractor.engine.model.loader import Models, ModelSpec, load
from extractor.engine.model.runner import StepOutput
from extractor.engine.sequence import Sequence
from extractor.errors import DocumentError
from extractor.grammar.compile import compile_grammar
from extractor.lab.bench.device import random_pair
from extractor.lab.bench.engines import mixes
from extractor.lab.bench.machine import machine
from extractor.lab.bench.options import MTP, command, falling, positive, positives
from extractor.lab.bench.workload import SEED
from extractor.lab.training.generate import tasks
from extractor.lab.training.lexicon import NEW_VALUES
from extractor.prompt.prompt import PromptBuilder
from schemas import inline

PHASES = ("prefill", "draft", "verify", "commit")
PASSES = 6  # at most; the first is never counted


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.whole", description=__doc__.split("\n")[0])
    parser.add_argument("--shapes", choices=("e2b", "small"), default="e2b")
    parser.add_argument("--rows", type=positives, default="1,8,32")
    parser.add_argument("--drafters", default="none;grammar,copy;mtp;all", help="mixes, separated by semicolons")
    parser.add_argument("--documents", type=positive, default=12, help="at least, and two for each row")
    parser.add_argument("--context", type=positive, default=1024)
    parser.add_argument("--mtp", type=falling, default=MTP, help="how likely a chain is right up to each place")
    parser.add_argument("--plain", action="store_true", help="without the kernels of fused.py and ragged.py")
    parser.add_argument("--per-layer-on-host", action="store_true", help="the embedding table in the host's memory")
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    asked = mixes(options.drafters)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if options.shapes == "e2b" and device.type == "cpu":
        print("no GPU here: E2B's shapes would take minutes a step; try --shapes small", file=sys.stderr)
        return 2
    models = shaped(options.shapes, device, on_host=options.per_layer_on_host)
    assumed = ", ".join(map(str, options.mtp))
    print(f"{machine(device)}, {options.shapes} shapes, random weights; answers are laid over them, mtp: {assumed}\n")
    print("| rows | drafters | tokens/s | documents/s | tokens a forward | ms a step | " + " | ".join(PHASES), end="")
    print(" | passes | shapes recorded in the last |\n" + "| --- " * (8 + len(PHASES)) + "|")
    for rows in options.rows:
        work = answered(models, max(options.documents, 2 * rows), options.context)
        for mix in asked:
            kernels = device.type == "cuda" and not options.plain
            config = EngineConfig(slots=rows, context=options.context, overlap=True, graphs=True, kernels=kernels)
            found = measure(models, work, mix, config, options.mtp)
            steps = found["forwards"]
            spent = " | ".join(f"{1000 * found['phases'][name] / steps:.2f}" for name in PHASES)
            print(
                f"| {rows} | {'+'.join(mix) or 'none'} | {found['tokens'] / found['seconds']:,.0f} | "
                f"{len(work) / found['seconds']:.1f} | {found['tokens'] / found['row_forwards']:.2f} | "
                f"{1000 * found['seconds'] / steps:.2f} | {spent} | {found['passes']} | {found['recorded']} |",
                flush=True,
            )
    return 0


def shaped(shapes: str, device: torch.device, *, on_host: bool = False) -> Models:
    """A random pair behind the bundled pair's tokenizer."""
    bundled = load(ModelSpec(device="cpu", drafter="none"))
    target, drafter, _ = random_pair(shapes, device, on_host=on_host)
    words = from_tokenizer(bundled.tokenizer, n_vocab=target.config.vocab_size, eos_token=list(bundled.stop_ids))
    return replace(bundled, target=target, drafter=drafter, ll_tokenizer=words, name=f"random {shapes}")


Work = list[tuple[Request, list[int]]]


def answered(models: Models, count: int, context: int) -> Work:
    """(request, its answer) of held-out documents that fit `context`."""
    builder = PromptBuilder(models.tokenizer, context, examples=0)
    made: Work = []
    for task in islice((task for task in tasks(SEED + 3, NEW_VALUES)), 8 * count):
        schema = inline(task.schema)
        answer = models.ll_tokenizer.tokenize_bytes(task.answer.encode())
        room = len(answer) + 1
        try:
            prompt = builder.build(schema, task.document, room)
        except DocumentError:
            continue
        made.append((Request(prompt.ids, prompt.copy_from, compile_grammar(schema), Params(max_tokens=room)), answer))
        if len(made) == count:
            break
    if not made:
        raise ValueError(f"no document and its answer fit {context} tokens")
    return made


def measure(
    models: Models, work: Work, drafters: tuple[str, ...], config: EngineConfig, chances: list[float]
) -> dict[str, Any]:
    """Passes until one records no shape, which is the one that counts; if all do, the last, and `recorded` says how
    many it recorded. The first only warms up."""
    engine = Engine(models, config)
    asked = [(replace(one, params=replace(one.params, drafters=drafters)), answer) for one, answer in work]
    answers = {id(one): answer for one, answer in asked}
    ready = engine._scheduler.ready
    engine._target = Told(engine._target, ready, answers, models.stop_ids[0])  # type: ignore[assignment]
    chains = engine._drafting._mtp
    if chains is not None:
        chains._model = Assumed(chains._model, ready, answers, chances)  # type: ignore[assignment]
    try:
        for passes in range(1, PASSES + 1):
            before, forwards, captures = dict(engine.seconds), engine.stats()["forwards"], engine._target.captures
            begun = time.perf_counter()
            done = [future.result() for future in [engine.submit(one) for one, _ in asked]]
            seconds = time.perf_counter() - begun
            for one, (_, answer) in zip(done, asked, strict=True):
                if one.ids != answer:
                    raise RuntimeError(f"the engine wrote {one.ids[:20]}, not {answer[:20]}")
            recorded = engine._target.captures - captures
            if passes > 1 and not recorded:
                break
    finally:
        engine.close()
    return {
        "seconds": seconds,
        "tokens": sum(len(one.ids) for one in done),
        "row_forwards": sum(one.usage.target_forwards for one in done),
        "forwards": engine.stats()["forwards"] - forwards,
        "passes": passes,
        "recorded": recorded,
        "phases": {name: engine.seconds[name] - before.get(name, 0.0) for name in PHASES},
    }


class Told:
    """A target that is right: its forward runs and it chooses, then the answer's tokens stand for what it chose."""

    def __init__(
        self, target: Any, ready: Callable[[], list[Sequence]], answers: dict[int, list[int]], end: int
    ) -> None:
        self._target, self._ready, self._answers, self._end = target, ready, answers, end

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    def verify(self, *given: Any) -> StepOutput:
        read: StepOutput = self._target.verify(*given)
        right: list[int] = []
        for row, (first, end) in zip(self._ready(), pairwise([*read.first, read.positions]), strict=True):
            left = self._answers[id(row.request)][len(row.ids) :][: end - first]
            right += left + [self._end] * (end - first - len(left))
        self._right = torch.tensor(right, dtype=torch.double)
        return read

    def choose(self, read: StepOutput, at: list[int], *rest: Any) -> Tensor:
        found: Tensor = self._target.choose(read, at, *rest)
        found[0].copy_(self._right[at], non_blocking=True)
        return found


class Assumed:
    """An MTP drafter that runs, and is right as often as it is said to be."""

    def __init__(
        self, model: Any, ready: Callable[[], list[Sequence]], answers: dict[int, list[int]], chances: list[float]
    ) -> None:
        self._model, self._ready, self._answers = model, ready, answers
        self._steps = [after / before for before, after in pairwise([1.0, *chances])]
        self._rng = Random(1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def chains(self, tokens: list[int], *rest: Any) -> Tensor:
        made: Tensor = self._model.chains(tokens, *rest)
        said = [self._said(row, len(made)) for row in self._ready()]
        return torch.tensor(said).T.contiguous().to(made.device, non_blocking=True)

    def _said(self, row: Sequence, depth: int) -> list[int]:
        answer = self._answers[id(row.request)][len(row.ids) :]
        right = 0
        while right < min(depth, len(answer), len(self._steps)) and self._rng.random() < self._steps[right]:
            right += 1
        wrong = row.pending
        return answer[:right] + [wrong] * (depth - right)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
