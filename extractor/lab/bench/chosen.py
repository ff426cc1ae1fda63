"""What of a long document is read where all its windows would be too many: `python -m extractor.lab.bench.chosen`, or
with `--file`, `--schema` and `--gold` of one's own.

For limits of windows (EXTRACTOR_MAX_WINDOWS): how many of the values that are right and printed stand in a window that
is read for their part of the schema, beside as many windows drawn by chance. No model is asked. Of a made-up report,
each value is printed once, and its field is spoken of on many pages.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from extractor.config import Settings, read_settings
from extractor.documents import Document, Page, read
from extractor.errors import CONTEXT_EXCEEDED, DocumentError
from extractor.evidence.locate import DocumentIndex
from extractor.evidence.scalars import JsonPath, scalars
from extractor.lab.bench.options import command, positive, positives
from extractor.loading import load
from extractor.options import Options
from extractor.prompt.prompt import PromptBuilder
from extractor.run import LEAST_ANSWER
from extractor.schema_parts.planner import Planner, ReadingPlan
from extractor.windows.choose import left_out
from schemas import Schema, unjudged
from schemas.errors import parts_of

JSON = dict[str, Any]

_SEED = 20_261_130
_LEAST = 3  # characters of a value that is looked for
_OWNERS = "borrower lender guarantor agent issuer tenant landlord carrier insurer trustee".split()
_FACTS = {
    "registered_name": "Name under which it is registered",
    "seat": "City in which it has its seat",
    "annual_fee": "What it pays each year",
    "notice_date": "Day by which notice has to be given",
    "account_number": "Of the account that payments go to",
    "liability_limit": "The most that it is liable for",
}
_NAMES = "Harlow Finch Marlow Quill Ashby Thorne Wexford Larkin Pemberton Oakes".split()
_CITIES = "Ghent Porto Lyon Turin Bergen Graz Leeds Malmo Brno Cadiz".split()
_WORDS = "parties hold terms before line said shall such notice under period section other year each pays given".split()


@dataclass(frozen=True)
class Printed:
    """A value that is right, the part of the schema that asks for it, and the windows that print it."""

    part: int
    windows: frozenset[int]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.chosen", description=__doc__.split("\n")[0])
    parser.add_argument("--model", default=None)
    parser.add_argument("--context", type=positive, default=None)
    parser.add_argument("--pages", type=positive, default=100)
    parser.add_argument("--most", type=positives, default=(60, 120, 250, 500, 1000), help="windows, such as 60,120")
    parser.add_argument("--file", type=Path, default=None, help="read this document instead")
    parser.add_argument("--schema", type=Path, default=None, help="of it: a file of JSON Schema")
    parser.add_argument("--gold", type=Path, default=None, help="of it: the right answer as JSON")
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    given = {"model": options.model, "context": options.context}
    settings = read_settings(**{name: value for name, value in given.items() if value is not None})
    if options.file is None:
        document, json_schema, gold = report(options.pages)
    elif options.schema is None or options.gold is None:
        raise ValueError("--file takes --schema and --gold")
    else:
        document = read(options.file, max_bytes=settings.max_document_bytes)
        json_schema, gold = (json.loads(path.read_text()) for path in (options.schema, options.gold))
    plan = _plan(settings, document, unjudged(json_schema))
    values = list(_printed(document, plan, gold))
    windows = [len(cutter.windows) for cutter in plan.cutters]
    print(
        f"{len(document.pages)} pages; {len(plan.parts)} parts of the schema, {sum(windows):,} windows of all of them"
    )
    print("| windows read | values in them | by chance |\n| --- | --- | --- |")
    for most in options.most:
        print(_row(document, plan, values, most))
    return 0


def _plan(settings: Settings, document: Document, schema: Schema) -> ReadingPlan:
    engine, tokenizer, info = load(settings)
    engine.close()
    prompts = PromptBuilder(tokenizer, info["context"], info["examples"])
    planner = Planner(prompts, settings, settings.window or info.get("window"))
    why = DocumentError("the document fits", code=CONTEXT_EXCEEDED)
    return planner.plan(document, schema, Options(), LEAST_ANSWER, why)


def _printed(document: Document, plan: ReadingPlan, gold: JSON) -> Iterator[Printed]:
    """Of the values that stand in some window."""
    index = DocumentIndex(document.text, [page.start for page in document.pages])
    for scalar in scalars(json.dumps(gold)):
        value = scalar.value
        if value is None or isinstance(value, bool) or len(str(value)) < _LEAST:
            continue
        part = _part_of(plan, scalar.path)
        spans = [(place[0].start, place[-1].stop) for place in index.find(value)]
        windows = plan.cutters[part].windows
        where = {at for at, one in enumerate(windows) for a, b in spans if one.start <= a and b <= one.stop}
        if where:
            yield Printed(part, frozenset(where))


def _part_of(plan: ReadingPlan, path: JsonPath) -> int:
    steps = [str(step) for step in path]
    for number, part in enumerate(plan.parts):
        for pointer in part.pointers:
            own = parts_of(pointer)
            if steps[: len(own)] == own:
                return number
    return 0


def _row(document: Document, plan: ReadingPlan, values: Sequence[Printed], most: int) -> str:
    schemas = [part.schema.json_schema for part in plan.parts]
    without = left_out(document, plan.cutters, schemas, most)
    shown = [len(cutter.windows) - len(some) for cutter, some in zip(plan.cutters, without, strict=True)]
    held = sum(bool(one.windows - without[one.part]) for one in values)
    chance = sum(_chance(len(plan.cutters[one.part].windows), len(one.windows), shown[one.part]) for one in values)
    return f"| {sum(shown):,} | {held} of {len(values)}: {held / len(values):.1%} | {chance / len(values):.1%} |"


def _chance(windows: int, right: int, drawn: int) -> float:
    """To draw one at least of those that are right."""
    return 1 - math.comb(windows - right, drawn) / math.comb(windows, drawn)


def report(pages: int) -> tuple[Document, JSON, JSON]:
    """The same for the same number of pages: a document, its schema and what is right."""
    dice = Random(_SEED)
    gold = {owner: {name: _value(name, dice) for name in _FACTS} for owner in _OWNERS}
    pages_of: dict[int, list[str]] = {}
    for owner, facts in gold.items():
        for name, value in facts.items():
            pages_of.setdefault(dice.randrange(pages), []).append(_printed_fact(owner, name, value, dice))
    text, spans = "", []
    for page in range(pages):
        lines = [*pages_of.get(page, ()), *(_prose(dice) for _ in range(40))]
        dice.shuffle(lines)
        start, text = len(text), text + "\n".join([*lines, f"Page {page + 1} of {pages}", ""])
        spans.append(Page(page + 1, start, len(text)))
    return Document(text, pages=tuple(spans)), _json_schema(), gold


def _json_schema() -> JSON:
    facts = {name: {"type": ["string", "null"], "description": about} for name, about in _FACTS.items()}
    return {"type": "object", "properties": {one: {"type": "object", "properties": facts} for one in _OWNERS}}


def _value(name: str, dice: Random) -> str:
    if name == "registered_name":
        return f"{dice.choice(_NAMES)} {dice.choice(_NAMES)} {dice.randint(100, 999)} Ltd"
    if name == "seat":
        return f"{dice.choice(_CITIES)} {dice.randint(1000, 9999)}"
    if name == "notice_date":
        return f"20{dice.randint(26, 49)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
    return f"{dice.randint(10_000, 99_999_999):,}" if name != "account_number" else f"AC-{dice.randint(10**7, 10**8)}"


def _printed_fact(owner: str, name: str, value: str, dice: Random) -> str:
    """In one of the ways in which documents say it."""
    words = name.replace("_", " ")
    return dice.choice(
        [
            f"{owner.capitalize()}, {words}: {value}",
            f"The {words} of the {owner} is {value}, as the parties have agreed.",
            f"{words.capitalize()} of the {owner}     {value}",
        ]
    )


def _prose(dice: Random) -> str:
    """A line without a value, that may speak of a field."""
    words = [dice.choice(_WORDS) for _ in range(10)]
    if dice.random() < 0.2:
        words[3:5] = ["the", dice.choice(_OWNERS)]
    if dice.random() < 0.1:
        words[6:8] = dice.choice(list(_FACTS)).split("_")
    return " ".join(words).capitalize() + "."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
