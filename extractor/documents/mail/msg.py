"""MSG, Outlook's file of a mail → the same mail as MIME, which reader.py reads ([MS-OXMSG], [MS-OXPROPS]).

olefile finds the streams; the properties are read here, as the library for them (extract-msg) is GPL.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator

import olefile

from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.mail import reader
from extractor.documents.mail.properties import Properties, Storage
from extractor.documents.mail.rtf_body import plain_of
from extractor.sandbox import Rejected

SUBJECT, HEADERS = 0x0037, 0x007D
SENT, DELIVERED = 0x0039, 0x0E06
SENDER, SENDER_MAIL, SENDER_SMTP, ON_BEHALF, ON_BEHALF_MAIL = 0x0C1A, 0x0C1F, 0x5D01, 0x0042, 0x0065
TO, CC, BCC = 0x0E04, 0x0E03, 0x0E02
NAME, MAIL, SMTP, ROLE = 0x3001, 0x3003, 0x39FE, 0x0C15
BODY, HTML, RTF = 0x1000, 0x1013, 0x1009
DATA, LONG_NAME, SHORT_NAME, KIND, METHOD = 0x3701, 0x3707, 0x3704, 0x370E, 0x3705
_EMBEDDED = 5
_ROLES = {1: "To", 2: "Cc", 3: "Bcc"}
_MOST = 500  # recipients, attachments
_MOST_DEPTH = 5
_DATE = re.compile(r"^date:\s*(\S[^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_TOKEN = re.compile(r"[\w.+-]+/[\w.+-]+")


def read(data: bytes, into: Builder, context: Context) -> None:
    """Raises Rejected `unreadable_document` for what is no mail."""
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            mail = _message(Storage(ole, ()), 0)
    except OSError:  # olefile's own errors among them
        raise Rejected("unreadable_document", "the Outlook mail is damaged or cut off") from None
    reader.read(mail, into, context)


def _message(storage: Storage, depth: int) -> bytes:
    own = Properties(storage, header=32 if depth == 0 else 24)
    attached = list(_attachments(storage, depth))
    head = [f"{label}: {content}" for label, content in _head(own, storage) if content]
    parts = [_text(own), *attached]
    mark = f"=_part_{depth}"
    body = b"".join(b"--%b\r\n%b\r\n" % (mark.encode(), part) for part in parts)
    head += ["MIME-Version: 1.0", f'Content-Type: multipart/mixed; boundary="{mark}"', "", ""]
    return "\r\n".join(head).encode("utf-8", "replace") + body + b"--%b--\r\n" % mark.encode()


def _head(own: Properties, storage: Storage) -> Iterator[tuple[str, str]]:
    yield "Subject", _line(own.text(SUBJECT))
    sender = own.text(SENDER) or own.text(ON_BEHALF)
    yield "From", _person(sender, own.text(SENDER_SMTP) or own.text(SENDER_MAIL) or own.text(ON_BEHALF_MAIL))
    people: dict[str, list[str]] = {"To": [], "Cc": [], "Bcc": []}
    for folder in storage.folders("__recip_version1.0_")[:_MOST]:
        one = Properties(folder, header=8)
        role = _ROLES.get(one.number(ROLE), "To")
        people[role].append(_person(one.text(NAME), one.text(SMTP) or one.text(MAIL)))
    for role, kind in (("To", TO), ("Cc", CC), ("Bcc", BCC)):
        yield role, ", ".join(filter(None, people[role])) or _line(own.text(kind))
    sent = _DATE.search(own.text(HEADERS))
    yield "Date", _line(sent[1]) if sent else own.date(SENT) or own.date(DELIVERED)


def _person(name: str, address: str) -> str:
    name, address = _line(name), _line(address)
    if "@" not in address:  # of Exchange: a path in its directory
        return name or address
    return f"{name} <{address}>" if name and name != address else address


def _text(own: Properties) -> bytes:
    """Both wordings, where there are two; the reader takes the one that says more."""
    found = []
    if content := own.text(BODY):
        found.append(_part("text/plain", "utf-8", content.encode("utf-8", "replace")))
    if page := own.raw(HTML):
        charset = "utf-8" if own.is_text(HTML) else own.charset
        found.append(_part("text/html", charset, own.text(HTML).encode() if own.is_text(HTML) else page))
    if not found and (packed := own.raw(RTF)):
        found.append(_part("text/plain", "utf-8", plain_of(packed).encode("utf-8", "replace")))
    inner = b"".join(b"--=_text\r\n%b\r\n" % part for part in found)
    return b'Content-Type: multipart/alternative; boundary="=_text"\r\n\r\n%b--=_text--' % inner


def _attachments(storage: Storage, depth: int) -> Iterator[bytes]:
    for folder in storage.folders("__attach_version1.0_")[:_MOST]:
        one = Properties(folder, header=8)
        name = _line(one.text(LONG_NAME) or one.text(SHORT_NAME) or one.text(NAME))
        inner = folder.folder(f"__substg1.0_{DATA:04X}000D")
        if one.number(METHOD) == _EMBEDDED and inner is not None:
            if depth < _MOST_DEPTH:
                yield b"Content-Type: message/rfc822\r\n\r\n" + _message(inner, depth + 1)
            continue
        kind = one.text(KIND).strip().lower()
        if kind == "multipart/signed":  # the whole of a signed mail, as MIME
            yield one.raw(DATA).strip()
            continue
        kind = kind if _TOKEN.fullmatch(kind) and not kind.startswith(("multipart/", "message/")) else ""
        content = base64.b64encode(name.encode("utf-8", "replace")).decode()
        yield _part(
            kind or "application/octet-stream", "", one.raw(DATA), f'attachment; filename="=?utf-8?B?{content}?="'
        )


def _part(kind: str, charset: str, data: bytes, disposition: str = "") -> bytes:
    head = [f"Content-Type: {kind}{f'; charset={charset}' if charset else ''}", "Content-Transfer-Encoding: base64"]
    head += [f"Content-Disposition: {disposition}"] if disposition else []
    return "\r\n".join([*head, "", ""]).encode() + base64.encodebytes(data)


def _line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())
