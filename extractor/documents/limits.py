"""How much of a document is read."""

from __future__ import annotations

from dataclasses import dataclass

from extractor.sandbox import Rejected

MAX_CONTROLS = 0.01  # of the characters of a text: stray control characters happen in real ones


@dataclass(frozen=True)
class ReadLimits:
    """Of one document with all its parts. `pictures` is how many are recognised, `pixels` is of one picture;
    `expanded_bytes` what archives and compressed streams may grow to; `depth` how deep parts lie within parts."""

    characters: int = 10_000_000
    pages: int = 2_000
    parts: int = 20
    depth: int = 3
    pictures: int = 200
    pixels: int = 80_000_000
    expanded_bytes: int = 256 * 1024 * 1024

    def check(self, what: str, size: int, most: int) -> None:
        """Raises Rejected `document_too_complex` when `size` is above `most`."""
        if size > most:
            raise Rejected("document_too_complex", f"the document has more than {most:,} {what}", limit=most)
