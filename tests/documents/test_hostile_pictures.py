"""Pictures within documents that are odd, broken or too many: the text around them stands, and a warning says what is
the matter."""

from __future__ import annotations

import base64
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from extractor.documents import Document, read
from extractor.documents.limits import ReadLimits
from extractor.documents.readers import Readers
from tests.documents.making import docx, p
from tests.documents.samples import saved
from tests.documents.test_mail import B64, mail, multipart, packed, part
from tests.documents.test_pdf_images import claim, lines, receipt
from tests.documents.test_pictures_within import drawing, holding, warnings
from tests.documents.test_rtf import in_digits, rtf

pytest.importorskip("extractor.documents.ocr.rapid")

RECEIPT = ["CAFE LUNA", "Espresso 2,40", "TOTAL 4,30"]


def shown(data: bytes) -> dict[str, bytes]:
    """Documents that show a picture between two lines, by their format."""
    address = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    body = p("above") + p(runs=drawing("one")) + p("below")
    related = part("image/png", packed(data), f"Content-ID: <x@x>\n{B64}")
    return {
        "html": f"<p>above</p><img src='{address}'><p>below</p>".encode(),
        "docx": holding(docx(body), "word/_rels/document.xml.rels", one=data),
        "rtf": rtf(r"above\par {\pict\pngblip\picwgoal6000\pichgoal2000 " + in_digits(data) + r"}\par below\par"),
        "eml": mail(multipart("related", part("text/html", "<p>above<img src=cid:x@x><p>below"), related)),
    }


def of_frames(kind: str) -> bytes:
    held = io.BytesIO()
    receipt().save(
        held, kind, save_all=True, append_images=[Image.new("RGB", (900, 300), (at, 0, 0)) for at in range(9)]
    )
    return held.getvalue()


def within(document: Document) -> list[str]:
    found = lines(document)
    return found[found.index("above") + 1 : found.index("below")]


@pytest.mark.parametrize(
    "data",
    [
        saved(receipt().convert("CMYK"), "JPEG"),
        saved(Image.fromarray(np.asarray(receipt().convert("L")).astype("uint16") * 257), "PNG"),
        of_frames("GIF"),
        of_frames("WEBP"),
        saved(receipt(), "AVIF"),
    ],
    ids=["cmyk", "16 bits", "gif", "webp", "avif"],
)
def test_kinds_of_pictures(readers: Readers, data: bytes) -> None:
    for name, file in shown(data).items():
        document = read(file, filename=f"a.{name}", readers=readers)
        assert (within(document), warnings(document)) == (RECEIPT, [])


def lies(wide: int, high: int) -> bytes:
    """A PNG that says that it is larger than it is."""
    head = b"IHDR" + struct.pack(">IIBBBBB", wide, high, 1, 0, 0, 0, 0)
    good = saved(Image.new("1", (8, 8)), "PNG")
    return good[:8] + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + good[33:]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (saved(receipt(), "PNG")[:2_000], "the picture is damaged or incomplete"),
        (lies(5_000, 5_000), "the picture is damaged or incomplete"),
        (lies(30_000, 30_000), "the picture has 900,000,000 pixels; the limit is 80,000,000"),
        (lies(2**31 - 1, 2**31 - 1), "the limit is 80,000,000"),
    ],
)
def test_broken_pictures(readers: Readers, data: bytes, reason: str) -> None:
    for name, file in shown(data).items():
        document = read(file, filename=f"a.{name}", readers=readers)
        assert within(document) == []
        (page,) = document.pages
        assert (page.pictures, page.pictures_unread) == (0, 1)
        assert reason in page.warnings[0] or (name == "eml" and "logos" in page.warnings[0])


def test_addresses_that_are_none(readers: Readers) -> None:
    broken = "".join(
        f"<img src='{address}'>"
        for address in (
            "data:image/png;base64,iVBORw0K!!%%==",
            "data:image/png;base64,",
            "data:,",
            "data:",
            "data:image/",
        )
    )
    document = read(f"<p>above{broken}<p>below".encode(), filename="a.html", readers=readers)
    assert (within(document), warnings(document)) == ([], ["2 pictures not read: damaged"])


def test_a_logo_of_200_pages_is_read_once(readers: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []
    recognise = readers.recognise
    monkeypatch.setattr(readers, "recognise", lambda *asked: looked_at.append(asked[2]) or recognise(*asked))
    document = read(claim(receipt(), pages=200), readers=readers)
    assert looked_at == [(1, 1)]
    assert [page.pictures for page in document.pages] == [1] + 199 * [0]


def numbered(number: int) -> bytes:
    image = Image.new("RGB", (160, 60), "white")
    ImageDraw.Draw(image).text((5, 8), f"{number}.50", fill=0, font=ImageFont.load_default(34))
    return saved(image, "PNG")


def test_of_500_pictures_no_more_are_read_than_the_limit_that_is_named(readers: Readers) -> None:
    body = "".join(p(f"row {at}") + p(runs=drawing(f"i{at}", 5, 2)) for at in range(500))
    pictures = {f"i{at}": numbered(at) for at in range(500)}
    file = holding(docx(body), "word/_rels/document.xml.rels", **pictures)
    document = read(file, readers=readers, limits=ReadLimits(pictures=3))
    assert lines(document)[:7] == ["row 0", "0.50", "row 1", "1.50", "row 2", "2.50", "row 3"]
    assert (document.pages[0].pictures, document.pages[0].pictures_unread) == (3, 497)
    assert warnings(document) == ["497 pictures beside its text: no more than 3 of a document are read"]
