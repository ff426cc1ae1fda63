"""What is a PDF, and what only speaks of one."""

from __future__ import annotations

import pytest

from extractor.documents.pdf_header import is_pdf
from extractor.documents.sniff import sniff

OBJECT = b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
ASCII = b"%PDF-1.4\n" + OBJECT + b"trailer << /Root 1 0 R >>\n%%EOF\n"
BINARY = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n" + OBJECT
HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n"
PRINTER = b"\x1b%-12345X@PJL ENTER LANGUAGE=PDF\r\n"
MAIL = b"From: a@example.org\nTo: b@example.org\nMIME-Version: 1.0\nContent-Type: application/pdf\n\n"
PROGRAM = b'def minimal():\n    """A file."""\n    return b"""\\\n%s""".lstrip()\n\n\nprint(minimal())\n'


@pytest.mark.parametrize(
    "data",
    [
        ASCII,
        BINARY,
        b"%PDF-1.7 and no more",
        b"\xef\xbb\xbf" + ASCII,
        b"\r\n  " + ASCII,
        bytes(900) + b"%PDF-1.4 and nothing",
        PRINTER + ASCII,
        b"\x93\x02\xfa" + ASCII,
        HTTP + BINARY,
        HTTP + ASCII,
        b"saved by the scanner\n" + BINARY,
        b"saved by the scanner\n" + ASCII + bytes(4),
        b"x" * 1000 + b"\n" + BINARY,
    ],
)
def test_a_pdf_may_have_bytes_before_its_mark(data: bytes) -> None:
    assert is_pdf(data)
    assert sniff(data) == "application/pdf"


@pytest.mark.parametrize(
    "data",
    [
        b"A PDF begins with %PDF- and a version.\n",
        b"How they begin:\n%PDF-1.4\nand how they end:\n%%EOF\n",
        b"def is_pdf(data):\n    return data.startswith(b'%PDF-')\n",
        b"#!/bin/sh\nhead -c5 $1 | grep -q '%PDF-' && echo yes\n",
        b'{"body": "%PDF-1.4\\n1 0 obj"}',
        b'BODY = b"' + ASCII + b'"\n',
        PROGRAM % ASCII,
        "# f\u00fcr \u65e5\u672c\n".encode() + PROGRAM % ASCII,
        b"x" * 1024 + b"\n" + BINARY,
        b"",
    ],
)
def test_a_text_that_speaks_of_one_is_none(data: bytes) -> None:
    assert not is_pdf(data)
    assert sniff(data) == "text/plain"


def test_a_mail_that_carries_one_is_a_mail() -> None:
    assert sniff(MAIL + BINARY) == "message/rfc822"
