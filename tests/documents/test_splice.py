"""What was recognised takes the place of its page, and what stands behind it moves."""

from __future__ import annotations

from array import array

import pytest

from extractor.documents import Document, FileName, Page, Recognised
from extractor.documents.document import Cell, Picture
from extractor.documents.splice import PICTURE, PictureKey, Unread, pictures_of, with_recognised
from extractor.errors import DocumentError


def test_what_stands_behind_a_picture_moves() -> None:
    pages = (Page(1, 0, 0, how=PICTURE), Page(2, 0, 18))
    document = Document("see a.pdf attached", pages=pages, file_names=(FileName(4, 9),))
    assert pictures_of(document) == [PictureKey(1)]
    line = "Total 12.00\n"
    read = Document(line, pages=(Page(1, 0, len(line)),), recognised=(Recognised(0, 11, 0.9),), places={1: array("f")})
    whole = with_recognised(document, {PictureKey(1): read})
    assert whole.text == "Total 12.00\nsee a.pdf attached"
    assert [whole.text[name.start : name.stop] for name in whole.file_names] == ["a.pdf"]
    assert with_recognised(document, {PictureKey(1): "no reader"}).file_names == document.file_names


def test_what_a_picture_says_stands_between_the_lines_around_it() -> None:
    pages = (Page(1, 0, 12), Page(2, 12, 18))
    cells = (Cell(0, 5, "A1"), Cell(6, 11, "A2"), Cell(12, 17, "B1"))
    pictures = (Picture(1, 1, 6), Picture(1, 2, 12), Picture(2, 1, 18))
    document = Document("above\nbelow\nnext.\n", pages=pages, cells=cells, pictures=pictures)
    one = Document(
        "one\n", pages=(Page(1, 0, 4),), recognised=(Recognised(0, 3, 0.5),), places={1: array("f", [0] * 16)}
    )
    whole = with_recognised(document, {PictureKey(1, 1): one, PictureKey(1, 2): "is too much", PictureKey(2, 1): one})
    assert whole.text == "above\n\none\n\nbelow\nnext.\n\none\n"
    assert [whole.text[cell.start : cell.stop] for cell in whole.cells] == ["above", "below", "next."]
    assert [whole.text[line.start : line.stop] for line in whole.recognised] == ["one", "one"]
    assert [whole.text[page.start : page.stop][:5] for page in whole.pages] == ["above", "next."]
    assert [page.pictures for page in whole.pages] == [1, 1]
    assert [page.warnings for page in whole.pages] == [("a picture beside its text: is too much",), ()]


def test_where_nothing_else_was_read_the_error_is_that_of_the_picture() -> None:
    document = Document("", pages=(Page(1, 0, 0, how=PICTURE),))
    slow = Unread.of(DocumentError("the document cannot be read: it takes too long", code="document_too_complex"))
    with pytest.raises(DocumentError, match="it takes too long") as caught:
        with_recognised(document, {PictureKey(1): slow})
    assert caught.value.code == "document_too_complex"
    beside = Document("text", pages=(Page(1, 0, 4), Page(2, 4, 4, how=PICTURE)))
    assert with_recognised(beside, {PictureKey(2): slow}).pages[1].warnings == ("could not be read: it takes too long",)
