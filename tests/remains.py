"""What is left of a text in a store's folder: for tests that look for erased documents where nobody shows them."""

from __future__ import annotations

import secrets
from pathlib import Path

_BYTES = 24


def mark() -> str:
    """A text that no compression shortens, to be put into a document."""
    return secrets.token_urlsafe(_BYTES)[:_BYTES]


def holding(folder: Path, text: str | bytes, where: str = "**/*") -> list[str]:
    """The files under `folder` that hold it. A store's snapshot is compressed by LZF, which copies what it cannot
    shorten in runs of 32 bytes at most: of a text as long as a mark one half is in one run, wherever they meet."""
    said = text.encode() if isinstance(text, str) else text
    assert len(said) <= 32
    halves = said[: len(said) // 2], said[len(said) // 2 :]
    found = []
    for path in sorted(folder.glob(where)):
        try:
            content = path.read_bytes()
        except OSError:  # a folder, a socket, or gone by now
            continue
        if any(half in content for half in halves):
            found.append(path.name)
    return found
