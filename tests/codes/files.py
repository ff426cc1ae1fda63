"""Files of which only a worker finds out that they cannot be read, by the code that tells why."""

from __future__ import annotations

from dataclasses import dataclass

from reportlab.lib.pdfencrypt import StandardEncryption

from tests.documents.samples import Pdf


@dataclass(frozen=True)
class BadFile:
    """`password`: what is sent along."""

    code: str
    content: bytes
    password: str | None = None


def _locked() -> bytes:
    pdf = Pdf(encrypt=StandardEncryption("open sesame", ownerPassword="owner", strength=128))
    pdf.text(60, 100, "Confidential")
    return pdf.bytes()


LOCKED = _locked()
FILES = (
    BadFile("unreadable_document", b"%PDF-1.7 and no more"),
    BadFile("document_too_complex", b"<html><a " + b"x=1 " * 2001 + b">A-7</a></html>"),
    BadFile("password_required", LOCKED),
    BadFile("password_wrong", LOCKED, "open"),
    BadFile("unsupported_media_type", LOCKED.replace(b"/Standard", b"/Nonsense")),
    BadFile("undecodable_document", b"\xff\xfeab\x00\xd8"),
    BadFile("empty_document", b"<html><p></p></html>"),
)
