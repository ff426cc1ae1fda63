"""What a document counts: in `2 parcels` the word names a number, and stands behind it. It is a label of a field that
asks for a number and has the word in its key, its title or its description (`packages`: "number of parcels")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from extractor.evidence.described import FieldDescriptions
from extractor.evidence.printed_labels import PrintedLabel
from extractor.evidence.scalars import JsonPath
from extractor.evidence.spans import Span
from extractor.evidence.word_index import plain
from schemas.nodes import nodes_at

_NUMBERS = frozenset(("integer", "number"))
_SHORTEST = 4  # letters of such a word, and of its field's
_STEM = 5  # letters by which words are the same: `retard`, `retards`
_COUNTED = re.compile(rf"(?<![\w.,:/-])(\d{{1,4}}) {{1,3}}([^\W\d_]{{{_SHORTEST},}})")


class CountedThings:
    """One document's. `descriptions` and `json_schema`: of the answer."""

    def __init__(self, text: str, descriptions: FieldDescriptions, json_schema: dict[str, Any]) -> None:
        self._descriptions, self._schema = descriptions, json_schema
        self._found: list[tuple[str, Span, Span]] = [
            (_stem(found[2]), found.span(2), found.span(1)) for found in _COUNTED.finditer(text)
        ]

    def of(self, path: JsonPath) -> Iterator[PrintedLabel]:
        """In the order of the document; none for a field that is no number."""
        if not self._found or not self._is_number(path):
            return
        stems = {_stem(word) for word in self._descriptions.words(path) if len(word) >= _SHORTEST}
        for stem, word, number in self._found:
            if stem in stems:
                yield PrintedLabel(word, number, number)

    def _is_number(self, path: JsonPath) -> bool:
        kinds = (node.get("type", ()) for node in nodes_at(self._schema, path))
        return any(not _NUMBERS.isdisjoint([kind] if isinstance(kind, str) else kind) for kind in kinds)


def _stem(word: str) -> str:
    return plain(word)[:_STEM]
