"""The text of a mail's plain part, lines put together again where only the sender's program broke them (RFC 3676)."""

from __future__ import annotations

from extractor.documents.blocks import Block, cleaned

_SIGNATURE = "-- "


def blocks(content: str, flowed: bool, delsp: bool) -> list[Block]:
    lines = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = _unfolded(lines, delsp) if flowed else lines
    return [cleaned(line.expandtabs(8)).rstrip() for line in lines]


def _unfolded(lines: list[str], delsp: bool) -> list[str]:
    unfolded: list[str] = []
    open_depth = -1  # of quotes, of the line that goes on
    for line in lines:
        text = line.lstrip(">")
        depth = len(line) - len(text)
        text = text.removeprefix(" ")
        soft = text.endswith(" ") and text != _SIGNATURE
        if soft and delsp:
            text = text[:-1]
        if open_depth == depth and text != _SIGNATURE:
            unfolded[-1] += text
        else:
            unfolded.append(f"{'>' * depth} {text}" if depth else text)
        open_depth = depth if soft else -1
    return unfolded
