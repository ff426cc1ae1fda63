"""What printed values cost: `python -m extractor.lab.bench.printed`.

First one document's grammar, by the document's length: the time to read the document and write the grammar, to build
it, and of a mask, each of one thread's processor time, and the memory it takes. Then the same held-out documents are
decoded with printed values off and on, in turn.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from statistics import median
from typing import Any

from llguidance import LLMatcher

from extractor.config import read_settings
from extractor.engine.drafting.text import matcher_of
from extractor.engine.model.loader import Models, load
from extractor.grammar.narrow import Bounds
from extractor.grammar.printed.grammars import Demand, demand
from extractor.lab.bench.engines import Ours, drafters_of
from extractor.lab.bench.machine import machine
from extractor.lab.bench.options import command, positive, positives
from extractor.lab.bench.workload import SEED, Case, cases, documents
from extractor.loading import spec, use_threads

WORDS = "1000,5000,15000,30000,100000"
_TEXTS = 8  # written under one grammar
_LETTERS = "abcdefghijklmnopqrstuvwxyzäöé"
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "x-printed": True,
    "properties": {
        "name": {"type": "string"},
        "code": {"type": ["string", "null"], "pattern": "^[A-Z]{2}-[0-9]+$"},
        "amount": {"type": "number"},
        "lines": {"type": "array", "items": {"type": "string", "maxLength": 80}, "maxItems": 3},
    },
    "required": ["name", "code", "amount", "lines"],
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.printed", description=__doc__.split("\n")[0])
    parser.add_argument("--model", default=None)
    parser.add_argument("--words", type=positives, default=WORDS, help="of a document, separated by commas")
    parser.add_argument("--documents", type=positive, default=32)
    parser.add_argument("--rows", type=positives, default="1,16")
    parser.add_argument("--rounds", type=positive, default=3)
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    settings = read_settings(**({"model": options.model} if options.model else {}))
    models = load(spec(settings))
    use_threads(settings, models)
    print(f"{machine(models.target.device)}; {models.name}, {models.ll_tokenizer.vocab_size:,} tokens\n")
    print("| words | grammar | write, ms | build, ms | mask, µs: median | worst | memory, MiB |\n" + "| --- " * 7 + "|")
    parsed = demand(_SCHEMA, "declared", Bounds())
    assert parsed is not None
    for count in options.words:
        print(f"| {count:,} | {_row(models, parsed, _document(count))} |", flush=True)
    print("\n| rows | printed values | tokens/s | ratio | tokens per target forward |\n" + "| --- " * 5 + "|")
    context = min(models.context, settings.context or 4096)
    for rows in options.rows:
        for line in _decoded(models, rows, context, options.documents, options.rounds, settings.max_draft):
            print(line, flush=True)
    return 0


def _document(count: int) -> str:
    """Words as various as a document's, with numbers among them."""
    dice = random.Random(count)
    vocabulary = ["".join(dice.choices(_LETTERS, k=dice.randint(2, 10))) for _ in range(20_000)]
    words = [
        dice.choice(vocabulary) if dice.random() < 0.85 else f"{dice.randint(1, 99_999) / 100}" for _ in range(count)
    ]
    return "\n".join(" ".join(words[at : at + 12]) for at in range(0, count, 12))


def _row(models: Models, parsed: Demand, text: str) -> str:
    before, began = _resident(), time.thread_time()
    answers = parsed.of(text)
    write_s = time.thread_time() - began
    if answers.grammar is None:
        return f"too long: compared afterwards | {1000 * write_s:.0f} | – | – | – | –"
    began = time.thread_time()
    matcher = matcher_of(models.ll_tokenizer, models.bound(answers.grammar))
    build_s = time.thread_time() - began
    masks = sorted(took for seed in range(_TEXTS) for took in _walk(matcher, models.ll_tokenizer.vocab_size, seed))
    timings = [f"{1000 * write_s:.0f}", f"{1000 * build_s:.0f}"]
    timings += [f"{1e6 * median(masks):.0f}", f"{1e6 * masks[-1]:,.0f}"]
    return " | ".join([f"{len(answers.grammar):,} characters", *timings, f"{(_resident() - before) / 2**20:.0f}"])


def _walk(matcher: LLMatcher, vocab: int, seed: int) -> Iterator[float]:
    """The times of the masks of a text by chance."""
    dice = random.Random(seed)
    while not matcher.is_stopped():
        began = time.thread_time()
        bits = matcher.compute_bitmask()
        yield time.thread_time() - began
        allowed = [token for token in range(vocab) if bits[token // 8] >> token % 8 & 1]
        if not allowed or not matcher.consume_token(dice.choice(allowed)):
            break
    matcher.reset()


def _decoded(models: Models, rows: int, context: int, count: int, rounds: int, max_draft: int) -> Iterator[str]:
    off: list[Case] = []
    on: list[Case] = []
    for schema, text in documents(count, SEED):
        parsed = demand(schema.json_schema, "all", Bounds())
        for case in cases(models, iter([(schema, text)]), context):
            off.append(case)
            on.append(replace(case, grammar=parsed.of(text).grammar if parsed else case.grammar))
    speeds: dict[str, list[float]] = {"off": [], "on": []}
    per_forward: dict[str, float] = {}
    for _ in range(rounds):
        for label, workload in (("off", off), ("on", on)):
            with closing(Ours(models, drafters_of(models), rows, context, max_draft)) as engine:
                done = engine.run(workload)
            speeds[label].append(done.tokens / done.seconds)
            per_forward[label] = done.tokens / done.forwards
    for label, found in speeds.items():
        ratio = median(found) / median(speeds["off"])
        yield f"| {rows} | {label} | {median(found):.0f} | {ratio:.2f}x | {per_forward[label]:.2f} |"


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
