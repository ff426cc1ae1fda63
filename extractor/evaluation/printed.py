"""Which values of an answer the document does not print: those that were invented, or concluded. What the grammar of
printed values takes is printed, by the same rule (grammar/printed/). So is what stands there in other capitals or with
other signs between its words, and where evidence would look (evidence/locate.py). What a schema lists (an enum, a
constant) and booleans need not be printed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any

from extractor.evaluation.normal import is_number
from extractor.evaluation.shape import JSON, SchemaShape
from extractor.evidence.files import FileFields
from extractor.evidence.locate import DocumentIndex
from extractor.evidence.occurrence import Fragment, Occurrence
from extractor.evidence.scalars import JsonPath
from extractor.grammar.printed.candidates import MOMENTS, Candidates
from extractor.grammar.printed.runs import PrintedRuns
from extractor.notation.file_names import without
from extractor.notation.find import date_and_time
from extractor.notation.word_pieces import is_cut_at
from schemas.errors import parts_of
from schemas.errors import pointer as pointer_to
from schemas.jsontext import exact

# Letters apart from digits (`20kg`), and each character of scripts that are written without spaces.
_PART = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|\\d+|[^\\W\\d_]+")
_ENDS = re.compile(r"[^\w\s|]{0,3}(?:\s*$|\s*\n|  |\t| ?\|)")
_BEGINS = re.compile(r"(?:\n ?|  |\t|\|| \|)$")
_LINES = 3  # from a cell's line to the next one of the same cell


def written_values(json_schema: JSON, answer: Any) -> dict[str, str | int | Decimal]:
    """The texts and numbers of an answer by pointer, without those that the schema lists."""
    return dict(_values(SchemaShape.of(json_schema), exact(answer), ""))


class PrintedText:
    """One document, and what is asked of it. `file_names`: where a reader wrote what files are called, which is printed
    for the fields of `json_schema` that ask for files."""

    def __init__(self, text: str, file_names: Sequence[tuple[int, int]] = (), json_schema: JSON | None = None) -> None:
        self._words = _PrintedWords(without(text, file_names))
        self._with_names = _PrintedWords(text) if file_names else self._words
        self._fields = FileFields(json_schema or {})

    def __contains__(self, value: str | int | Decimal) -> bool:
        return value in self._words

    def prints(self, value: str | int | Decimal, pointer: str) -> bool:
        """Whether a field there may have it from the document."""
        return value in self._words or (_path(pointer) in self._fields and value in self._with_names)


class _PrintedWords:
    def __init__(self, text: str) -> None:
        self._text, self._index = text, DocumentIndex(text)
        self._runs, self._candidates = PrintedRuns(text), Candidates(text)

    def __contains__(self, value: str | int | Decimal) -> bool:
        if not isinstance(value, str):
            return bool(self._index.find(value)) or value in self._numbers
        if self._runs.says(value) or value in self._spelled:
            return True
        return any(self._stands(value, found) for found in self._index.find(value)) or self._is_moment(value)

    @cached_property
    def _numbers(self) -> set[Decimal]:
        return set(map(Decimal, self._candidates.numbers))

    @cached_property
    def _spelled(self) -> frozenset[str]:
        return frozenset((*self._candidates.spellings, *self._candidates.emails))

    def _is_moment(self, value: str) -> bool:
        """One that is made of a day and a time that the document prints."""
        if date_and_time(value) is None:
            return False
        return any(value in (self._candidates.of_format(name) or ()) for name in MOMENTS)

    def _stands(self, value: str, found: Occurrence) -> bool:
        """Whether what evidence would show is the value, and no collection of its words: whole words in one place, or
        whole cells one below the other."""
        if len(found) == 1:
            return is_cut_at(self._text, found[0].start, found[0].stop)
        printed = "".join(_letters(self._text[one.start : one.stop]) for one in found)
        return printed == _letters(value) and all(self._goes_on(one, other) for one, other in pairwise(found))

    def _goes_on(self, one: Fragment, other: Fragment) -> bool:
        """Whether a cell ends with the one and a cell in one of the next lines begins with the other."""
        before, between = self._text[max(0, other.start - 2) : other.start], self._text[one.stop : other.start]
        return bool(_ENDS.match(self._text, one.stop) and _BEGINS.search(before)) and 1 <= between.count("\n") <= _LINES


def _path(pointer: str) -> JsonPath:
    return tuple(int(part) if part.isdecimal() else part for part in parts_of(pointer))


def _values(shape: SchemaShape, value: Any, pointer: str) -> Iterator[tuple[str, str | int | Decimal]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _values(shape.below(key), one, pointer + pointer_to(key))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _values(shape.below(at), one, f"{pointer}/{at}")
    elif not shape.listed:
        if isinstance(value, str):
            yield pointer, value
        elif is_number(value):
            yield pointer, value if isinstance(value, int) else Decimal(str(value))


def _letters(text: str) -> str:
    return "".join(_PART.findall(text.casefold()))
