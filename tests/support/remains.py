"""What is left of a text in a store's folder: for tests that look for erased documents where nobody shows them."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_BYTES = 24


def mark() -> str:
    """A text that no compression shortens, to be put into a document."""
    return secrets.token_urlsafe(_BYTES)[:_BYTES]


def holding(folder: Path, text: str | bytes, where: str = "**/*") -> list[str]:
    """The names of the files under `folder` that hold it."""
    return [name for name, content in _files(folder, where) if _in(text, content)]


def left(folder: Path, texts: Iterable[str]) -> list[str]:
    """Of `texts` those that some file under `folder` holds."""
    contents = [content for _, content in _files(folder, "**/*")]
    return [text for text in texts if any(_in(text, content) for content in contents)]


def _files(folder: Path, where: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.glob(where)):
        with suppress(OSError):  # a folder, a socket, or gone by now
            yield path.name, path.read_bytes()


def _in(text: str | bytes, content: bytes) -> bool:
    """A store's snapshot is compressed by LZF, which copies what it cannot shorten in runs of 32 bytes at most: of a
    text as long as a mark one half is in one run, wherever they meet."""
    data = text.encode() if isinstance(text, str) else text
    assert len(data) <= 32
    return data[: len(data) // 2] in content or data[len(data) // 2 :] in content
