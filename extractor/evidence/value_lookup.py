"""Where a value of an answer may be printed: by what its field may hold (what a file is called, a yes or a no), and
which labels name it. Knows a document and a schema; chooses nothing."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from extractor.evidence.counted import CountedThings
from extractor.evidence.described import DescribedLabels, FieldDescriptions
from extractor.evidence.files import FileFields
from extractor.evidence.labels import LONGEST, Labels
from extractor.evidence.locate import DocumentIndex
from extractor.evidence.occurrence import Occurrence
from extractor.evidence.printed_labels import PrintedLabels
from extractor.evidence.scalars import JsonPath, Scalar
from extractor.evidence.spans import Span
from extractor.evidence.structure import key_of, row_of
from extractor.evidence.word_index import MOST
from extractor.evidence.yes_no import YesNo
from extractor.notation.file_names import without
from extractor.notation.key_words import key_words

_FEW = 5  # places ahead, of a value of a table


class ValueLookup:
    """Of one document, for answers to one schema. `described`: of the answer that is looked at."""

    def __init__(
        self, document: str, breaks: Sequence[int], json_schema: dict[str, Any], file_names: Sequence[Span]
    ) -> None:
        """`breaks`: where its pages begin. `file_names`: where a reader wrote what files are called: no place but for
        fields that ask for files."""
        self.index = DocumentIndex(document, breaks)
        self.printed = PrintedLabels(self.index)
        self.labels = Labels(self.index)
        self._unnamed = DocumentIndex(without(document, file_names), breaks) if file_names else self.index
        self._files = FileFields(json_schema)
        self._yes_no = YesNo(self.index, self.printed)
        self._json_schema = json_schema
        self.described = self._describe([])
        self._known: dict[tuple[str, str | DocumentIndex], tuple[int, bool, list[Occurrence]]] = {}

    def begin(self, found: Sequence[Scalar]) -> None:
        """Of another answer."""
        self.described = self._describe(found)

    @property
    def counted(self) -> CountedThings:
        """Of the answer that has begun."""
        return CountedThings(self.index.text, self.described.descriptions, self._json_schema)

    def names(self, path: JsonPath, words: Sequence[str]) -> bool:
        """Whether these words are what the schema calls the field at a path."""
        return self.described.descriptions.names(path, words)

    def of(self, scalar: Scalar, since: int) -> list[Occurrence]:
        """Those behind `since` first."""
        if scalar.value is None or scalar.value == "":
            return []
        if isinstance(scalar.value, bool):
            return self._yes_or_no(scalar.value, scalar, since)
        return self._index_for(scalar).find(scalar.value, since)

    def ahead(self, scalar: Scalar, since: int) -> list[Occurrence]:
        """Those behind `since`, in order: a few at least, where there are so many. Looked up once for many."""
        key = (repr(scalar.value), key_of(scalar) if isinstance(scalar.value, bool) else self._index_for(scalar))
        first, whole, occurrences = self._known.get(key, (len(self.index.text) + 1, False, []))
        at = bisect_left(occurrences, since, key=lambda one: one[0].start)
        if since < first or (not whole and len(occurrences) - at < _FEW):
            found = self.of(scalar, since)
            occurrences = sorted((one for one in found if one[0].start >= since), key=lambda one: one[0].start)
            self._known[key] = (since, len(found) < MOST // 2, occurrences)
            at = 0
        return occurrences[at:]

    def beside(self, value: bool, spans: Sequence[Span]) -> list[Occurrence]:
        """A yes or a no, where what it is about stands."""
        return self._yes_no.beside(value, list(spans))

    def labels_of(self, scalar: Scalar) -> list[Span]:
        """All words of its key, else what the schema calls it where that is a label, else some words of its key."""
        key = key_of(scalar)
        return self.labels.same(key) or self.described.spans(scalar.path) or self.labels.of(key)

    def _describe(self, found: Sequence[Scalar]) -> DescribedLabels:
        descriptions = FieldDescriptions(self._json_schema, map(key_of, found))
        return DescribedLabels(self.index, self.printed, descriptions)

    def _index_for(self, scalar: Scalar) -> DocumentIndex:
        """Of what a value of its field may be."""
        if self._unnamed is self.index or scalar.path in self._files:
            return self.index
        return self._unnamed

    def _yes_or_no(self, value: bool, scalar: Scalar, since: int) -> list[Occurrence]:
        """By the key, else by what the schema calls it; no row's by sentences."""
        key = key_of(scalar)
        found = self._yes_no.find(value, key, key_words(key[:LONGEST]), self.labels.of(key), since)
        found = found or self._yes_no.described(value, scalar.path, self.described, since)
        if found or row_of(scalar):
            return found
        return self._yes_no.in_sentences(value, self.labels.whole(key) or self.described.in_text(scalar.path))
