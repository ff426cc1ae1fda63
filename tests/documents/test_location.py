"""Where a span of the text is found: the page, the part and the boxes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extractor.documents import Document, locations, read
from extractor.documents.builder import Builder
from extractor.documents.location import Location, Whereabouts
from extractor.evidence import ground
from tests.documents.samples import HEIGHT, Pdf
from tests.documents.test_builder import placed


def at(document: Document, text: str) -> list[Location]:
    start = document.text.index(text)
    return locations(document, start, start + len(text))


def evidence(document: Document, answer: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    known = ground.ground(json.dumps(answer), document, [], [])
    return {pointer: each["evidence"] for pointer, each in known.items()}


def test_text_has_neither_page_nor_part_nor_boxes() -> None:
    document = read("Total: 12.50")
    assert locations(document, 7, 12) == [Location(7, 12, None, None, ())]
    assert evidence(document, {"total": 12.5}) == {
        "/total": [{"start": 7, "stop": 12, "text": "12.50", "page": None, "part": None, "boxes": []}]
    }
    assert locations(Document("12.50"), 0, 5) == [Location(0, 5, None, None, ())], "made by hand, without pages"


def test_an_attachment_has_its_name_and_its_place_in_the_mail() -> None:
    into = Builder()
    into.begin_part("mail.eml", "message/rfc822")
    into.add("See attached.\n")
    into.begin_part("a.pdf", "application/pdf", "attachment")
    into.begin_page(width=595, height=842, how="layout")
    into.add("No. 17", placed("No. 17", 0.1, 0.1))
    document = into.document("mail.eml")
    assert at(document, "attached") == [Location(4, 12, 1, None, ())]
    (found,) = at(document, "17")
    assert (found.page, found.part) == (2, Whereabouts(2, "attachment", "a.pdf", None, None))
    assert [box.as_list() for box in found.boxes] == [[0.18, 0.1, 0.22, 0.12]]


@pytest.mark.process
def test_a_cell_is_named_and_several_are_a_range() -> None:
    document = read(b"name,town\nAda,Ely\nBob,Ham\n", media_type="text/csv", filename="people.csv")
    (one,) = at(document, "Ely")
    assert one.part == Whereabouts(1, "document", "people.csv", None, "B2")
    (both,) = at(document, "Ada | Ely")
    assert both.part is not None
    assert both.part.cell == "A2:B2"


def test_sheets_and_slides_are_named_where_there_are_several() -> None:
    into = Builder()
    into.begin_part("book.xlsx", "application/x")
    for name in ("Costs", "Old prices"):
        into.begin_page(label=name)
        into.add(f"{name} of", cell=f"'{name}'!A1")
        into.add(" | ")
        into.add("9.50", cell=f"'{name}'!B1")
    (found,) = at(document := into.document(), "Old prices of | 9.50")
    assert found.part == Whereabouts(1, "document", "book.xlsx", "Old prices", "'Old prices'!A1:B1")
    assert found.page == 2
    titled = Builder()
    titled.begin_page(label="The title of a page")
    titled.add("nothing else")
    assert at(titled.document(), "nothing")[0].part is None
    assert locations(document, 0, len(document.text))[0].page == 1


@pytest.mark.process
def test_a_value_that_goes_on_to_the_next_page_is_found_on_both() -> None:
    pdf = Pdf()
    pdf.text(60, HEIGHT - 60, "Delivered to: Larkspur Botanical")
    pdf.page()
    pdf.text(60, 80, "Research Laboratories")
    document = read(pdf.bytes())
    first, second = evidence(document, {"to": "Larkspur Botanical Research Laboratories"})["/to"]
    assert (first["page"], first["text"]) == (1, "Larkspur Botanical")
    assert (second["page"], second["text"]) == (2, "Research Laboratories")
    assert first["boxes"][0][1] > 0.8 > 0.2 > second["boxes"][0][1]


@pytest.mark.process
def test_a_value_of_several_lines_has_a_box_for_each() -> None:
    pdf = Pdf()
    pdf.text(60, 100, "Ship to: Ada Lovelace, Analytical")
    pdf.text(60, 114, "Engines Ltd, 12 Mill Lane, Ely")
    document = read(pdf.bytes())
    (found,) = evidence(document, {"ship_to": "Ada Lovelace, Analytical Engines Ltd"})["/ship_to"]
    upper, lower = found["boxes"]
    assert upper[3] <= lower[1] + 0.002
    assert upper[0] > lower[0]


@pytest.mark.process
def test_the_answer_of_a_model_is_shown_on_the_page() -> None:
    pdf = Pdf()
    label = pdf.text(60, 100, "Total")
    amount = pdf.text(400, 100, "1.250,00")
    document = read(pdf.bytes())
    (found,) = evidence(document, {"total": 1250})["/total"]
    assert (found["text"], found["page"], found["part"]) == ("1.250,00", 1, None)
    (box,) = found["boxes"]
    assert box == pytest.approx(amount, abs=0.01)
    assert box[0] > label[2]
