"""What drafts would earn if the target were right: `python -m extractor.bench.drafts [--model NAME]`.

The right answer of each document stands in for the target, so only the model's tokenizer is used, and what is measured
is the grammar and copy drafters alone: tokens a target forward, at most `--max-draft` drafted. Documents are the pair's
held-out ones and those written by hand; a model that errs, or spells otherwise, is drafted less well.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from llguidance import LLMatcher

from extractor.bench.engines import mixes
from extractor.bench.machine import machine
from extractor.bench.workload import SEED
from extractor.config import read_settings
from extractor.engine import Counter, Params, Request
from extractor.engine.draft import FreeDrafter
from extractor.engine.models import Models, load
from extractor.engine.sequence import Sequence
from extractor.grammar import compile_grammar
from extractor.loading import spec
from extractor.pair.evaluate import handwritten
from extractor.pair.generate import Task, tasks
from extractor.pair.lexicon import NEW_EVERYTHING, NEW_VALUES
from schemas import inline

Sets = dict[str, Callable[[int], Iterator[Task]]]
SETS: Sets = {
    "new values": lambda count: islice(tasks(SEED + 2, NEW_VALUES), count),
    "new names, labels and layouts": lambda count: islice(tasks(SEED + 2, NEW_EVERYTHING), count),
    "written by hand": lambda count: islice(handwritten(), count),
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.bench.drafts", description=__doc__.split("\n")[0])
    parser.add_argument("--model", default=None)
    parser.add_argument("--documents", type=int, default=60, help="of each set, at most")
    parser.add_argument("--drafters", default="grammar;copy;grammar,copy", help="mixes, separated by semicolons")
    parser.add_argument("--max-draft", type=int, default=16)
    options = parser.parse_args(arguments)
    settings = read_settings(**({"model": options.model} if options.model else {}))
    models = load(spec(settings))
    print(f"{machine()}, {models.name}, at most {options.max_draft} drafted\n")
    print("| documents | drafters | tokens a forward | accepted | drafting, ms a forward |")
    print("| --- | --- | --- | --- | --- |")
    for name, of in SETS.items():
        made = list(of(options.documents))
        for mix in mixes(options.drafters):
            found = measure(models, made, mix, options.max_draft)
            accepted = ", ".join(f"{k} {v.accepted}/{v.proposed}" for k, v in found["drafts"].items() if v.proposed)
            print(
                f"| {len(made)}, {name} | {'+'.join(mix)} | {found['tokens'] / found['forwards']:.2f} | {accepted} | "
                f"{1000 * found['seconds'] / found['forwards']:.2f} |",
                flush=True,
            )
    return 0


def measure(models: Models, made: list[Task], drafters: tuple[str, ...], budget: int) -> dict[str, Any]:
    drafts = {name: Counter() for name in drafters}
    free, tokens, forwards, seconds = FreeDrafter(models.ll_tokenizer), 0, 0, 0.0
    for task in made:
        row = _row(models, task, drafters)
        answer = models.ll_tokenizer.tokenize_bytes(task.answer.encode())
        while len(row.ids) < len(answer):
            begun = time.perf_counter()
            draft = free.propose(row, [], budget)
            seconds += time.perf_counter() - begun
            left = answer[len(row.ids) :]
            stood = next((n for n, token in enumerate(draft.tokens) if token != left[n : n + 1][0]), len(draft))
            for place, source in enumerate(draft.sources[: stood + 1]):
                drafts[source].proposed += 1
                drafts[source].accepted += place < stood
            new = left[: stood + 1]
            assert row.matcher is not None
            if not row.matcher.consume_tokens(new):
                raise ValueError(f"the schema does not allow its answer: {task.answer}")
            row.ids += new
            row.written += models.ll_tokenizer.decode_bytes(new)
            forwards += 1
        tokens += len(answer)
    return {"tokens": tokens, "forwards": forwards, "seconds": seconds, "drafts": drafts}


def _row(models: Models, task: Task, drafters: tuple[str, ...]) -> Sequence:
    grammar = models.bound(compile_grammar(inline(task.schema)))
    request = Request([0], grammar=grammar, params=Params(drafters=drafters))
    return Sequence(request, LLMatcher(models.ll_tokenizer, grammar), task.document.encode())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
