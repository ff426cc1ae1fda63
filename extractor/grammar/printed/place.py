"""What a document prints in one short place of it, such as the cell behind a label: listed, value by value. A number or
a day is read as the rest of the document has it read. Knows llguidance's grammars, and of a schema one scalar."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import accumulate, takewhile
from typing import Any

from extractor.grammar.printed.reading import PrintedDocument, patterned
from extractor.grammar.printed.words import SEPARATOR

JSON = dict[str, Any]

_MOST_CHUNKS = 80  # of a place: as many as are listed in a moment


class PrintedPlace:
    """The `text` of a place of `document`, whose grammar the terminals are of."""

    def __init__(self, document: PrintedDocument, text: str) -> None:
        self._document, self._own = document, PrintedDocument(text)

    def terminal(self, leaf: JSON, *, spare: bool = False, but: str = "") -> str | None:  # noqa: ARG002
        """As `PrintedDocument.terminal`, of a value. None where nothing fits that stands there."""
        kinds = leaf["type"] if isinstance(leaf["type"], list) else [leaf["type"]]
        found = list[str]()
        if "string" in kinds:
            found += self._texts(leaf)
        if "number" in kinds or "integer" in kinds:
            own = set(self._own.numbers(leaf))
            found += [one for one in self._document.numbers(leaf) if one in own]
        return self._document.named(found)

    def _texts(self, leaf: JSON) -> list[str]:
        own = set(self._own.listed(leaf))
        both = [one for one in self._document.listed(leaf) if one in own]
        if self._own.is_listed(leaf):
            return both
        return [*self._document.fitting(self._stretches(anywhere=patterned(leaf)), leaf), *both]

    def _stretches(self, *, anywhere: bool) -> list[str]:
        """What its words begin with: what stands behind a label stands there from its first word on. `anywhere`: or
        from any other. None of what is longer than such a place is."""
        chunks = self._own.chunks
        if len(chunks) > _MOST_CHUNKS:
            return []
        begins = [at for at, chunk in enumerate(chunks) if any(map(str.isalnum, chunk))]
        texts = (text for at in (begins if anywhere else begins[:1]) for text in _from(chunks[at:]))
        return list(filter(self._document.has, dict.fromkeys(texts)))


def _from(chunks: list[str]) -> Iterator[str]:
    """What begins with the first of them."""
    for text in accumulate(takewhile(_is_text, chunks)):
        yield json.loads(f'"{text}"').strip()


def _is_text(chunk: str) -> bool:
    return chunk != SEPARATOR
