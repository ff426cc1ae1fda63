"""Whether a document prints a text: as a run of its chunks (words.py), which its grammar lets through, or as one in
other capitals and with other signs between its words, which says the same. One rule for the grammar, for what compares
finished answers and for `extractor eval`. Pure."""

from __future__ import annotations

import unicodedata
from functools import cached_property
from itertools import accumulate

from extractor.grammar.printed.words import SEPARATOR, chunks, escaped


class PrintedRuns:
    """Of one document."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def chunks(self) -> list[str]:
        return chunks(self._text)

    def has(self, text: str) -> bool:
        """As it stands, white space folded. No value begins with a comma, which may be one that joins lines."""
        wanted = escaped(" ".join(text.split()))
        return bool(wanted) and wanted[0] != "," and SEPARATOR not in wanted and self._exactly.has(wanted)

    def says(self, text: str) -> bool:
        """Its letters and digits, one after the other, as whole words; of a text without any all of it."""
        wanted = _letters(text)
        return self._loosely.has(wanted) if wanted else self.has(text)

    @cached_property
    def _exactly(self) -> _Joined:
        return _Joined(self.chunks)

    @cached_property
    def _loosely(self) -> _Joined:
        return _Joined([one if one == SEPARATOR else _letters(one) for one in self.chunks])


class _Joined:
    """Pieces as one text, and where they begin and end."""

    def __init__(self, pieces: list[str]) -> None:
        self._whole, self._seams = "".join(pieces), {0, *accumulate(map(len, pieces))}

    def has(self, wanted: str) -> bool:
        """Whether some of them, one after the other, are `wanted`."""
        at = self._whole.find(wanted)
        while at >= 0 and not (at in self._seams and at + len(wanted) in self._seams):
            at = self._whole.find(wanted, at + 1)
        return at >= 0


def _letters(text: str) -> str:
    """With the marks that belong to them."""
    if text.isascii():
        return "".join(filter(str.isalnum, text.lower()))
    return "".join(filter(_says, unicodedata.normalize("NFC", text.casefold())))


def _says(char: str) -> bool:
    return char.isalnum() or (unicodedata.category(char).startswith("M") and char not in "\ufe0e\ufe0f")
