"""How the time of one document grows with its length and with the number of its schema's fields.

    python -m extractor.lab.bench.growth

Documents of the bundled pair's generator are put together until they have the wanted length; schemas are flat, of the
kinds of fields that extraction asks for. A model that was taught short documents may answer long ones wrongly: what is
measured is time. Knows the engines through the benchmark's runners only.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from random import Random
from statistics import median
from typing import Any

from extractor.config import read_settings
from extractor.engine.model.loader import Models, load
from extractor.lab.bench.contender import Contender
from extractor.lab.bench.engines import Ours, drafters_of, theirs
from extractor.lab.bench.machine import machine
from extractor.lab.bench.options import command, positive, positives
from extractor.lab.bench.workload import SEED, Case, cases, documents
from extractor.loading import spec, use_threads
from extractor.prompt.codec import Codec
from schemas import Schema, inline

LENGTHS = (500, 1000, 2000, 4000, 8000)  # tokens of the document
FIELDS = (5, 20, 50, 100, 200)  # of the schema
ASKED = 8  # fields, while the document grows
ROOM = 2048  # tokens of the context beside the longest document


@dataclass(frozen=True)
class GrowthPoint:
    curve: str  # "document" or "fields"
    size: int
    case: Case


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.growth", description=__doc__.split("\n")[0])
    parser.add_argument("--lengths", type=_sizes, default=LENGTHS, help="tokens of the document; '' for no such curve")
    parser.add_argument("--fields", type=_sizes, default=FIELDS, help="fields of the schema; '' for no such curve")
    parser.add_argument("--baseline", action="store_true", help="generate + Outlines too")
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument("--max-tokens", type=positive, default=None, help="of an answer; by default what it needs")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--model", default=None)
    parser.add_argument("--json", action="store_true")
    return command(parser, arguments, _show)


def _sizes(text: str) -> tuple[int, ...]:
    return positives(text) if text else ()


def _show(options: argparse.Namespace) -> int:
    settings = read_settings(**({"model": options.model} if options.model else {}))
    wanted = spec(settings)
    models = load(wanted)
    use_threads(settings, models)
    lengths, fields = options.lengths, options.fields
    context = max((*lengths, 2000)) + 2 * ROOM + 60 * max((*fields, 1))
    texts = [*_longer(models, lengths, options.seed), *_wider(fields, options.seed)]
    points = [
        GrowthPoint(curve, size, case)
        for curve, size, schema, text in texts
        for case in _cases(models, schema, text, context, options.max_tokens)
    ]
    with ExitStack() as stack:
        runners: list[Contender] = [
            stack.enter_context(closing(Ours(models, mix, 1, context, settings.max_draft)))
            for mix in ((), drafters_of(models))
        ]
        if options.baseline:
            runners.append(stack.enter_context(closing(theirs("hf-outlines", wanted, settings.max_draft))))
        rows = [_measure(point, runner, options.rounds) for point in points for runner in runners]
    record = {"machine": machine(models.target.device), "rows": rows}
    print(json.dumps(record, indent=1) if options.json else _table(record))
    return 0


GrowthCase = tuple[str, int, Schema, str]  # the curve, the size, the schema and the document


def _longer(models: Models, lengths: tuple[int, ...], seed: int) -> Iterator[GrowthCase]:
    """One schema, documents that grow."""
    codec = Codec(models.tokenizer)
    texts = [text for _, text in documents(40 + max((*lengths, 0)) // 20, seed)]
    schema = flat(ASKED)
    for length in lengths:
        longer, held = "", 0
        for text in texts:
            if held >= length:
                break
            longer += text + "\n\n"
            held = len(codec.data(longer))
        yield "document", held, schema, longer


def _wider(fields: tuple[int, ...], seed: int) -> Iterator[GrowthCase]:
    """A document and a schema that grow together: each field has its line."""
    for count in fields:
        schema, rng = flat(count), Random(seed)
        lines = [f"{name.replace('_', ' ').capitalize()}: {_value(kind, rng)}" for name, kind in _fields(count)]
        yield "fields", count, schema, "\n".join(lines)


def _cases(models: Models, schema: Schema, text: str, context: int, max_tokens: int | None) -> list[Case]:
    room = ROOM + 20 * len(schema.json_schema["properties"])
    return cases(models, iter([(schema, text)]), context, max_tokens or room)


_NOUNS = "order invoice parcel machine customer account station sample engine contract".split()
_TAILS = "number date name weight total code city state count price".split()
_KINDS = ("string", "integer", "number", "date", "null")


def _fields(count: int) -> list[tuple[str, str]]:
    names = [f"{noun}_{tail}" for tail in _TAILS for noun in _NOUNS]
    return [(names[i % 100] + (f"_{i // 100 + 1}" if i >= 100 else ""), _KINDS[i % len(_KINDS)]) for i in range(count)]


def flat(count: int) -> Schema:
    """An object of `count` fields, every fifth of which may be null."""
    types: dict[str, Any] = {"date": {"type": "string", "format": "date"}, "null": {"type": ["string", "null"]}}
    properties = {name: types.get(kind, {"type": kind}) for name, kind in _fields(count)}
    return inline(
        {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    )


def _value(kind: str, rng: Random) -> str:
    match kind:
        case "integer":
            return str(rng.randrange(1000))
        case "number":
            return f"{rng.randrange(1000)}.{rng.randrange(100):02d}"
        case "date":
            return f"20{rng.randrange(10, 30)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}"
    return rng.choice(_NOUNS).capitalize() + f" {rng.randrange(100)}"


def _measure(point: GrowthPoint, runner: Contender, rounds: int) -> dict[str, Any]:
    # The first pays for what is kept of a grammar; prompts are not kept from run to run.
    outcomes = [runner.run([point.case]) for _ in range(1 + rounds)][1:]
    last = outcomes[-1]
    prefill = median(one.phases.get("prefill", 0.0) for one in outcomes)
    seconds = median(one.seconds for one in outcomes)
    return {
        "curve": point.curve,
        "size": point.size,
        "engine": runner.name,
        "drafters": list(runner.drafters),
        "prompt_tokens": len(point.case.prompt),
        "tokens": last.tokens,
        "seconds": round(seconds, 4),
        "prefill_s": round(prefill, 4),
        "ms_per_token": round(1000 * (seconds - prefill) / max(1, last.tokens), 2),
        "tokens_per_forward": round(last.tokens / max(1, last.forwards), 2),
    }


def _table(record: dict[str, Any]) -> str:
    """Markdown; generate does not tell its prefill, so it is part of its time per token."""
    lines = [
        f"{record['machine']}; medians",
        "",
        "| grows | size | engine | drafters | prompt tokens | tokens | seconds | of it prefill | ms a token after it | "
        "tokens per target forward |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row['curve']} | {row['size']} | {row['engine']} | {'+'.join(row['drafters']) or 'none'} | "
        f"{row['prompt_tokens']} | {row['tokens']} | {row['seconds']:.2f} | {row['prefill_s']:.2f} | "
        f"{row['ms_per_token']:.2f} | {row['tokens_per_forward']:.2f} |"
        for row in record["rows"]
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
