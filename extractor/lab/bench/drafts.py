"""What drafts would earn if the target were right: `python -m extractor.lab.bench.drafts [--model NAME]`.

The right answer of each document stands in for the target, so only the model's tokenizer is used: tokens a target
forward, at most `--max-draft` drafted. The MTP drafter cannot be had so; it is assumed to be right as often as
`--mtp` says for each place of its chain (an assumption, not a measurement), at the prices of a GPU, on which
a position costs next to nothing. What composes the drafts is the engine's own code. Documents are the bundled pair's
held-out ones and those written by hand; a model that errs, or spells otherwise, is drafted less well.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from random import Random
from types import SimpleNamespace
from typing import Any

import torch
from llguidance import LLMatcher

from extractor.config import read_settings
from extractor.engine import Counter, Params, Request
from extractor.engine.drafting.compose import Drafting
from extractor.engine.drafting.cost import StepCosts
from extractor.engine.drafting.text import TextDrafter
from extractor.engine.model.loader import Models, load
from extractor.engine.sequence import Sequence
from extractor.grammar.compile import compile_grammar
from extractor.lab.bench.engines import mixes
from extractor.lab.bench.machine import machine
from extractor.lab.bench.options import MTP, command, falling, natural, positive
from extractor.lab.bench.workload import SEED
from extractor.lab.training.evaluate import handwritten
from extractor.lab.training.generate import Task, tasks
from extractor.lab.training.lexicon import NEW_EVERYTHING, NEW_VALUES
from extractor.loading import spec
from schemas import inline

SETS: dict[str, Callable[[int], Iterator[Task]]] = {
    "new values": lambda count: islice(tasks(SEED + 2, NEW_VALUES), count),
    "new names, labels and layouts": lambda count: islice(tasks(SEED + 2, NEW_EVERYTHING), count),
    "written by hand": lambda count: islice(handwritten(), count),
}
MIXES = "grammar;copy;grammar,copy;mtp;all"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.drafts", description=__doc__.split("\n")[0])
    parser.add_argument("--model", default=None)
    parser.add_argument("--documents", type=positive, default=60, help="of each set, at most")
    parser.add_argument("--drafters", default=MIXES, help="mixes, separated by semicolons")
    parser.add_argument("--max-draft", type=natural, default=15)
    parser.add_argument("--mtp", type=falling, default=MTP, help="how likely a chain is right up to each place")
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    variants = mixes(options.drafters)
    settings = read_settings(**({"model": options.model} if options.model else {}))
    models = load(spec(settings))
    here = machine(torch.device("cpu"))  # no model runs; what drafts does so there
    assumed = ", ".join(map(str, options.mtp))
    print(f"{here}, tokens of {models.name}, at most {options.max_draft} drafted; mtp is assumed: {assumed}\n")
    print("| documents | drafters | tokens a forward | accepted | drafting, ms a forward |")
    print("| --- | --- | --- | --- | --- |")
    for name, of in SETS.items():
        tasks = list(of(options.documents))
        for mix in variants:
            found = measure(models, tasks, mix, options.max_draft, options.mtp)
            accepted = ", ".join(f"{k} {v.accepted}/{v.proposed}" for k, v in found["drafts"].items() if v.proposed)
            rate, spent = found["tokens"] / found["forwards"], 1000 * found["seconds"] / found["forwards"]
            label = "+".join(mix) or "none"
            print(f"| {len(tasks)}, {name} | {label} | {rate:.2f} | {accepted} | {spent:.2f} |", flush=True)
    return 0


class Priced(StepCosts):
    """As on a GPU at one row, in tokens; the real one measures."""

    def position(self, rows: int) -> float:  # noqa: ARG002
        return 0.02

    def chain(self, rows: int) -> float:  # noqa: ARG002
        return 0.15


class AssumedDrafter:
    """An MTP drafter that is right as often as it is said to be."""

    at_once = True

    def __init__(self, chances: list[float]) -> None:
        self._steps = [after / before for before, after in pairwise([1.0, *chances])]
        self._rng = Random(1)
        self.answer: list[int] = []

    def launch(self, rows: list[Sequence], wanted: list[int], *_: Any) -> Any:
        (row,), (most,) = rows, wanted
        return SimpleNamespace(wanted=wanted, read=lambda: [self._chain(row, most)]) if most else None

    def _chain(self, row: Sequence, most: int) -> list[int]:
        chain: list[int] = []
        for chance, right in zip(self._steps[:most], self.answer[len(row.ids) :], strict=False):
            wrong = None if self._rng.random() < chance else self._wrong(row, chain, right)
            chain.append(right if wrong is None else wrong)
            if wrong is not None:
                break
        return chain

    def _wrong(self, row: Sequence, chain: list[int], right: int) -> int | None:
        """Another token the grammar allows, if there is one."""
        assert row.matcher is not None
        others = (token for token in self.answer if token != right)
        return next((token for token in others if row.matcher.validate_tokens([*chain, token]) > len(chain)), None)


def measure(
    models: Models, tasks: list[Task], drafters: tuple[str, ...], budget: int, chances: list[float]
) -> dict[str, Any]:
    mtp = AssumedDrafter(chances) if "mtp" in drafters else None
    drafting: Any = Drafting(TextDrafter(models.ll_tokenizer), mtp, costs=Priced())  # type: ignore[arg-type]
    drafts = {name: Counter() for name in drafters}
    tokens, forwards, seconds = 0, 0, 0.0
    for task in tasks:
        row = _row(models, task, drafters)
        answer = models.ll_tokenizer.tokenize_bytes(task.answer.encode())
        if mtp:
            mtp.answer = answer
        while len(row.ids) < len(answer):
            begun = time.perf_counter()
            (draft,) = drafting.propose([row], budget, None).resolve()
            seconds += time.perf_counter() - begun
            left = answer[len(row.ids) :]
            stood = next((n for n, token in enumerate(draft.tokens) if token != left[n : n + 1][0]), len(draft))
            drafting.learn(row, draft, stood)
            row.count(draft.tally(stood))
            new = left[: stood + 1]
            assert row.matcher is not None
            if not row.matcher.consume_tokens(new):
                raise RuntimeError(f"the schema does not allow its answer: {task.answer}")
            row.ids += new
            row.written += models.ll_tokenizer.decode_bytes(new)
            forwards += 1
        for name, counted in drafts.items():
            counted.proposed += row.stats.drafts[name].proposed
            counted.accepted += row.stats.drafts[name].accepted
        tokens += len(answer)
    return {"tokens": tokens, "forwards": forwards, "seconds": seconds, "drafts": drafts}


def _row(models: Models, task: Task, drafters: tuple[str, ...]) -> Sequence:
    grammar = models.bound(compile_grammar(inline(task.schema)))
    params = Params(drafters=drafters, max_tokens=1 << 20)
    request = Request([0], task.document.encode(), grammar=grammar, params=params)
    row = Sequence(request, LLMatcher(models.ll_tokenizer, grammar))
    row.ready = True
    return row


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
