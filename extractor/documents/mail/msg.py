"""MSG, Outlook's file of a mail → the same mail as MIME, which reader.py reads ([MS-OXMSG], [MS-OXPROPS]).

olefile finds the streams; the properties are read here, as the library for them (extract-msg) is GPL.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterable, Iterator

import olefile

from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.mail import reader
from extractor.documents.mail.embedded import PLACE
from extractor.documents.mail.ole_picture import ole_picture
from extractor.documents.mail.properties import Properties, Storage
from extractor.documents.mail.rtf_body import unpacked
from extractor.documents.sniff import sniff
from extractor.sandbox import Rejected

SUBJECT, HEADERS = 0x0037, 0x007D
SENT, DELIVERED = 0x0039, 0x0E06
SENDER, SENDER_MAIL, SENDER_SMTP, ON_BEHALF, ON_BEHALF_MAIL = 0x0C1A, 0x0C1F, 0x5D01, 0x0042, 0x0065
TO, CC, BCC = 0x0E04, 0x0E03, 0x0E02
NAME, MAIL, SMTP, ROLE = 0x3001, 0x3003, 0x39FE, 0x0C15
BODY, HTML, RTF = 0x1000, 0x1013, 0x1009
DATA, LONG_NAME, SHORT_NAME, KIND, METHOD = 0x3701, 0x3707, 0x3704, 0x370E, 0x3705
POSITION, CONTENT_ID, CONTENT_LOCATION, FLAGS, HIDDEN = 0x370B, 0x3712, 0x3713, 0x3714, 0x7FFE
_EMBEDDED, _OLE = 5, 6
_IN_HTML = 4  # of the flags
_NOWHERE = -1  # a position
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
    text = [_text(own), *(part for part, of_text in attached if of_text)]
    head = [f"{label}: {content}" for label, content in _head(own, storage) if content]
    parts = [_several("related", text), *(part for part, of_text in attached if not of_text)]
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
    elif (rich := unpacked(own.raw(RTF))).startswith(b"{\\rtf"):
        found.append(_part("text/rtf", "", rich))
    return _several("alternative", found)


def _several(kind: str, parts: list[bytes]) -> bytes:
    mark = f"=_{kind}".encode()
    inner = b"".join(b"--%b\r\n%b\r\n" % (mark, part) for part in parts)
    return b'Content-Type: multipart/%b; boundary="%b"\r\n\r\n%b--%b--' % (kind.encode(), mark, inner, mark)


def _attachments(storage: Storage, depth: int) -> Iterator[tuple[bytes, bool]]:
    """Each as a part of MIME, and whether it belongs to the text."""
    found = [(folder, Properties(folder, header=8)) for folder in storage.folders("__attach_version1.0_")[:_MOST]]
    placed = [one for _, one in found if one.has(POSITION) and one.number(POSITION) != _NOWHERE]
    placed.sort(key=lambda one: one.number(POSITION) & 0xFFFFFFFF)
    for folder, one in found:
        name = _line(one.text(LONG_NAME) or one.text(SHORT_NAME) or one.text(NAME))
        inner = folder.folder(f"__substg1.0_{DATA:04X}000D")
        if one.number(METHOD) == _EMBEDDED and inner is not None:
            if depth < _MOST_DEPTH:
                yield b"Content-Type: message/rfc822\r\n\r\n" + _message(inner, depth + 1), False
            continue
        kind = one.text(KIND).strip().lower()
        if kind == "multipart/signed":  # the whole of a signed mail, as MIME
            yield one.raw(DATA).strip(), False
            continue
        kind = kind if _TOKEN.fullmatch(kind) and not kind.startswith(("multipart/", "message/")) else ""
        content = base64.b64encode(name.encode("utf-8", "replace")).decode()
        data = ole_picture(inner) if one.number(METHOD) == _OLE and inner is not None else one.raw(DATA)
        kind = sniffed if (sniffed := sniff(data)).startswith("image/") else kind or "application/octet-stream"
        head = [f'Content-Disposition: attachment; filename="=?utf-8?B?{content}?="', *_addresses(one, placed)]
        of_text = bool(one.number(HIDDEN) or one.number(FLAGS) & _IN_HTML or one.number(METHOD) == _OLE)
        yield _part(kind, "", data, head), of_text and kind.startswith("image/")


def _addresses(one: Properties, placed: list[Properties]) -> Iterator[str]:
    """By which the text calls an attachment that it shows."""
    if content_id := _line(one.text(CONTENT_ID)):
        yield f"Content-ID: <{content_id}>"
    if location := _line(one.text(CONTENT_LOCATION)):
        yield f"Content-Location: {location}"
    if one in placed:
        yield f"Content-Location: {PLACE}{placed.index(one)}"


def _part(kind: str, charset: str, data: bytes, more: Iterable[str] = ()) -> bytes:
    head = [f"Content-Type: {kind}{f'; charset={charset}' if charset else ''}", "Content-Transfer-Encoding: base64"]
    head += more
    return "\r\n".join([*head, "", ""]).encode() + base64.encodebytes(data)


def _line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())
