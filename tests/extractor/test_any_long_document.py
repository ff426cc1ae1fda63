"""Long documents as chance makes them: tables that go on over pages, with their headers and without, pages that are
empty, full of headings, one line of forty thousand letters. Every row is there once, in order, and nothing is said of
it."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pytest

from extractor import Extractor, Options, Settings
from extractor.documents import Document, Page
from tests.support.window_engine import Ledger, WindowEngine

pytestmark = pytest.mark.process

Line = tuple[str, str, str, str]
_KINDS = ["rows", "rows", "rows", "one row", "empty", "blank", "headings", "letters", "prose"]


def made(dice: random.Random) -> tuple[Document, list[Line]]:
    """With its rows."""
    text, pages, rows = "", list[Page](), list[Line]()
    between, last = dice.choice(["   ", " | "]), dice.randint(3, 16)
    for number in range(last + 1):
        start, kind = len(text), dice.choice(_KINDS)
        lines = ["Number: A-17", "Holder: Harlow and Finch", ""] if number == 0 else []
        lines += _page(kind, between, rows, dice)
        lines += ["Total: 12.50"] if number == last else []
        text += "".join(f"{line}\n" for line in lines)
        pages.append(Page(number + 1, start, len(text)))
    return Document(text, pages=tuple(pages) if dice.random() < 0.8 else ()), rows


def _page(kind: str, between: str, rows: list[Line], dice: random.Random) -> list[str]:
    if "row" in kind:
        header = [between.join(["Code", "Day", "What", "Amount"])] if dice.random() < 0.7 else []
        return [*header, *_rows(1 if kind == "one row" else dice.randint(2, 25), between, rows, dice)]
    return {
        "empty": lambda: [],
        "blank": lambda: ["", "   "] * dice.randint(1, 10),
        "headings": lambda: [f"{at}. SECTION" for at in range(dice.randint(1, 30))],
        "letters": lambda: ["".join(dice.choices("abcdefgh0123456789+/", k=dice.choice([500, 5_000, 40_000])))],
        "prose": lambda: ["The terms of this page hold; see above. " * dice.randint(1, 5)] * dice.randint(1, 9),
    }[kind]()


def _rows(count: int, between: str, rows: list[Line], dice: random.Random) -> list[str]:
    lines: list[str] = []
    for _ in range(count):
        at = len(rows)
        what = dice.choice(["Work", f"Work {at % 7}", f"Long description of the work that was done {at}"])
        rows.append((f"R{at:05}", f"20{10 + at % 15}-{1 + at % 12:02}-{1 + at % 28:02}", what, f"{at % 90}.50"))
        lines += [between.join(rows[-1]), *dice.choices([[], [""], ["carried forward"]], [18, 1, 1])[0]]
    return lines


@pytest.mark.parametrize("seed", range(8))
def test_every_row_is_there_once_and_in_order(tok: Any, seed: int) -> None:
    dice = random.Random(seed)
    document, rows = made(dice)
    given = {"context": dice.choice([1024, 2048]), "window": dice.choice([None, 64, 100, 300]), "slots": 4}
    engine, options = WindowEngine(tok), Options(printed=dice.choice(["none", "all"]))
    with Extractor(Settings(max_output_tokens=300, **given), engine=engine, tokenizer=tok) as runner:
        result = runner.extract(document, Ledger, options)
    assert [(row["code"], row["day"], row["what"], str(row["amount"])) for row in result.data["rows"]] == rows
    assert (result.data["number"], result.data["holder"]) == ("A-17", "Harlow and Finch")
    spans = [(one["start"], one["stop"]) for one in result.windows] or [(0, len(document.text))]
    assert (spans[0][0], spans[-1][1]) == (0, len(document.text))
    assert all(one[1] == other[0] for one, other in pairwise(spans))
    assert result.review == []


def test_a_schema_that_refers_to_itself_as_a_whole(tok: Any) -> None:
    """Beside definitions, of which those that are not used are left out."""
    schema = Ledger.model_json_schema()
    within = {"type": "object", "properties": {"ledger": {"$ref": "#"}}}
    schema["properties"]["more"] = {"anyOf": [within, {"type": "array", "items": {"type": "string"}}]}
    document, rows = made(random.Random(1))
    engine = WindowEngine(tok)
    with Extractor(Settings(context=2048, window=100), engine=engine, tokenizer=tok) as runner:
        assert len(runner.extract(document, schema).data["rows"]) == len(rows)
