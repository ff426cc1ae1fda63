"""Pictures that stand in the text of a mail, of EML and of Outlook: read in their place, and no attachments."""

from __future__ import annotations

import base64
import struct

from PIL import Image

from extractor.documents import Document
from extractor.documents.mail.rtf_html import html_of
from tests.documents.making import read
from tests.documents.ole import Tree, compound
from tests.documents.samples import saved
from tests.documents.test_mail import B64, mail, multipart, packed, part
from tests.documents.test_msg import BODY, DATA, HTML, LONG_NAME, METHOD, RTF, SUBJECT, attachment, message, properties
from tests.documents.test_pictures_within import LOGO, OTHER, PNG, SMALL, marked, warnings
from tests.documents.test_rtf import in_digits

CONTENT_ID, HIDDEN, POSITION = 0x3712, 0x7FFE, 0x370B
WORDS = "Please pay the amount that you see in the picture, and tell us when you have done so, thank you very much."
PAGE = f"<p>{WORDS}<p>Here:<img src='cid:one@x'><table><tr><td>Signed<td><img src=cid:logo@x></table>"


def picture(name: str, data: bytes, more: str = "") -> str:
    return part(f"image/png; name={name}.png", packed(data), f"Content-ID: <{name}@x>\n{more}{B64}")


def said(document: Document) -> str:
    return marked(document).partition("+0100\n")[2] or marked(document).partition("Claim\n")[2]


def names(document: Document) -> list[str | None]:
    return [each.name for each in document.parts[1:]]


def test_html_is_read_where_it_shows_a_picture() -> None:
    both = multipart("alternative", part("text/plain", WORDS), part("text/html", PAGE), mark="b2")
    related = read(mail(multipart("related", both, picture("one", PNG), picture("logo", SMALL))))
    inline = "Content-Disposition: inline\n"
    mixed = read(mail(multipart("mixed", part("text/html", PAGE), picture("one", PNG, inline), picture("logo", SMALL))))
    for document in (related, mixed):
        assert (said(document), names(document)) == (f"{WORDS}\nHere:\n#\nSigned", [])
        assert warnings(document) == [LOGO]
        assert document.pages[0].pictures_unread == 1
    plain = read(mail(multipart("related", both, picture("logo", SMALL))))
    assert said(plain) == WORDS


def test_pictures_that_the_text_does_not_show_are_attachments() -> None:
    page = part("text/html", PAGE)
    document = read(mail(multipart("mixed", page, picture("one", PNG), picture("two", OTHER))))
    assert names(document) == ["two.png"]
    assert "Attachments: two.png\n" in document.text
    unshown = read(mail(multipart("related", page, picture("one", PNG), picture("two", OTHER))))
    assert names(unshown) == ["two.png"]


def test_a_mail_that_is_a_picture() -> None:
    both = multipart("alternative", part("text/plain", " "), part("text/html", "<img src=cid:one@x>"), mark="b2")
    assert said(read(mail(multipart("related", both, picture("one", PNG))))) == "#"
    held = base64.b64encode(PNG).decode()
    page = part("text/html", f"<img src='data:image/png;base64,{held}'>")
    assert said(read(mail(multipart("alternative", part("text/plain", WORDS), page)))) == "#"


def test_the_same_picture_twice_is_read_once() -> None:
    page = part("text/html", "<p>a<img src=cid:one@x><p>b<img src=cid:two@x>")
    document = read(mail(multipart("related", page, picture("one", PNG), picture("two", PNG))))
    assert (said(document), names(document)) == ("a\n#\nb", [])


def inline(name: str, data: bytes, **more: int) -> Tree:
    own = {LONG_NAME: f"{name}.png", DATA: data, METHOD: 1, CONTENT_ID: f"{name}@x"}
    return properties(own | {HIDDEN: 1} | more, 8)


def uncompressed(rtf: bytes) -> bytes:
    return struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf


def test_outlook_html() -> None:
    tree = message(
        {SUBJECT: "Claim", BODY: WORDS, HTML: PAGE.encode()},
        attach00000000=inline("one", PNG),
        attach00000001=inline("logo", SMALL),
        attach00000002=attachment("terms.txt", b"terms"),
    )
    document = read(compound(tree))
    assert names(document) == ["terms.txt"]
    assert said(document) == f"Attachments: terms.txt\n{WORDS}\nHere:\n#\nSigned\nterms"


ENCAPSULATED = rb"""{\rtf1\ansi\ansicpg1252\fromhtml1 \fbidis \deff0{\fonttbl
{\f0\fswiss\fcharset0 Arial;}{\f1\fcharset204 Cyr;}}{\colortbl\red0\green0\blue0;}{\*\generator x;}
{\*\htmltag19 <html>}{\*\htmltag2 \par }{\*\htmltag50 <body>}{\*\htmltag64 <p title="\'fc">}\htmlrtf {\htmlrtf0
F\'fcr \u8364?5 \{a\} {\f1 \'d1\'f7\'b8\'f2}{\*\htmltag84 &lt;}\htmlrtf <\htmlrtf0 6\htmlrtf\par}\htmlrtf0
{\*\htmltag72 </p>}{\*\htmltag84 <table><tr><td>}Total\htmlrtf\tab\htmlrtf0 {\*\htmltag84 </td><td>}
{\*\htmltag84 <img src="cid:one@x">}\htmlrtf \objattph \htmlrtf0{\*\htmltag84 </td></tr></table>}
{\*\mhtmltag84 <img src="no">}{\*\htmltag58 </body>}{\*\htmltag27 </html>}}"""


def test_html_within_the_rtf_of_outlook() -> None:
    assert html_of(ENCAPSULATED) == (
        '<html>\n<body><p title="ü">Für €5 {a} Счёт&lt;6</p><table><tr><td>Total</td><td>'
        '<img src="cid:one@x"></td></tr></table></body></html>'
    )
    packed_rtf = uncompressed(ENCAPSULATED)
    document = read(compound(message({SUBJECT: "Claim", RTF: packed_rtf}, attach00000000=inline("one", PNG))))
    assert (said(document), names(document)) == ("Für €5 {a} Счёт<6\nTotal\n#", [])
    with_plain = message({SUBJECT: "Claim", BODY: WORDS, RTF: packed_rtf}, attach00000000=inline("one", PNG))
    assert said(read(compound(with_plain))) == "Für €5 {a} Счёт<6\nTotal\n#"
    for cut in range(0, len(ENCAPSULATED), 7):
        html_of(ENCAPSULATED[:cut])


def test_pictures_in_the_rtf_of_outlook() -> None:
    rtf = rb"{\rtf1\ansi above\par {\pict\pngblip " + in_digits(OTHER).encode() + rb"}\par between\objattph  \par below"
    bitmap = saved(Image.new("RGB", (400, 300), "blue"), "BMP")
    pasted = properties({METHOD: 6, POSITION: 20}, 8) | {"__substg1.0_3701000D": {"CONTENTS": bitmap[14:]}}
    tree = message(
        {SUBJECT: "Claim", RTF: uncompressed(rtf + rb"\objattph\par}")},
        attach00000000=properties({LONG_NAME: "notes.txt", DATA: b"notes", METHOD: 1, POSITION: 30}, 8),
        attach00000001=pasted,
    )
    document = read(compound(tree))
    assert names(document) == ["notes.txt"]
    assert said(document) == "Attachments: notes.txt\nabove\n#\nbetween\n#\nbelow\nnotes"


def test_outlook_mails_within_mails_with_pictures() -> None:
    tree = message({SUBJECT: "Claim", HTML: PAGE.encode()}, header=24, attach00000000=inline("one", PNG))
    for depth in range(4):
        held = properties({METHOD: 5, 0x3001: f"mail {depth}"}, 8) | {"__substg1.0_3701000D": tree}
        tree = message({SUBJECT: "Claim", BODY: "see below"}, header=24 if depth < 3 else 32, attach00000000=held)
    document = read(compound(tree))
    assert len(document.parts) == 4
    assert any("deeper than 3 levels" in each for each in warnings(document))
