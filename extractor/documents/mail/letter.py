"""A mail's parts, sorted: what of them is its text, and what is attached (RFC 2046)."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import Message

from extractor.documents import html
from extractor.documents.blocks import Block, Break, PictureBlock, Table
from extractor.documents.html.charset import decoded
from extractor.documents.mail import plain, rtf_body, smime
from extractor.documents.mail.embedded import EmbeddedPictures, holds_more_than_a_logo, name_of, pictures_in
from extractor.documents.mail.parse import parse
from extractor.documents.mail.payload import payload
from extractor.documents.mail.words import filename, text_of
from extractor.documents.pictures_within import is_large
from extractor.sandbox import Rejected

_MOST_DEPTH = 40  # of multiparts
_FEW_WORDS = 25  # a plain part of fewer may only say that the mail is written in HTML
_TIMES = 4
_TEXTS = ("text/plain", "text/html", "text/enriched", "text/rtf")
_SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature")
_SEALED = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_PACKED = ("application/ms-tnef", "application/vnd.ms-tnef")
_PGP = "-----BEGIN PGP MESSAGE-----"


class Sealed(Rejected):
    """The mail is encrypted: no part of it can be read."""

    def __init__(self, how: str) -> None:
        super().__init__("unreadable_document", f"the mail is encrypted ({how}); decrypt it and send what it says")


@dataclass
class Attached:
    part: Message
    name: str | None
    media_type: str
    charset: str | None = None
    of_text: bool = False  # it came with the text, which may show it

    @property
    def is_message(self) -> bool:
        return self.media_type in ("message/rfc822", "message/global")

    def data(self) -> bytes:
        if not self.is_message:
            return payload(self.part)
        held = self.part.get_payload()
        inner = held[0] if isinstance(held, list) and held else None
        if not isinstance(inner, Message):
            return payload(self.part)
        if str(self.part.get("content-transfer-encoding", "")).strip().lower() in ("base64", "quoted-printable"):
            inner["content-transfer-encoding"] = self.part["content-transfer-encoding"]
            return payload(inner)
        return inner.as_bytes()


@dataclass
class Letter:
    pictures: EmbeddedPictures
    body: list[Block] = field(default_factory=list)
    attached: list[Attached] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    sealed: str = ""  # how a part of it is encrypted
    logos: int = 0  # pictures of the text that are no more than that


def sort(message: Message) -> Letter:
    """Raises Sealed where all of the mail is encrypted."""
    letter = Letter(EmbeddedPictures(message))
    _sort(message, letter, 0)
    _settle(letter)
    if letter.sealed and not letter.attached and not _words(letter.body):
        raise Sealed(letter.sealed)
    return letter


def _settle(letter: Letter) -> None:
    """Pictures that stand in the text are no parts of their own; nor are those that are too small."""
    placed = {picture.name for picture in pictures_in(letter.body)}
    kept = []
    for each in letter.attached:
        of_text = each.of_text or name_of(each.part) in letter.pictures.shown
        if not of_text or each.part.get_content_maintype() != "image":
            kept.append(each)
        elif name_of(each.part) in placed:
            continue
        elif holds_more_than_a_logo(each.part):
            kept.append(each)
        else:
            letter.logos += 1
    letter.attached = kept


def _sort(part: Message, letter: Letter, depth: int) -> None:
    kind, name = part.get_content_type(), filename(part)
    if depth > _MOST_DEPTH:
        letter.warnings.append("parts that lie too deep within each other were not read")
    elif kind == "multipart/encrypted":
        _sealed(letter, "PGP/MIME")
    elif kind in _SEALED:
        _secured(part, letter, depth)
    elif part.is_multipart() and kind.startswith("multipart/"):
        _several(part, letter, depth)
    elif kind.startswith("multipart/"):  # its parts are not to be found: the mail is cut off or badly made
        letter.warnings.append("the parts of the mail could not be told apart: it is read as text")
        letter.body += plain.blocks(text_of(payload(part), None), flowed=False, delsp=False)
    elif kind in _SIGNATURES:
        letter.warnings.append("the mail is signed; the signature was not checked")
    elif kind in _PACKED or (name or "").lower() == "winmail.dat":
        letter.warnings.append("winmail.dat (Outlook's own packing of attachments) was not read: send the mail as MSG")
    elif kind in ("message/partial", "message/external-body"):
        letter.warnings.append(f"a part ({kind}) that lies outside the mail was not read")
    elif kind == "message/delivery-status":
        headers = "\n".join(str(each) for each in part.get_payload()) if part.is_multipart() else ""
        letter.body += [Break.GAP, *plain.blocks(headers, flowed=False, delsp=False)]
    elif kind in _TEXTS and not _is_attached(part, name, letter):
        _add(letter, _text(part, kind, letter.pictures))
    else:
        letter.attached.append(Attached(part, name, kind, part.get_content_charset()))


def _several(part: Message, letter: Letter, depth: int) -> None:
    kind = part.get_content_subtype()
    children = [child for child in part.get_payload() if isinstance(child, Message)]
    if kind == "alternative":
        _alternative(children, letter, depth)
    elif kind == "related":
        _related(part, children, letter, depth)
    else:
        for child in children:
            _sort(child, letter, depth + 1)


def _alternative(children: list[Message], letter: Letter, depth: int) -> None:
    """Its text once: plain where that says as much as HTML does. Files may hang on any of them."""
    found: list[tuple[Message, Letter]] = []
    for child in children:
        own = Letter(letter.pictures)
        _sort(child, own, depth + 1)
        found.append((child, own))
    texts = [(child.get_content_type() == "text/plain", own.body) for child, own in found if _says(own.body)]
    plainly = next((body for is_plain, body in texts if is_plain), None)
    richly = next((body for is_plain, body in reversed(texts) if not is_plain), None)
    _add(letter, _better(plainly, richly))
    calendars = {"text/calendar"} if texts else set()
    for child, own in found:
        letter.warnings += own.warnings
        letter.sealed = letter.sealed or own.sealed
        letter.attached += [each for each in own.attached if each.media_type not in calendars or each.part is not child]


def _better(plainly: list[Block] | None, richly: list[Block] | None) -> list[Block]:
    if plainly is None or richly is None:
        return plainly or richly or []
    if any(map(_is_worth_reading, pictures_in(richly))):
        return richly
    few = _words(plainly)
    return richly if few < _FEW_WORDS and _words(richly) > _TIMES * few else plainly


def _says(blocks: list[Block]) -> bool:
    return _words(blocks) > 0 or any(True for _ in pictures_in(blocks))


def _is_worth_reading(picture: PictureBlock) -> bool:
    try:
        return is_large(picture.data())
    except ValueError:  # what should be base64
        return False


def _words(blocks: list[Block]) -> int:
    """About how many; a table has as many as its cells."""
    return sum(len(block.split()) if isinstance(block, str) else _cells(block) for block in blocks)


def _cells(block: Block) -> int:
    if not isinstance(block, Table):
        return 0
    return sum(_words(cell.blocks) for row in block.rows for cell in row.cells)


def _related(part: Message, children: list[Message], letter: Letter, depth: int) -> None:
    """The text and what belongs to its looks."""
    start = str(part.get_param("start", "")).strip("<> ")
    named = [child for child in children if str(child.get("content-id", "")).strip("<> ") == start] if start else []
    root = named[0] if named else children[0] if children else None
    for child in children:
        if child is root or child.get_content_maintype() != "image":
            _sort(child, letter, depth + 1)
        else:
            letter.attached.append(Attached(child, filename(child), child.get_content_type(), of_text=True))


def _is_attached(part: Message, name: str | None, letter: Letter) -> bool:
    disposition = part.get_content_disposition()
    return disposition == "attachment" or (name is not None and (disposition == "inline" or bool(letter.body)))


def _text(part: Message, kind: str, pictures: EmbeddedPictures) -> list[Block]:
    data, charset = payload(part), part.get_content_charset()
    if kind == "text/html":
        return html.blocks(decoded(data, charset), picture=pictures.at)[1]
    if kind == "text/rtf":
        return rtf_body.blocks(data, pictures)
    parameters = {name: str(part.get_param(name, "")).lower() for name in ("format", "delsp")}
    return plain.blocks(text_of(data, charset), parameters["format"] == "flowed", parameters["delsp"] == "yes")


def _add(letter: Letter, blocks: list[Block]) -> None:
    letter.body += [Break.GAP, *blocks] if letter.body and blocks else blocks
    if any(isinstance(block, str) and block.strip() == _PGP for block in blocks):
        letter.warnings.append("the text, or a part of it, is encrypted (PGP) and was not read")


def _sealed(letter: Letter, how: str) -> None:
    letter.sealed = how
    letter.warnings.append(f"a part of the mail is encrypted ({how}) and was not read")


def _secured(part: Message, letter: Letter, depth: int) -> None:
    data = payload(part)
    content = smime.signed_content(data) if smime.is_signed(data) else None
    if content is None:
        _sealed(letter, "S/MIME")
        return
    letter.warnings.append("the mail is signed; the signature was not checked")
    inner = parse(content)
    letter.pictures.include(inner)
    _sort(inner, letter, depth + 1)
