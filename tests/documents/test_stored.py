"""A document that was read, as bytes that another process goes on with."""

from __future__ import annotations

import math
import zlib
from email.message import EmailMessage

import orjson
import pytest

from extractor.documents import Document
from extractor.documents.context import Context
from extractor.documents.convert import convert
from extractor.documents.describe import describe
from extractor.documents.sniff import sniff
from extractor.documents.stored import StoredDocument, dumps, loads
from tests.documents import making
from tests.documents.samples import PROSE, Pdf, wrapped


def pdf() -> bytes:
    document = Pdf()
    for _ in range(3):
        document.lines(60, 60, wrapped(PROSE * 6, 80))
        document.page()
    return document.bytes()


def mail() -> bytes:
    message = EmailMessage()
    message["Message-ID"], message["From"], message["Subject"] = "<a@b>", "ann@example.com", "An order"
    message.set_content("Please find it attached.")
    message.add_attachment(pdf(), maintype="application", subtype="pdf", filename="order.pdf")
    message.add_attachment("a;b\n1;2\n", subtype="csv", filename="rows.csv")
    return message.as_bytes()


def test_what_files_are_called_stands_in_the_text() -> None:
    document = loads(dumps(StoredDocument(convert(mail(), Context("message/rfc822"))))).document
    names = [document.text[name.start : name.stop] for name in document.file_names]
    assert names == ["order.pdf", "rows.csv"]
    at = document.text.index("order.pdf")
    assert describe(document)["file_names"][0] == {"start": at, "stop": at + len("order.pdf")}
    assert "file_names" not in describe(convert(b"order.pdf", Context()))


@pytest.mark.parametrize("data", [pdf(), mail(), making.docx(making.p("Total 12")), b"a;b\n1;2\n"])
def test_it_comes_back_as_it_was(data: bytes) -> None:
    document = convert(data, Context(sniff(data, "text/csv"), filename="a.csv"))
    back = loads(dumps(StoredDocument(document, 1.25)))
    assert back.document_s == 1.25
    assert back.document == document
    assert {number: places.tobytes() for number, places in back.document.places.items()} == {
        number: places.tobytes() for number, places in document.places.items()
    }
    assert describe(back.document) == describe(document)


def test_places_take_little() -> None:
    document = convert(pdf(), Context("application/pdf"))
    placed = sum(not math.isnan(left) for places in document.places.values() for left in places[::4])
    assert placed > 3_000
    assert len(dumps(StoredDocument(document))) < 5 * len(document.text)


def test_what_another_version_kept_is_read() -> None:
    """It knows something of a page that this one does not, and nothing of another thing."""
    whole = zlib.decompress(dumps(StoredDocument(Document("Total", pages=convert(b"Total", Context()).pages))))
    length = int.from_bytes(whole[:8])
    head = orjson.loads(whole[8 : 8 + length])
    head["pages"] |= {"mood": ["grey"]}
    head["weather"] = "fine"
    del head["pages"]["warnings"], head["file_names"]
    changed = orjson.dumps(head)
    back = loads(zlib.compress(len(changed).to_bytes(8) + changed + whole[8 + length :]))
    assert (back.document.text, back.document.pages[0].warnings) == ("Total", ())
