"""Where documents are cut, and what windows show."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import replace

import pytest

from extractor.documents import Document, FileName, Page, Part
from extractor.windows import lines
from extractor.windows.cut import Cutter, Room
from extractor.windows.lines import DocumentLines, cells_of, is_heading
from tests.support.long_documents import HEADER, ledger


def words(texts):
    return [len(text.split()) + text.count("\n") for text in texts]


def cut(text, tokens=60, rows=float("inf"), pages=(), parts=()):
    document = Document(text, pages=tuple(pages), parts=tuple(parts))
    return document, Cutter(document, words, Room(tokens, rows)).windows


def covers(document, windows):
    """Their own spans are the document, one after the other."""
    at = 0
    for window in windows:
        assert window.start <= window.fresh == at < window.stop
        at = window.stop
    assert at == len(document.text)


def test_windows_cover_the_document_and_keep_to_their_room():
    document, _ = ledger(60, 300)
    windows = Cutter(document, words, Room(200)).windows
    covers(document, windows)
    assert all(words([window.text(document)])[0] <= 200 for window in windows)
    assert len(windows) < 45


@pytest.mark.parametrize("seed", range(30))
def test_any_text_is_covered(seed):
    dice = random.Random(seed)
    pieces = [
        "word",
        "two words",
        "a   b   c",
        "\n",
        "\n\n",
        "HEADING",
        "1. First",
        "x" * 400,
        "\x0b",
        "\u2028",
        "| ",
        ".",
    ]
    text = "".join(dice.choice(pieces) + dice.choice(["", " ", "\n"]) for _ in range(dice.randint(1, 400)))
    document, windows = cut(text, tokens=dice.randint(8, 90))
    covers(document, windows)
    for window in windows:
        shown = window.text(document)
        for start, stop in ((0, len(shown)), (len(shown) // 3, len(shown) // 2 + 1)):
            places = window.places(start, stop)
            assert "".join(document.text[place.start : place.stop] for place in places) == shown[start:stop]


def test_a_page_ends_a_window_rather_than_a_line_within_it():
    text, pages = "", []
    for number in range(1, 5):
        start, text = len(text), text + f"Page {number} begins.\n" + "and it goes on and on here.\n" * 5
        pages.append(Page(number, start, len(text)))
    _, windows = cut(text, tokens=60, pages=pages)
    assert [window.fresh for window in windows] == [page.start for page in pages]


def test_an_attachment_begins_a_window_and_shows_nothing_of_the_letter():
    letter, sheet = "Dear all,\nplease find the list.\n" * 6, "Name   Price\nBolt   1.00\nNut   0.10\n" * 3
    parts = [Part(1, None, "message/rfc822", "document", 0, len(letter))]
    parts.append(Part(2, "list.csv", "text/csv", "attachment", len(letter), len(letter + sheet)))
    document, windows = cut(letter + sheet, tokens=70, parts=parts)
    second = next(window for window in windows if window.fresh >= len(letter))
    assert second.fresh == second.start == len(letter)
    assert "Dear" not in second.text(document)


def test_a_heading_begins_a_window():
    text = "\n".join(f"{at}. Section\nIt says a thing or two about it.\nAnd one more thing." for at in range(1, 30))
    document, windows = cut(text, tokens=60)
    assert all(window.text(document).split("\n")[0].endswith("Section") for window in windows)


@pytest.mark.parametrize("gap", ["   ", " | ", "\t"])
def test_a_table_that_is_cut_shows_the_names_of_its_columns_again(gap):
    header = gap.join(["Code", "Day", "What", "Amount"])
    rows = [gap.join([f"R{at}", "2024-03-01", "Work", f"{at}.50"]) for at in range(40)]
    document, windows = cut("Statement\n\n" + "\n".join([header, *rows]) + "\n", tokens=60)
    assert len(windows) > 2
    for window in windows[1:]:
        assert window.text(document).startswith(header + "\n")
        assert window.fresh == window.start  # rows end where they end: nothing is shown twice
        assert [place.repeated for place in window.places(0, 4)] == [True]
    shown = "".join(document.text[window.fresh : window.stop] for window in windows)
    assert all(row in shown for row in rows)


def test_a_table_goes_on_over_pages_that_do_not_name_its_columns():
    document, _ = ledger(10, 50)
    windows = Cutter(document, words, Room(110)).windows
    assert len(windows) > 2
    assert all(HEADER in window.text(document) for window in windows)


def test_a_table_whose_columns_are_named_on_each_page_repeats_nothing():
    page = HEADER + "\n" + "\n".join(f"R{at}   2024-03-01   Work   {at}.50" for at in range(5)) + "\n\n"
    text = page * 6
    pages = [Page(at + 1, at * len(page), (at + 1) * len(page)) for at in range(6)]
    document, windows = cut(text, tokens=70, pages=pages)
    assert len(windows) > 2
    assert all(len(window.pieces) == 1 for window in windows)
    assert all(window.text(document).count(HEADER) >= 1 for window in windows)


def test_rows_of_two_lines_are_not_cut_within():
    row = "R{at}   2024-03-01   Work that is   {at}.50\n      described on two lines\n"
    document, windows = cut(HEADER + "\n" + "".join(row.format(at=at) for at in range(40)), tokens=60)
    assert len(windows) > 2
    assert all(document.text[window.fresh :].startswith(("R", "Code")) for window in windows)


@pytest.mark.parametrize("size", range(5, 60, 5))
def test_a_row_that_fits_a_window_is_not_cut(size):
    """Whatever share of it that takes."""
    rows = ["   ".join(["Code", "What", "Amount"])]
    rows += [f"R{at}   {' '.join(['work'] * (size - 4))}   {at}.50" for at in range(12)]
    document, windows = cut("\n".join(rows) + "\n")
    covers(document, windows)
    for row in rows:
        assert any(row in window.text(document) for window in windows), row
    assert all(words([window.text(document)])[0] <= 60 for window in windows)


def test_a_sentence_that_a_seam_cuts_is_shown_whole_by_the_next_window():
    text = "\n".join(f"and so the story goes on in line {at} without an end" for at in range(60))
    document, windows = cut(text, tokens=120)
    assert all(window.start < window.fresh for window in windows[1:])
    covers(document, windows)


def test_rows_fill_a_window_sooner_because_their_answers_are_long():
    document, _ = ledger(10, 50, prose=0)
    wide = Cutter(document, words, Room(200)).windows
    narrow = Cutter(document, words, Room(200, rows=40)).windows
    assert len(narrow) > 2 * len(wide)


def test_a_window_in_two_halves():
    document, _ = ledger(10, 50)
    cutter = Cutter(document, words, Room(120))
    for window in cutter.windows:
        halves = cutter.halves(window)
        assert len(halves) > 1
        assert (halves[0].start, halves[0].fresh, halves[-1].stop) == (window.start, window.fresh, window.stop)
        assert all(one.stop == other.fresh for one, other in itertools.pairwise(halves))
    single = Cutter(Document("one line"), words, Room(120))
    assert len(single.halves(single.windows[0])) < 2


@pytest.mark.parametrize("long", [False, True])
def test_windows_of_several_sizes_are_cut_of_the_same_lines(long, monkeypatch):
    document, _ = ledger(20, 100)
    text = document.text + "word " * 200 if long else document.text
    document, judged = Document(text, pages=document.pages), []
    found = lines._judged
    monkeypatch.setattr(lines, "_judged", lambda *given: judged.append(given) or found(*given))
    shared, rooms = DocumentLines(document), [Room(120), Room(200), Room(90, rows=40), Room(200)]
    windows = [Cutter(document, words, room, shared).windows for room in rooms]
    assert len(judged) == (4 if long else 1), "the long line is cut for each size"
    assert windows == [Cutter(document, words, room).windows for room in rooms]
    assert len(set(map(len, windows))) == 3


def test_a_window_is_a_document_with_pages():
    document, _ = ledger(10, 50)
    for window in Cutter(document, words, Room(120)).windows:
        own = window.document(document)
        assert own.pages[0].start == 0
        assert own.pages[-1].stop == len(own.text)
        for page, after in itertools.pairwise(own.pages):
            assert page.stop == after.start
            assert own.text[after.start :].startswith(f"Statement of account, page {after.number} ")


def test_a_window_knows_where_files_are_named():
    document, _ = ledger(10, 50)
    starts = [found.start() for found in re.finditer("Statement", document.text)]
    named = replace(document, file_names=tuple(FileName(at, at + len("Statement")) for at in starts))
    windows = [window.document(named) for window in Cutter(named, words, Room(120)).windows]
    assert len(windows) > 2
    for own in windows:
        names = [own.text[name.start : name.stop] for name in own.file_names]
        assert names == ["Statement"] * own.text.count("Statement")


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("a   b", 2),
        ("a | b | c", 3),
        ("a  b  c", 3),
        ("One sentence.  Another one.", 0),
        ("just words", 0),
        ("a\tb", 2),
    ],
)
def test_rows(line, cells):
    assert len(cells_of(line)) == cells


@pytest.mark.parametrize("line", ["# Terms", "1. Parties", "2.3 Payment of fees", "GENERAL TERMS"])
def test_headings(line):
    assert is_heading(line)
    assert not is_heading(line + " apply to all that was said before, and to what is going to be said below it.")
