"""What every other room sees of a document, whatever file it was."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """A half-open span of the document's text, numbered from 1."""

    number: int
    start: int
    stop: int


@dataclass(frozen=True)
class Document:
    """`text` has `\\n` line ends and no NUL; offsets count its characters. `pages` cover it in order."""

    text: str
    media_type: str = "text/plain"
    pages: tuple[Page, ...] = ()
    filename: str | None = None

    def __repr__(self) -> str:  # document text stays out of logs and tracebacks
        return f"Document({len(self.text)} characters, {self.media_type}, {len(self.pages)} page(s))"
