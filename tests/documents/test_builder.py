"""A document as its reader writes it: offsets, places, limits, and the way out of a child."""

from __future__ import annotations

from array import array

import pytest

from extractor.documents import packing
from extractor.documents.builder import AllDrawn, Builder
from extractor.documents.context import Context
from extractor.documents.document import Cell, Document
from extractor.documents.limits import ReadLimits
from extractor.sandbox import Rejected


def placed(text: str, left: float, top: float, size: float = 0.02) -> array:
    """Glyphs in a row."""
    return array("f", [part for at in range(len(text)) for part in _box(left + at * size, top, size)])


def _box(left: float, top: float, size: float) -> tuple[float, ...]:
    return left, top, left + size, top + size


@pytest.fixture
def document() -> Document:
    into = Builder()
    into.begin_part("mail.eml", "message/rfc822")
    into.add("Subject: Größe\r\n")
    into.begin_part("a.pdf", "application/pdf", "attachment")
    into.begin_page(width=595, height=842, how="layout")
    into.add("No. 17", placed("No. 17", 0.1, 0.1))
    into.add("   ")
    into.add("12,50", placed("12,50", 0.6, 0.1))
    into.begin_page(label="Sheet 1")
    into.add("B", cell="B7")
    into.add("C\ud800", cell="C7")
    into.warn("one thing")
    return into.document("mail.eml")


def test_pages_and_parts_cover_the_text(document: Document) -> None:
    assert document.text == "Subject: Größe\nNo. 17   12,50\nBC\ufffd"
    assert [(page.start, page.stop, page.part) for page in document.pages] == [(0, 15, 1), (15, 30, 2), (30, 33, 2)]
    assert [(part.name, part.kind, part.start, part.stop) for part in document.parts] == [
        ("mail.eml", "document", 0, 15),
        ("a.pdf", "attachment", 15, 33),
    ]
    assert document.media_type == "message/rfc822"
    assert (document.pages[1].number, document.pages[1].how, document.pages[1].width) == (2, "layout", 595)
    assert document.pages[2].warnings == ("one thing",)


def test_what_stands_at_an_offset(document: Document) -> None:
    at = document.text.index("12,50")
    part = document.part_at(at)
    assert part is not None
    assert part.number == 2
    assert document.cell_at(document.text.index("C")) == Cell(31, 33, "C7")
    assert document.cell_at(at) is None
    for nowhere in (-1, len(document.text), 10_000):
        assert document.part_at(nowhere) is None


def test_a_box_a_line(document: Document) -> None:
    start = document.text.index("No.")
    (whole,) = document.boxes(start, start + len("No. 17   12,50"))
    assert whole.as_list() == [0.1, 0.1, 0.7, 0.12]
    assert whole.page == 2
    (last,) = document.boxes(document.text.index("12,50"), len(document.text))
    assert last.as_list() == [0.6, 0.1, 0.7, 0.12]
    assert document.boxes(0, 9) == []


def test_boxes_of_what_breaks_across_lines_columns_and_pages() -> None:
    into = Builder()
    into.begin_page()
    into.add("Karls", placed("Karls", 0.3, 0.9))
    into.add("ruhe\n", placed("ruhe\n", 0.6, 0.1))  # joined, from the foot of one column to the head of the next
    into.begin_page()
    into.add("Baden", placed("Baden", 0.1, 0.1))
    document = into.document()
    assert [(box.page, *box.as_list()) for box in document.boxes(0, len(document.text))] == [
        (1, 0.3, 0.9, 0.4, 0.92),
        (1, 0.6, 0.1, 0.68, 0.12),
        (2, 0.1, 0.1, 0.2, 0.12),
    ]


def test_it_comes_through_the_wire(document: Document) -> None:
    back = packing.unpack(*packing.pack(document))
    assert back == document
    assert {number: each.tobytes() for number, each in back.places.items()} == {2: document.places[2].tobytes()}
    read = Builder()
    read.begin_page(how="ocr")
    read.add("line", confidence=0.5)
    assert packing.unpack(*packing.pack(read.document())).confidence(0, 4) == 0.5


def test_limits_are_kept_while_reading() -> None:
    into = Builder(ReadLimits(characters=10, pages=2, parts=1))
    into.begin_part("a", "text/plain")
    into.begin_part("b", "text/plain", "attachment")
    with pytest.raises(Rejected, match="more than 1 parts"):
        into.begin_part("c", "text/plain", "attachment")
    into.begin_page()
    into.begin_page()
    with pytest.raises(Rejected, match="more than 2 pages") as caught:
        into.begin_page()
    assert caught.value.code == "document_too_complex"
    into.add("12345")
    with pytest.raises(Rejected, match="more than 10 characters"):
        into.add("678901")


def test_only_the_pages_that_are_wanted_are_drawn() -> None:
    into = Builder(draw={2})
    assert not into.begin_page()
    into.draw(lambda: pytest.fail("not this one"))
    assert into.begin_page()
    into.draw(lambda: b"picture")
    with pytest.raises(AllDrawn):
        into.begin_page()
    assert into.drawn == {2: b"picture"}


def test_parts_are_read_by_the_same_readers_and_a_bad_one_costs_only_itself() -> None:
    into = Builder(ReadLimits(parts=4))
    into.begin_part("m.eml", "message/rfc822")
    into.add("Hello\n")
    context = Context(limits=into.limits)
    context.embedded("für x".encode("cp1252"), into, filename="note.txt")
    context.embedded(b"PK\x05\x06" + bytes(18), into, filename="a.zip")
    context.embedded(b"\xff\xfe\x00", into, filename="bad.txt")
    context.embedded(b"one", into)
    context.embedded(b"one too many", into)
    Context(depth=3).embedded(b"too deep", into)
    document = into.document()
    assert document.text == "Hello\nfür x\none"
    assert [part.name for part in document.parts] == ["m.eml", "note.txt", "a.zip", "bad.txt", None]
    warnings = " ".join(warning for page in document.pages for warning in page.warnings)
    assert "a.zip: the document is a ZIP archive" in warnings
    assert "bad.txt: the document is not text" in warnings
    assert "more than 4 parts" in warnings
    assert "deeper than 3 levels" in warnings
