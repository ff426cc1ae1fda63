"""Documents written by hand: what is read of them, other values in their marks, and tasks that hold together."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import jsonschema_rs
import pytest

from extractor.lab.training import exchange, sources, written, written_tasks
from extractor.lab.training.exchange import Pool
from extractor.lab.training.written import Unreadable, Written
from extractor.notation import calendar

HEAD = """@kind bill
@about A bill
@field seller.name company | name; seller | who sells
@field day date | day
@field lines[].text goods | text; article
@field lines[].price amount
@field tags[] text
@field total amount | total; sum
@field paid flag
"""
BODY = """=== de
{seller.name:Muster & Sohn}     {day:3. Mai 2025}

{lines.0.text:Brot}        {lines.0.price:3,20}
{lines.1.text:Käse}       {lines.1.price:12,90}
{tags.0:rot} {tags.1:blau}
Summe       {total:16,10}   {paid=true:bezahlt}
"""


def _read(tmp_path: Path, text: str) -> written.File:
    path = tmp_path / "bill.txt"
    path.write_text(text, "utf-8")
    return written.read(path)


def test_marks_say_what_is_printed_and_where(tmp_path: Path) -> None:
    one = _read(tmp_path, HEAD + BODY).documents[0]
    assert "{" not in one.text
    assert one.text.startswith("Muster & Sohn     3. Mai 2025")
    assert [(mark.path, mark.row, mark.value) for mark in one.marks] == [
        ("seller.name", -1, "Muster & Sohn"), ("day", -1, "2025-05-03"), ("lines[].text", 0, "Brot"),
        ("lines[].price", 0, "3.20"), ("lines[].text", 1, "Käse"), ("lines[].price", 1, "12.90"),
        ("tags[]", 0, "rot"), ("tags[]", 1, "blau"), ("total", -1, "16.10"), ("paid", -1, "true"),
    ]  # fmt: skip
    assert all(one.text.startswith(mark.printed, mark.start) for mark in one.marks)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("=== de\n{sum:3}", "bill.txt:11: no @field sum"),
        ("=== de\n\n{day:03.05.}", "bill.txt:12: '03.05.' may be"),
        ("=== de\n{day:03/04/25}", "say day=… before the colon"),
        ("=== de\n{total:none}", "may be no number"),
        ("=== de\n{lines.1.text:Brot}", "the rows of lines are [1]"),
        ("=== de\nBrot }", "a brace that is no mark's"),
        ("=== de\n{paid:yes}", "paid=true or paid=false"),
        ("=== de\n\n", "an empty document"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(tmp_path: Path, body: str, said: str) -> None:
    with pytest.raises(Unreadable) as caught:
        _read(tmp_path, HEAD + body)
    assert said in str(caught.value)


def _exchanged(file: written.File, one: Written, seed: int) -> Written:
    types = {path: field.type for path, field in file.fields.items()}
    pool = Pool({("company", "de"): ["Neu GmbH"], ("goods", "de"): ["Apfelsaft naturtrüb 1 l", "Ei"]})
    return exchange.exchanged(one, types, Random(seed), pool)


def test_other_values_are_what_they_print(tmp_path: Path) -> None:
    file = _read(tmp_path, HEAD + BODY)
    one = file.documents[0]
    seen: set[str] = set()
    for seed in range(60):
        other = _exchanged(file, one, seed)
        assert all(other.text.startswith(mark.printed, mark.start) for mark in other.marks)
        for old, new in zip(one.marks, other.marks, strict=True):
            assert (new.path, new.row) == (old.path, old.row)
            if file.fields[new.path].type in ("date", "amount"):
                assert written._value(file.fields[new.path], new.printed, None, "") == new.value
        assert len({line.index(",") for line in other.text.split("\n")[2:4]}) == 1 or "Apfelsaft" in other.text
        seen.update(mark.printed for mark in other.marks)
    assert {"Neu GmbH", "Apfelsaft naturtrüb 1 l", "Ei", "rot", "bezahlt"} <= seen
    assert len(seen) > 100


def test_tasks_of_every_document_hold_together() -> None:
    rng = Random(3)
    for held_out in (False, True):
        for task in written_tasks.every(rng, held_out):
            answer = json.loads(task.answer)
            assert list(answer) == list(task.schema["properties"])
            assert jsonschema_rs.is_valid(task.schema, answer), task.document
            for origin, place in zip(task.origins, sources.places(task.document, task.origins), strict=True):
                assert origin is None or (place is not None and task.document.startswith(origin.printed, place))
                assert origin is None or sources.aligned(origin)


def test_a_day_printed_twice_is_one_day_and_a_text_in_two_lines_one_text(tmp_path: Path) -> None:
    body = "=== fr\n{seller.name:Muster}\n{seller.name:et Fils}\n"
    body += "{day:3 mars 2025}, {day=2025-03-04:4 mars}: {total:3} {total:4}"
    file = _read(tmp_path, HEAD + body)
    paths = {path: path for path in ("day", "seller", "seller.name", "total")}
    schema = {"properties": {"day": {}, "seller": {"properties": {"name": {}}}, "total": {}}}
    answer, origins = written_tasks.Answering(file, file.documents[0], paths).answer(schema)
    assert answer == '{"day":"2025-03-03","seller":{"name":"Muster et Fils"},"total":3}'
    assert [origin and origin.printed for origin in origins] == ["3 mars 2025", "Muster\net Fils", "3"]


def test_years_stay_years_and_months_are_named_in_the_documents_language(tmp_path: Path) -> None:
    file = _read(tmp_path, HEAD + "@field year count\n=== fr\n{day:3 mars 2025} {year:2011}")
    for seed in range(60):
        text = _exchanged(file, file.documents[0], seed).text
        assert 2000 < int(text.split()[-1]) < 2020
        assert text.split()[1] in calendar.MONTHS["fr"]


def test_what_training_looks_at_is_neither_trained_on_nor_published() -> None:
    rng = Random(1)
    looked_at = {task.document for task in written_tasks.looked_at(rng)}
    published = {task.document for _, task in written_tasks.never_seen(rng, 10_000)}
    assert len(looked_at) > 20
    assert len(published) > 2 * len(looked_at)
    assert not looked_at & published
    assert looked_at | published == {task.document for task in written_tasks.every(rng, held_out=True)}
