"""Real Office files, mails and pages (`../shared/documents`, where it is there): what they say, in its order."""

from __future__ import annotations

from pathlib import Path

import pytest

from extractor.documents import Document
from extractor.sandbox import Rejected
from tests.documents.making import read

FOLDER = Path(__file__).parents[3] / "shared" / "documents"

SAID = {  # what stands in a file, in this order; a text with | is a whole line
    "office/docx-hdrftr.docx": [
        "First header para",
        "Table cell1 | Table cell2",
        "Main document",
        "cell1 | a",
        "para2",
    ],
    "office/docx-tables.docx": [
        "Header Col 1 | Header Col 2",
        "Lorem ipsum | A link example",
        "a | >b< | c",
        "d | e | f | g&t | h | i",
        "j | k | l",
        "a | b",
        " | c | d",
    ],
    "office/fake_table.docx": ["Header Col 1 | Header Col 2", "Lorem ipsum | A Link example", "Dolor sit amet"],
    "office/page-breaks.docx": ["First page, tab here:", "no-break hyphen here:-and", "and then more text proceeds."],
    "office/handbook-872p.docx": ["U.S. Department of Justice", "Table of Contents", "CHAPTER 6", "[6] "],
    "office/fake.odt": ["Lorem ipsum dolor sit amet.", "Header row | Mon | Wed | Fri", "Leader | Sarah | Mark | Ryan"],
    "office/fake-doc.rtf": ["My First Heading", "Column 1 | Column 2", "Row 2, Cell 1 | Row 2, Cell 2"],
    "office/fake-power-point-table.pptx": ["A Slide with a Table", "Red | Green | Blue", "Tangerine | Pink | Aqua"],
    "office/eng_spa_mult.epub": ["All human beings are born free", "Todos los seres humanos"],
    "office/2023-half-year-analyses-by-segment.xlsx": [
        "3.1 Operating segments",
        "Zone NA | 12,553 | 2,713 | 2,632 | (81) | (29) | (44) | (337)",
        "Unallocated items (e) | — | (1,164) | (1,185) | (21) | — | (7) | (131)",
        "OS-Other information 30 06 2023",
    ],
    "office/more-than-1k-cells.xlsx": [" | ".join("x" * 26)],
    "office/csv-with-escaped-commas.csv": ["A | A | A | A | A", "A | A | A | A,A | A"],
    "office/semicolon-delimited.csv": ["Lorem, ipsum | dolor sit | amet", "Ut enim | ad minim | veniam, quis"],
    "office/stanley-cups-utf-16.csv": ["Team | Location | Stanley Cups", "Maple Leafs | TOR | 13"],
    "mail/email-no-utf8-2014-03-17.111517.eml": [
        "Subject: Google Account password changed",
        "From: no-reply@accounts.google.com",
        "The password for your Google Account - slava.Gxyzxyz@gmail.com - was recently changed.",
        "1600 Amphitheatre Parkway",
    ],
    "mail/email-replace-mime-encodings-error-2.eml": [
        "Subject: RE: Random Expo",
        "“ Yes we’re interested”",
        "we´re not",
    ],
    "mail/fake-email-attachment.eml": ["Here's the attachments!", "Hey this is a fake attachment!"],
    "mail/fake-email-attachment.msg": [
        "To: Mallori Harrell <mallori@unstructured.io>",
        "Hey this is a fake attachment!",
    ],
    "mail/fake-email-utf-16-le.eml": ["Subject: Test Email", "- Violets are blue"],
    "mail/fake-email-with-cc-and-bcc.msg": [
        "Cc: steve@unstructured.io",
        "Bcc: hello@unstructured.io",
        "Please ignore.",
    ],
    "mail/mime-different-plain-html.eml": ["This is the text/plain part.", "393 recipients on ARPANET"],
    "mail/mime-multipart-digest.eml": ["Subject: Example Multipart", "Subject: First Message", "third message in the"],
    "mail/mime-word-encoded-subject.eml": ["Subject: Simple email with ☸☿ Unicode subject", "This is a simple email"],
    "web/example-10k-1p.html": [
        "☐ | TRANSITION REPORT",
        "Galaxy Gaming, Inc.",
        "Common stock | GLXZ | OTCQB marketplace",
    ],
    "web/example-steelJIS-datasheet-utf-16.html": [
        "Grade : | SNB22-3",
        "C | Si | Mn | P | S | Cr | Mo",
        "Bars | 890 | 1000 | 12 | 40",
    ],
    "web/example-with-scripts.html": ["Russian Offensive Campaign Assessment", "Karolina Hird, George Barros"],
    "web/fake-html-cp1252.html": ["Der Preis betrug 15,50 €.", "Quer mais alguma coisa?"],
    "web/ideas-page.html": [
        "January 2023",
        "The way to get new ideas is to notice anomalies",
        "yields whole new fractal buds.",
    ],
}
NEVER = {
    "mail/mime-different-plain-html.eml": ["text/html part"],
    "mail/email-no-utf8-2014-03-17.111517.eml": ["Received", "DKIM", "gaia.bounces"],
    "web/example-with-scripts.html": ["function", "@import", "jQuery", "{"],
    "web/ideas-page.html": ["refsd", "coords", "referrer"],
    "web/example-steelJIS-datasheet-utf-16.html": ["adsbygoogle", "font-size"],
    "web/example-10k-1p.html": ["margin", "Segoe", "DFIN"],
    "office/docx-hdrftr.docx": ["even", "Even"],
}
REFUSED = {
    "office/password_protected.xlsx": ("password_required", "save it without one"),
    "office/fake.doc": ("unsupported_media_type", "save it as DOCX or PDF"),
    "mail/fake-encrypted.eml": ("unreadable_document", "encrypted"),
}
PAGES = {
    "office/page-breaks.docx": 5,
    "office/handbook-872p.docx": 83,
    "office/2023-half-year-analyses-by-segment.xlsx": 5,
    "mail/mime-multipart-digest.eml": 4,
}


def load(name: str) -> Document:
    path = FOLDER / name
    if not path.exists():
        pytest.skip("no real files here")
    return read(path.read_bytes(), path.name)


@pytest.mark.parametrize("name", sorted(SAID))
def test_what_they_say(name):
    document = load(name)
    at = 0
    for said in SAID[name]:
        found = document.text.find(said, at)
        assert found >= 0, said
        at = found + 1
    assert not [unsaid for unsaid in NEVER.get(name, []) if unsaid in document.text]
    assert not document.warnings
    assert len(document.pages) == PAGES.get(name, len(document.pages))
    assert len(document.text) == document.pages[-1].stop == document.parts[-1].stop


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_refused(name):
    code, detail = REFUSED[name]
    with pytest.raises(Rejected, match=detail) as caught:
        load(name)
    assert caught.value.code == code


def test_no_file_is_forgotten():
    if not FOLDER.exists():
        pytest.skip("no real files here")
    found = {f"{folder}/{path.name}" for folder in ("office", "mail", "web") for path in (FOLDER / folder).iterdir()}
    assert found <= set(SAID) | set(REFUSED)
