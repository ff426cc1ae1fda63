"""Equal numbers of a table: each has the place in its own row and below its own head, however the answer has them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from extractor.evidence.choose import EvidenceSearch
from extractor.evidence.scalars import scalars

ROWS = ["Revenue", "Staff costs", "Rent", "Travel", "Interest"]
HEADS = ["2023", "2024", "Plan", "Actual", "Unit price"]
Table = dict[tuple[str, str], int]  # by row and head
Places = dict[tuple[str, str], int]  # where each begins


def key(name: str) -> str:
    return name.lower().replace(" ", "_")


def by_columns(table: Table, rows: list[str], heads: list[str]) -> tuple[str, Places]:
    """Numbers under the ends of their heads, as a PDF has them."""
    lines, places, at = [f"{'':16}" + "".join(f"{head:>14}" for head in heads)], {}, 0
    for row in rows:
        at = sum(map(len, lines)) + len(lines)
        line = f"{row:16}"
        for head in heads:
            line += f"{table[row, head]:>14}"
            places[row, head] = at + len(line) - len(str(table[row, head]))
        lines.append(line)
    return "\n".join(lines), places


def by_bars(table: Table, rows: list[str], heads: list[str], *, ruled: bool = False) -> tuple[str, Places]:
    """As Office files are written, or Markdown."""
    left, right = ("| ", " |") if ruled else ("", "")
    lines, places = [left + " | ".join(["Item", *heads]) + right], {}
    if ruled:
        lines.append("|" + " --- |" * (1 + len(heads)))
    for row in rows:
        line, at = left + row, sum(map(len, lines)) + len(lines)
        for head in heads:
            line += " | "
            places[row, head] = at + len(line)
            line += str(table[row, head])
        lines.append(line + right)
    return "\n".join(lines), places


WRITERS: list[Callable[..., tuple[str, Places]]] = [
    by_columns,
    by_bars,
    lambda *table: by_bars(*table, ruled=True),
]


def answers(table: Table, rows: list[str], heads: list[str]) -> list[tuple[Any, dict[str, tuple[str, str]]]]:
    """The same numbers in five forms, and which cell is at which pointer."""
    pairs = [(row, head) for row in rows for head in heads]
    flat = {f"{key(row)}_{key(head)}": table[row, head] for row, head in pairs}
    turned = {f"{key(head)}_{key(row)}": table[row, head] for row, head in pairs}
    by_row = {key(row): {key(head): table[row, head] for head in heads} for row in rows}
    by_head = {key(head): {key(row): table[row, head] for row in rows} for head in heads}
    listed = [{"item": row, **{key(head): table[row, head] for head in heads}} for row in rows]
    return [
        (flat, {f"/{key(row)}_{key(head)}": (row, head) for row, head in pairs}),
        (turned, {f"/{key(head)}_{key(row)}": (row, head) for row, head in pairs}),
        (by_row, {f"/{key(row)}/{key(head)}": (row, head) for row, head in pairs}),
        (by_head, {f"/{key(head)}/{key(row)}": (row, head) for row, head in pairs}),
        ({"rows": listed}, {f"/rows/{rows.index(row)}/{key(head)}": (row, head) for row, head in pairs}),
    ]


def starts(document: str, answer: Any) -> dict[str, int | None]:
    found = list(scalars(json.dumps(answer)))
    where = EvidenceSearch(document).of(found)
    return {one.pointer: place[0].start if place else None for one, place in zip(found, where, strict=True)}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("seed", range(12))
def test_each_number_has_its_own_cell(writer: Callable[..., tuple[str, Places]], seed: int) -> None:
    dice = random.Random(seed)
    rows, heads = dice.sample(ROWS, 3), dice.sample(HEADS, dice.choice([2, 3]))
    table = {(row, head): dice.choice([100, 100, 640]) for row in rows for head in heads}
    document, places = writer(table, rows, heads)
    assert len(set(places.values())) == len(table)
    in_turn = dice.sample(rows, 3), dice.sample(heads, len(heads))  # the answer's order is its own
    for answer, cells in answers(table, *in_turn):
        found = starts(document, answer)
        assert {pointer: found[pointer] for pointer in cells} == {
            pointer: places[cell] for pointer, cell in cells.items()
        }, json.dumps(answer)


def test_years_of_rows_name_their_columns() -> None:
    heads, revenue, costs = "Item | 2025 | 2024\n", "Revenue | 100 | 100\n", "Costs | 40 | 40"
    years = [{"year": year, "revenue": 100, "costs": 40} for year in (2024, 2025)]
    found = starts(heads + revenue + costs, {"years": years})
    before = len(heads), len(heads + revenue)
    wanted = {
        "/years/0/revenue": before[0] + revenue.rindex("100"),
        "/years/0/costs": before[1] + costs.rindex("40"),
        "/years/1/revenue": before[0] + revenue.index("100"),
        "/years/1/costs": before[1] + costs.index("40"),
    }
    assert {pointer: found[pointer] for pointer in wanted} == wanted


@pytest.mark.parametrize(
    ("document", "answer", "places"),
    [
        # one total for both: no cell is named better
        ("Item | Price\nChair | 40\nTable | 60\nTotal: 40", {"total": 40, "amount_due": 40}, ["Total: 40"] * 2),
        # numbers of a text are no cells, and those of a page none of its table
        (
            "Page 1 of 1\nLine | Article | Quantity\n1 | 1L milk | 1",
            {"rows": [{"line": 1, "quantity": 1}]},
            ["1 | 1L", "1"],
        ),
        # heads of another table
        ("Plan   Actual\n100   100\n\nLeft   Right\n7      7", {"actual": 7, "plan": 7}, ["7      7"] * 2),
    ],
)
def test_a_number_that_nothing_names_better_keeps_its_place(document: str, answer: Any, places: list[str]) -> None:
    found = [start for start in starts(document, answer).values() if start is not None]
    wanted = [document.rindex(place) + (len(place) - 2 if ":" in place else 0) for place in places]
    assert found == wanted
