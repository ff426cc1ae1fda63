"""Outlook's mails, made as it makes them."""

from __future__ import annotations

import datetime
import struct

import pytest

from extractor.documents.mail.rtf_body import unpacked
from extractor.sandbox import Rejected
from tests.documents.making import docx, p, read
from tests.documents.ole import Tree, compound

MSG = "application/vnd.ms-outlook"
SUBJECT, SENDER, SENDER_SMTP, TO, BODY, HTML, RTF = 0x0037, 0x0C1A, 0x5D01, 0x0E04, 0x1000, 0x1013, 0x1009
NAME, SMTP, ROLE, DATA, LONG_NAME, METHOD = 0x3001, 0x39FE, 0x0C15, 0x3701, 0x3707, 0x3705
SENT, CODE_PAGE = 0x0039, 0x3FFD
WHEN = (datetime.datetime(2026, 1, 2, 10) - datetime.datetime(1601, 1, 1)) // datetime.timedelta(microseconds=1) * 10


def properties(of: dict[int, str | bytes | int], header: int, narrow: str = "") -> Tree:
    """Streams of strings and bytes, and the table of numbers; times are numbers that need 64 bits."""
    tree: Tree = {}
    table = bytes(header)
    for number, value in of.items():
        if isinstance(value, int):
            kind = 0x40 if value > 2**32 else 3
            table += struct.pack("<IIQ", number << 16 | kind, 6, value)
        elif isinstance(value, bytes):
            tree[f"__substg1.0_{number:04X}0102"] = value
        elif narrow:
            tree[f"__substg1.0_{number:04X}001E"] = value.encode(narrow) + b"\0"
        else:
            tree[f"__substg1.0_{number:04X}001F"] = value.encode("utf-16-le")
    tree["__properties_version1.0"] = table
    return tree


def message(of: dict[int, str | bytes | int], header: int = 32, narrow: str = "", **folders: Tree) -> Tree:
    return properties(of, header, narrow) | {
        f"__{name.rstrip('0123456789')}_version1.0_#{name[-8:]}": folder for name, folder in folders.items()
    }


USUAL: dict[int, str | bytes | int] = {
    SUBJECT: "Bestellung für Köln",
    SENDER: "Erika",
    SENDER_SMTP: "e@example.com",
    SENT: WHEN,
}


def recipient(name: str, address: str, role: int) -> Tree:
    return properties({NAME: name, SMTP: address, ROLE: role}, 8)


def attachment(name: str, data: bytes) -> Tree:
    return properties({LONG_NAME: name, DATA: data, METHOD: 1}, 8)


def warnings(document) -> list[str]:
    return [warning for page in document.pages for warning in page.warnings]


@pytest.mark.process
def test_a_mail_with_people_and_attachments():
    tree = message(
        USUAL | {BODY: "Guten Tag,\r\nzwanzig Schrauben bitte.\r\n"},
        recip00000000=recipient("Otto", "o@example.com", 1),
        recip00000001=recipient("c@example.com", "c@example.com", 2),
        recip00000002=recipient("Dora", "/O=X/CN=DORA", 3),
        attach00000000=attachment("Größe.docx", docx(p("aus Word"))),
        attach00000001=attachment("notes.txt", b"n" * 6_000),
    )
    document = read(compound(tree))
    assert document.media_type == MSG
    assert document.text.startswith(
        "Subject: Bestellung für Köln\nFrom: Erika <e@example.com>\nTo: Otto <o@example.com>\nCc: c@example.com\n"
        "Bcc: Dora\nDate: Fri, 02 Jan 2026 10:00:00 +0000\nAttachments: Größe.docx, notes.txt\n\n"
        "Guten Tag,\nzwanzig Schrauben bitte.\n\naus Word\nnnn"
    )
    assert [part.name for part in document.parts] == [None, "Größe.docx", "notes.txt"]


def test_bytes_of_a_code_page():
    tree = message({SUBJECT: "Żółw", SENDER: "Łukasz", TO: "Świat", BODY: "Gęś", CODE_PAGE: 1250}, narrow="cp1250")
    assert read(compound(tree)).text == "Subject: Żółw\nFrom: Łukasz\nTo: Świat\n\nGęś\n"


def test_html_and_rtf_alone():
    page = "<html><style>p{}</style><p>Preis: 5 &euro; f\xfcr</p>".encode("cp1252")
    assert read(compound(message({SUBJECT: "x", HTML: page, CODE_PAGE: 1252}))).text == "Subject: x\n\nPreis: 5 € für\n"
    rtf = rb"{\rtf1\ansi\ansicpg1252 Preis \'80 5\par zwei}"
    packed = struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf
    assert read(compound(message({SUBJECT: "x", RTF: packed}))).text == "Subject: x\n\nPreis € 5\nzwei\n"


def test_compressed_rtf():
    """The examples of [MS-OXRTFCP], 3.1 and 3.2."""
    packed = "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    assert unpacked(bytes.fromhex(packed)) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    packed = "1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0"
    assert unpacked(bytes.fromhex(packed)) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"
    for cut in range(0, len(packed) // 2):
        unpacked(bytes.fromhex(packed)[:cut])


def test_messages_within_messages():
    inner = message({SUBJECT: "Inner", BODY: "within"}, header=24, attach00000000=attachment("a.txt", b"deep"))
    held = properties({METHOD: 5, NAME: "Inner"}, 8) | {"__substg1.0_3701000D": inner}
    document = read(compound(message(USUAL | {BODY: "outer"}, attach00000000=held)))
    assert [(part.name, part.kind) for part in document.parts] == [
        (None, "document"),
        ("Inner", "message"),
        ("a.txt", "attachment"),
    ]
    assert document.text.endswith("outer\n\nSubject: Inner\nAttachments: a.txt\n\nwithin\n\ndeep")


def test_signed_and_sealed():
    signed = (
        b"Content-Type: multipart/signed; boundary=s\r\n\r\n--s\r\nContent-Type: text/plain\r\n\r\nsigned\r\n--s--\r\n"
    )
    held = properties({LONG_NAME: "smime.p7m", DATA: signed, 0x370E: "multipart/signed"}, 8)
    assert "signed\n" in read(compound(message(USUAL, attach00000000=held))).text
    held = properties({LONG_NAME: "smime.p7m", DATA: bytes(99), 0x370E: "application/pkcs7-mime"}, 8)
    with pytest.raises(Rejected, match="encrypted"):
        read(compound(message(USUAL, attach00000000=held)))


def test_damaged_files():
    whole = compound(message(USUAL | {BODY: "said " * 2_000}, attach00000000=attachment("a.txt", b"n" * 6_000)))
    for cut in (100, 600, 1_500, 5_000, len(whole) - 600):
        with pytest.raises(Rejected) as caught:
            read(whole[:cut])
        assert caught.value.code in ("unreadable_document", "unsupported_media_type")
