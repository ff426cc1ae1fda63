"""What a part of a mail holds, without its transfer encoding."""

from __future__ import annotations

from email.message import Message


def payload(part: Message) -> bytes:
    held = part.get_payload(decode=True)
    if isinstance(held, bytes):
        return held
    return str(part.get_payload()).encode("utf-8", "surrogateescape")
