"""Which files a command line means: files, folders, globs, and `-` for standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from extractor.client.document import printable
from extractor.errors import DocumentError

STDIN = "-"


@dataclass(frozen=True)
class Source:
    """One document to read: the name it was given, and where its bytes are."""

    name: str
    path: Path | None

    @property
    def file(self) -> Path | None:
        """`path`, to be read. Raises DocumentError for a link that leads nowhere."""
        if self.path is not None and _dangles(self.path):
            raise DocumentError(f"Cannot read {self.name}: the link leads nowhere", code="unreadable_document")
        return self.path

    def read(self) -> bytes:
        """Raises DocumentError."""
        if self.path is None:
            return sys.stdin.buffer.read()
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise DocumentError(f"Cannot read {self.name}: {error.strerror}", code="unreadable_document") from None


def sources(inputs: Iterable[str]) -> Iterator[Source]:
    """In the order given; the files of a folder (hidden ones apart, sub-folders included) and of a glob by name.

    Raises DocumentError for an input that names nothing.
    """
    try:
        yield from _sources(inputs)
    except OSError as error:
        raise DocumentError(f"Cannot read {error.filename}: {error.strerror}", code="unreadable_document") from None


def _sources(inputs: Iterable[str]) -> Iterator[Source]:
    for text in inputs:
        path = Path(text)
        if text == STDIN:
            yield Source("stdin", None)
        elif path.is_dir():
            yield from _all(text, (file for file in path.rglob("*") if not _hidden(file.relative_to(path))))
        elif path.exists():
            yield Source(printable(text), path)
        elif any(mark in text for mark in "*?["):
            pattern = path.relative_to(path.anchor) if path.is_absolute() else path
            yield from _all(text, Path(path.anchor).glob(str(pattern)))
        else:
            raise DocumentError(f"There is no file {printable(text)}", code="unreadable_document")


def _all(text: str, found: Iterable[Path]) -> Iterator[Source]:
    files = sorted(file for file in found if file.is_file() or _dangles(file))
    if not files:
        raise DocumentError(f"{printable(text)} holds no files", code="unreadable_document")
    yield from (Source(printable(file), file) for file in files)


def _dangles(path: Path) -> bool:
    """It was meant to be a document, so it is one that failed rather than none."""
    return path.is_symlink() and not path.exists()


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
