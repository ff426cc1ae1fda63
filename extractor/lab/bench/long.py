"""How long documents come out: `python -m extractor.lab.bench.long`, or with `--file` and `--schema` one of one's own.

A made-up invoice of so many pages and lines is read in windows. How many of its lines come back as they are, in order
and none twice, how many values of its head do, how long it takes, and how much memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from random import Random
from typing import Any

import torch

from extractor.config import read_settings
from extractor.documents import Document, Page, read
from extractor.extract import Extractor
from extractor.lab.bench.machine import machine
from extractor.lab.bench.options import command, positive
from extractor.options import Options
from extractor.result import Extraction
from schemas.jsontext import written

_SEED = 20_261_129
_KINDS = "Steel Brass Oak Cotton Glass Copper Nylon Rubber Slate Linen".split()
_THINGS = "bolt hinge panel towel bottle valve rope gasket tile sheet bracket handle".split()
_COLOURS = "black white red green blue grey brown yellow".split()

Row = tuple[str, str, str, str]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.long", description=__doc__.split("\n")[0])
    parser.add_argument("--model", default=None)
    parser.add_argument("--context", type=positive, default=None)
    parser.add_argument("--slots", type=positive, default=4)
    parser.add_argument("--pages", type=positive, default=60)
    parser.add_argument("--rows", type=positive, default=300)
    parser.add_argument("--file", type=Path, default=None, help="read this document instead")
    parser.add_argument("--last-page", type=positive, default=None, help="of it: read no further")
    parser.add_argument("--schema", default=None, help="of it: a name, or a file of JSON Schema")
    parser.add_argument("--max-output-tokens", type=positive, default=None)
    parser.add_argument("--out", type=Path, default=None, help="where the result is written as JSON")
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    given = {"model": options.model, "context": options.context, "slots": options.slots}
    settings = read_settings(**{name: value for name, value in given.items() if value is not None})
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print(f"{machine(device)}, {settings.model}, {settings.slots} slots")
    rows: list[Row] = []
    document: Document
    schema: Any = options.schema or "invoice"
    if options.file is None:
        document, rows = invoice(options.pages, options.rows)
    else:
        document = _up_to(read(options.file, max_bytes=settings.max_document_bytes), options.last_page)
        schema = json.loads(Path(schema).read_text()) if Path(schema).is_file() else schema
    with Extractor(settings) as extractor:
        began = time.monotonic()
        result = extractor.extract(document, schema, Options(max_output_tokens=options.max_output_tokens))
        took_s = time.monotonic() - began
    if options.out is not None:
        options.out.write_bytes(written(result.as_json(), indent=True))
    _tell(result, took_s)
    if rows:
        _compare(result, rows)
    return 0


def _up_to(document: Document, page: int | None) -> Document:
    if page is None or page >= len(document.pages):
        return document
    pages = document.pages[:page]
    end = pages[-1].stop
    parts = tuple(replace(part, stop=min(part.stop, end)) for part in document.parts if part.start < end)
    return replace(document, text=document.text[:end], pages=pages, parts=parts)


def _tell(result: Extraction, took_s: float) -> None:
    states = [window["state"] for window in result.windows]
    usage, peak = result.usage, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states)) or "read at once"
    print(f"{len(result.document.text):,} characters, {len(result.document.pages)} pages; windows: {found}")
    print(f"{took_s:.1f} s; {usage.prompt_tokens:,} prompt and {usage.output_tokens:,} output tokens")
    print(f"{usage.model_calls} calls of the model; {peak >> 10} MiB of memory at most")
    codes = [mark["code"] for mark in result.review]
    print("review:", ", ".join(f"{codes.count(code)} {code}" for code in dict.fromkeys(codes)) or "nothing")
    placed = [known for known in result.fields.values() if known["evidence"]]
    print(f"{len(result.fields)} values, {len(placed)} with a place")


def _compare(result: Extraction, rows: Sequence[Row]) -> None:
    keys = ("description", "quantity", "unit_price", "amount")
    extracted = [tuple(_plain(item.get(key)) for key in keys) for item in result.data["items"]]
    same = sum(
        block.size for block in SequenceMatcher(None, list(rows), extracted, autojunk=False).get_matching_blocks()
    )
    print(f"lines: {len(rows)} printed, {len(extracted)} extracted, {same} the same in order ({same / len(rows):.1%})")
    head = {key: result.data.get(key) for key in ("number", "issue_date", "due_date", "currency", "subtotal", "total")}
    print("head:", json.dumps(head, default=str), json.dumps(result.data.get("buyer"), default=str))


def _plain(value: object) -> str:
    return str(value) if isinstance(value, str) or value is None else f"{float(str(value)):.2f}"


def invoice(pages: int, rows: int) -> tuple[Document, list[Row]]:
    """The same for the same numbers: a document, and its lines as (description, quantity, unit price, amount)."""
    dice = Random(_SEED)
    text, spans, printed_rows, sum_of_it = "", [], [], 0.0
    for page in range(pages):
        lines = ["Northgate Supplies Ltd   Invoice NS-20417", ""]
        if page == 0:
            lines += ["Invoice number: NS-20417", "Invoice date: 2026-03-14", "Due date: 2026-04-13"]
            lines += ["Bill to: Harlow and Finch", "Currency: EUR", ""]
            lines += [_line("Description", "Quantity", "Unit price", "Amount")]
        for _ in range(page * rows // pages, (page + 1) * rows // pages):
            name = f"{dice.choice(_KINDS)} {dice.choice(_THINGS)} {dice.choice(_COLOURS)}"
            quantity, price = dice.randint(1, 40), dice.randint(100, 99_999) / 100
            amount = round(quantity * price, 2)
            sum_of_it += amount
            printed_rows.append((name, f"{quantity:.2f}", f"{price:.2f}", f"{amount:.2f}"))
            lines.append(_line(name, str(quantity), f"{price:.2f}", f"{amount:.2f}"))
        if page == pages - 1:
            lines += ["", f"Total: {sum_of_it:.2f}"]
        start, text = len(text), text + "\n".join([*lines, "", f"Page {page + 1} of {pages}", ""])
        spans.append(Page(page + 1, start, len(text)))
    return Document(text, pages=tuple(spans)), printed_rows


def _line(name: str, *numbers: str) -> str:
    return name.ljust(26) + "".join(figure.rjust(14) for figure in numbers)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
