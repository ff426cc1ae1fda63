"""Other values in documents written by hand: what was one value is one, and what is printed says what it means."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from random import Random

import pytest

from extractor.lab.training import exchange, other_days, written
from extractor.lab.training.exchange import Pool
from extractor.lab.training.written import Written, WrittenMark
from extractor.notation import possible

HEAD = """@kind bill
@field name person
@field shop shop
@field day date
@field due date
@field rows[].day date
@field rows[].year count
@field total amount
@field code code
"""
POOL = Pool({("person", one): ["Ida Norlind", "Ole Brandt"] for one in ("de", "en", "fr", "pl", "tr", "es")})
EVERY = 6  # documents: the rest takes minutes


def _exchanged(tmp_path: Path, text: str, seeds: int = 40) -> list[tuple[Written, Written]]:
    path = tmp_path / "bill.txt"
    path.write_text(HEAD + text, "utf-8")
    file = written.read(path)
    types = {path: field.type for path, field in file.fields.items()}
    one = file.documents[0]
    return [(one, exchange.exchanged(one, types, Random(seed), POOL)) for seed in range(seeds)]


def _says(type_: str, mark: WrittenMark) -> bool:
    if type_ == "date":
        return other_days.reads(mark.printed, mark.value)
    return mark.value in (possible.hours(mark.printed) if type_ == "time" else possible.numbers(mark.printed))


def test_what_is_printed_says_what_it_means_in_the_whole_corpus() -> None:
    """A few seconds: the notations that people use are many, and most faults were in the rare ones."""
    for held_out in (False, True):
        for seed, (file, one) in enumerate(list(written.documents(held_out))[::EVERY]):
            types = {path: field.type for path, field in file.fields.items()}
            other = exchange.exchanged(one, types, Random(seed), exchange.pool(held_out))
            before, after = defaultdict(set), defaultdict(set)
            for old, new in zip(one.marks, other.marks, strict=True):
                type_, place = types[old.path], (old.path, old.row)
                assert other.text.startswith(new.printed, new.start), one.where
                if type_ in {"date", "time"} | written.NUMBERS:
                    assert _says(type_, new) or not _says(type_, old), (one.where, old, new)
                before[place].add(exchange._meaning(type_, old.value))
                after[place].add(exchange._meaning(type_, new.value))
            assert {at for at, values in after.items() if len(values) > len(before[at])} == set(), one.where


@pytest.mark.parametrize(
    ("language", "line"),
    [
        (
            "de",
            "{day=2026-03-01:01.03.2026} {due:31.03.26} {rows.0.day=2026-03-03:03.03.} {rows.1.day=2026-03-31:31.3.}",
        ),
        (
            "en",
            "{day:May 5, 2026} {rows.0.day=2026-06-02:02 Jun} {rows.1.day=2026-08-01:aug 1} {due=2026-08-03:3rd Aug}",
        ),
        ("pl", "{day:12 stycznia 2026} {due=2026-02-03:3 lut 2026} {rows.0.day=2026-02-01:1 lutego}"),
        ("tr", "{day:5 Ağustos 2026} {due:28.08.2026} {rows.0.day=2026-08-06:6 Ağustos}"),
        ("en", "{day:2026-03-03} {due:2026-05-05}"),
        ("de", "{day:Donnerstag, 26. März 2026} {due:Mi., 1. April 2026}"),
    ],
)
def test_days_of_a_document_move_together(tmp_path: Path, language: str, line: str) -> None:
    moved = 0
    for one, other in _exchanged(tmp_path, f"=== {language}\n{line}"):
        shifts = {
            other_days.date.fromisoformat(new.value) - other_days.date.fromisoformat(old.value)
            for old, new in zip(one.marks, other.marks, strict=True)
        }
        assert len(shifts) == 1
        moved += shifts != {other_days.timedelta(0)}
        assert all(other_days.reads(mark.printed, mark.value) for mark in other.marks)
        if "0.day" in line:  # the page still says which year it is
            assert len({mark.value[:4] for mark in other.marks}) == 1
    assert moved > 20


@pytest.mark.parametrize(
    "line",
    [
        "{day=2026-03-01:01.03.2026} {due=2026-03-07:next Saturday}",  # one that cannot be moved
        "Statement of 2026: {day=2026-03-01:01.03.} {due=2026-03-07:07.03.}",  # the year stands outside
    ],
)
def test_days_that_cannot_all_move_stay(tmp_path: Path, line: str) -> None:
    for one, other in _exchanged(tmp_path, f"=== en\n{line}", 15):
        assert one.text == other.text


def test_a_weekday_is_that_of_its_day(tmp_path: Path) -> None:
    for _, other in _exchanged(tmp_path, "=== es\n{day:jueves, 26 de marzo de 2026} {due:dom 29 mar 2026}"):
        for mark in other.marks:
            day = other_days.date.fromisoformat(mark.value).isoweekday() % 7
            assert written.possible.calendar.WEEKDAYS["es"][day].startswith(mark.printed.replace(",", " ").split()[0])


def test_one_value_in_two_notations_is_exchanged_in_both_or_in_none(tmp_path: Path) -> None:
    seen = set()
    for _, other in _exchanged(
        tmp_path, "=== de\n{total=5.20:5,20} {total:5.2} {day:3. Mai 2026} {day=2026-05-03:03.05.2026}"
    ):
        total, again, day, figures = other.marks
        assert float(total.value) == float(again.value)
        assert day.value == figures.value
        seen.add(day.value)
    assert len(seen) > 20


def test_years_stay_years_in_their_order(tmp_path: Path) -> None:
    seen = set()
    for _, other in _exchanged(tmp_path, "=== en\n{rows.0.year:1985} {rows.1.year:2024} {rows.2.year:1999}"):
        first, last, between = (int(mark.value) for mark in other.marks)
        assert 1950 <= first < between < last <= 2026
        assert (between - first, last - between) == (14, 25)
        seen.add(first)
    assert len(seen) > 3


def test_a_marked_text_is_the_same_where_it_is_not_marked(tmp_path: Path) -> None:
    text = "=== en\nDear Ann Lee,\n{name:Ann Lee}   {total:31.50}  no. {code:55011}\n"
    text += "ANN LEE, Ann Leech, a@Ann Lee.example, 55011"
    for _, other in _exchanged(tmp_path, text):
        name, _, code = other.marks
        assert other.text.startswith(f"Dear {name.value},")
        assert all(other.text.startswith(mark.printed, mark.start) for mark in other.marks)
        assert other.text.split("\n")[-1] == f"{name.value.upper()}, Ann Leech, a@Ann Lee.example, {code.value}"


def test_misread_names_stay_in_misread_documents() -> None:
    pool = Pool({("goods", "de"): ["Limonade"]}, {("goods", "de"): ["LIM0NADE"]})
    assert pool.of("goods", "de") == ["Limonade"]
    assert pool.of("goods", "de", misread=True) == ["Limonade", "LIM0NADE"]
    real = exchange.pool(held_out=False)
    clean = {mark.printed for _, one in written.documents(False) if "ocr" not in one.traits for mark in one.marks}
    assert all(set(names) <= clean for names in real.values.values())
    assert sum(map(len, real.misread.values())) > 100


def test_a_file_without_documents_and_parts_without_a_space_are_said(tmp_path: Path) -> None:
    path = tmp_path / "bill.txt"
    path.write_text(HEAD, "utf-8")
    with pytest.raises(written.Unreadable, match=r"bill\.txt: no document"):
        written.read(path)
    path.write_text(f"{HEAD}=== de\n{{name:OBERTOR 3}}{{name:88662}}\n{{shop:A}}{{code:1}} {{code:2}}", "utf-8")
    said = list(written.doubts(written.read(path).documents[0]))
    assert said == ["bill.txt:10: nothing between two parts of name: 'OBERTOR 3' and '88662'"]


def test_long_numbers_that_no_value_has_change_too(tmp_path: Path) -> None:
    """Else the digits that writers like would tell what is no value."""
    seen = set()
    for _, other in _exchanged(tmp_path, "=== de\nKd 5518 · Tel 5518\nNr {code:A-90412}\nseit 1998, Zi 12\n"):
        customer, phone = other.text.split("\n")[0].removeprefix("Kd ").split(" · Tel ")
        assert customer == phone, "one number is one wherever it stands"
        assert other.text.split("\n")[2] == "seit 1998, Zi 12", "years and short numbers stay"
        (mark,) = other.marks
        assert other.text[mark.start :].startswith(mark.printed)
        seen.add(customer)
    assert len(seen) > 20
