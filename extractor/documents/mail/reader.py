"""EML: a mail's subject, people and date as lines with labels, its text once, then what is attached, by the readers of
those kinds."""

from __future__ import annotations

from email.message import Message

from extractor.documents.block_lines import write
from extractor.documents.blocks import Block, Break
from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.mail.letter import sort
from extractor.documents.mail.parse import messages, narrowed, parse
from extractor.documents.mail.words import date, field, people


def read(data: bytes, into: Builder, context: Context) -> None:
    first, *more = messages(narrowed(data))
    message = parse(first)
    letter = sort(message)
    into.begin_page()
    head, names = _head(message), [each.name for each in letter.attached if each.name]
    write(head, into)
    _write_names(names, into)
    write([Break.GAP, *letter.body], into, begun=bool(head or names))
    for warning in dict.fromkeys(letter.warnings):
        into.warn(warning)
    if letter.logos:
        into.leave_out("no larger than logos in a mail's text are, or of a kind that is not read", letter.logos)
    if letter.attached or more:
        into.add("\n")
    left = len(letter.attached) + len(more)
    for attached in letter.attached:
        if into.parts_left < 1:
            break
        left -= 1
        kind = "message" if attached.is_message else "attachment"
        name = attached.name or (_subject(attached.part) if attached.is_message else None)
        context.embedded(
            attached.data(), into, filename=name, media_type=attached.media_type, charset=attached.charset, kind=kind
        )
    for other in more[: max(0, into.parts_left)]:
        left -= 1
        context.embedded(other, into, media_type="message/rfc822", kind="message")
    if left:
        into.warn(f"{left:,} further attachments or mails were not read: no more than {into.limits.parts} parts are")


def _head(message: Message) -> list[Block]:
    lines = {
        "Subject": field(message, "Subject"),
        "From": people(message, "From") or people(message, "Sender"),
        "To": people(message, "To"),
        "Cc": people(message, "Cc"),
        "Bcc": people(message, "Bcc"),
        "Date": date(message),
    }
    return [f"{label}: {content}" for label, content in lines.items() if content]


def _write_names(names: list[str], into: Builder) -> None:
    """Of what is attached, on the head's last line."""
    for at, name in enumerate(names):
        into.add(", " if at else "Attachments: ")
        into.add(name, names_file=True)
    into.newline()


def _subject(part: Message) -> str | None:
    held = part.get_payload()
    inner = held[0] if isinstance(held, list) and held else None
    return (field(inner, "Subject") or None) if isinstance(inner, Message) else None
