"""What a page's layout is worth to a model: `python -m extractor.lab.bench.layout FOLDER`.

The folder holds documents, each with its right answer beside it (`NAME.gold.json`). Each is extracted from its text as
it is read here (cells of a table in their rows and columns), from the same text with its columns run together, and
where it is a PDF from what PDFium gives without looking at the page. Counted are the values that are right.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from extractor import documents
from extractor.cli.flags import known_schema_of
from extractor.config import read_settings
from extractor.errors import DocumentError, OutputError
from extractor.evidence.scalars import Scalar, scalars
from extractor.extract import Extractor
from extractor.lab.bench.boxes import plain_text
from extractor.lab.bench.options import command
from extractor.lab.bench.places import answered
from extractor.options import Options
from schemas import Schema, inline

KINDS = ("layout", "columns run together", "as PDFium gives it")


@dataclass
class LayoutScore:
    """Values that are right, those of them that are not null; documents without an answer."""

    right: int = 0
    printed_right: int = 0
    failed: int = 0

    def add(self, other: LayoutScore) -> None:
        self.right += other.right
        self.printed_right += other.printed_right
        self.failed += other.failed


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.layout", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--schema", default=None, help="a name or a file; else one of the answers' own keys and types")
    parser.add_argument("--model", default=None)
    parser.add_argument("--verbose", action="store_true", help="each document and each value that is wrong")
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    files = answered(options.folder)
    settings = read_settings(**({"model": options.model} if options.model else {}))
    total, wrong = {kind: LayoutScore() for kind in KINDS}, []
    values = [one.value for file in files for one in scalars(_gold(file))]
    print(f"| document | values | {' | '.join(KINDS)} |\n{'| --- ' * (2 + len(KINDS))}|")
    with Extractor(settings) as extractor:
        schema = (
            known_schema_of(options.schema, settings.schemas)
            if options.schema
            else schema_of([_gold(file) for file in files])
        )
        for file in files:
            gold, scores = _gold(file), {}
            for kind, text in _texts(file):
                answer = _answer(extractor, text, schema)
                scores[kind] = score(gold, answer)
                total[kind].add(scores[kind])
                wrong += [f"{file.name}, {kind}: {line}" for line in _wrong(gold, answer)]
            count = sum(1 for _ in scalars(gold))
            print(
                f"| {file.name} | {count} | {' | '.join(_cell(scores.get(kind), count) for kind in KINDS)} |",
                flush=True,
            )
    print(f"| all | {len(values)} | {' | '.join(_cell(score, len(values)) for score in total.values())} |")
    printed = sum(value is not None for value in values)
    shares = " | ".join(f"{one.printed_right / max(1, printed):.1%}" for one in total.values())
    print(f"| not null | {printed} | {shares} |")
    print(f"| no answer | | {' | '.join(str(one.failed) for one in total.values())} |")
    print("\n".join(wrong if options.verbose else []))
    return 0


def _cell(score: LayoutScore | None, values: int) -> str:
    return "–" if score is None else f"{score.right} ({score.right / max(1, values):.1%})"


def score(gold: str, answer: str | None) -> LayoutScore:
    given = {one.path: one for one in scalars(answer)} if answer is not None else {}
    right = [one.value for one in scalars(gold) if one.path in given and same(one, given[one.path])]
    return LayoutScore(len(right), sum(value is not None for value in right), answer is None)


def _gold(file: Path) -> str:
    return file.with_name(f"{file.stem}.gold.json").read_text()


def _texts(file: Path) -> Iterator[tuple[str, str]]:
    data, settings = file.read_bytes(), read_settings()
    document = documents.read(data, filename=file.name, max_bytes=settings.max_document_bytes, ocr=settings.ocr)
    yield KINDS[0], document.text
    yield KINDS[1], re.sub(" {2,}| \\| ", " ", document.text)
    if document.media_type == "application/pdf":
        yield KINDS[2], plain_text(data)


def _answer(extractor: Extractor, text: str, schema: Schema) -> str | None:
    """None for one that does not stand."""
    try:
        return extractor.extract(text, schema, Options(fields=False)).text
    except OutputError as error:
        return error.last if error.code == "invalid_output" else None
    except DocumentError:
        return None


def same(one: Scalar, other: Scalar) -> bool:
    """Whether they say the same: numbers by value, texts by their letters and digits."""
    if isinstance(one.value, str) and isinstance(other.value, str):
        return _letters(one.value) == _letters(other.value)
    if isinstance(one.value, int | Decimal) and isinstance(other.value, int | Decimal):
        return one.value == other.value
    return one.value is other.value


def _letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum()) or text.strip()


def _wrong(gold: str, answer: str | None) -> Iterator[str]:
    if answer is None:
        yield "no answer"
        return
    given = {one.path: one for one in scalars(answer)}
    for one in scalars(gold):
        other = given.get(one.path)
        if other is None or not same(one, other):
            yield f"{one.pointer} {one.value!r}, not {other.value if other else None!r}"


def schema_of(answers: list[str]) -> Schema:
    """Of what the answers have in common: every key, of the type its values have, or null."""
    schema = _described([json.loads(answer) for answer in answers])
    return replace(inline(schema), name="document")


def _described(values: list[Any]) -> dict[str, Any]:
    some = [value for value in values if value is not None]
    first = some[0] if some else ""
    if isinstance(first, dict):
        keys = list(dict.fromkeys(key for value in some for key in value))
        properties = {key: _described([value.get(key) for value in some]) for key in keys}
        return {"type": "object", "properties": properties, "required": keys, "additionalProperties": False}
    if isinstance(first, list):
        return {"type": "array", "items": _described([item for value in some for item in value])}
    kind = Counter(_kind(value) for value in some).most_common(1)[0][0] if some else "string"
    return {"type": [kind, "null"]}


def _kind(value: object) -> str:
    return "boolean" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "string"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
