"""What was recognised takes the place of its page, and what stands behind it moves."""

from __future__ import annotations

from array import array

from extractor.documents import Document, FileName, Page, Recognised
from extractor.documents.splice import PICTURE, pictures_of, with_recognised


def test_what_stands_behind_a_picture_moves() -> None:
    pages = (Page(1, 0, 0, how=PICTURE), Page(2, 0, 18))
    document = Document("see a.pdf attached", pages=pages, file_names=(FileName(4, 9),))
    assert pictures_of(document) == [1]
    line = "Total 12.00\n"
    read = Document(line, pages=(Page(1, 0, len(line)),), recognised=(Recognised(0, 11, 0.9),), places={1: array("f")})
    whole = with_recognised(document, {1: read})
    assert whole.text == "Total 12.00\nsee a.pdf attached"
    assert [whole.text[name.start : name.stop] for name in whole.file_names] == ["a.pdf"]
    assert with_recognised(document, {1: "no reader"}).file_names == document.file_names
