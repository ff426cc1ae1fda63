"""What a document prints in one short place of it, such as the cell behind a label: listed, value by value. A number or
a day is read as the rest of the document has it read. Knows llguidance's grammars, and of a schema one scalar."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from extractor.grammar.printed.reading import PrintedDocument
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
        return both if self._own.is_listed(leaf) else [*self._document.fitting(self._stretches, leaf), *both]

    @cached_property
    def _stretches(self) -> list[str]:
        """Of its words, the longest first; none of what is longer than such a place is."""
        chunks = self._own.chunks
        if len(chunks) > _MOST_CHUNKS:
            return []
        stretches = {
            json.loads(f'"{text}"')
            for first in range(len(chunks))
            for text in _from(chunks[first:])
            if text and text[0] != ","
        }
        return sorted(filter(self._document.has, stretches), key=lambda one: (-len(one), one))


def _from(chunks: list[str]) -> Iterator[str]:
    """What begins with the first of them."""
    text = ""
    for chunk in chunks:
        if chunk == SEPARATOR:
            return
        text += chunk
        yield text.strip(" ")
