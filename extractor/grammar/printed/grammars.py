"""Grammars for one document each. What they are made from, a schema whose values are marked, is kept."""

from __future__ import annotations

import threading
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter
from typing import Any

from cachetools import LRUCache, cachedmethod

from extractor.errors import NOT_PRINTED, DocumentError, FieldError
from extractor.grammar.guided import options, part
from extractor.grammar.lark import LarkWriter
from extractor.grammar.narrow import Bounds, NarrowedSchema
from extractor.grammar.printed.check import not_printed
from extractor.grammar.printed.mark import demands_print, marked
from extractor.grammar.printed.reading import PrintedDocument
from extractor.result import Unprinted
from schemas import Schema
from schemas.keywords import Mode

JSON = dict[str, Any]
Span = tuple[int, int]  # half-open
_KEPT = 256  # schemas
_NOT_PRINTED = (
    "the document does not print what the schema needs: make these fields nullable or optional, or set options.printed "
    "to none"
)


@dataclass(frozen=True)
class Demand:
    """A schema whose values have to be printed, `marked` as mark.py does."""

    marked: JSON
    bounds: Bounds

    @cached_property
    def narrowed(self) -> JSON:
        """What a grammar of it is made from."""
        return NarrowedSchema(self.marked, self.bounds, marked=True).whole()

    def of(self, text: str, file_names: Sequence[Span] = ()) -> PrintedAnswers:
        """`file_names`: as of PrintedDocument. The grammar is for whoever uses it to build, and to refuse. Raises
        DocumentError with the code `not_printed` where no answer is possible."""
        document = PrintedDocument(text, file_names)
        if document.too_long:
            return PrintedAnswers(None, self.marked, document)
        writer = LarkWriter(self.narrowed, part, document)
        start = writer.whole()
        if start is None:
            message = "nothing that the document prints fits here"
            places = tuple(FieldError(pointer, message) for pointer in writer.missing)
            raise DocumentError(_NOT_PRINTED, code=NOT_PRINTED, errors=places)
        grammar = f"{writer.text(start)}\n{document.terminals()}\n{options(self.narrowed)}"
        return PrintedAnswers(grammar, self.marked, document, held=not writer.loose)


@dataclass(frozen=True)
class PrintedAnswers:
    """`grammar`: None where the document is longer than one may be, or says more than llguidance will have. `held`:
    whether no answer under the grammar holds a value that the document does not print."""

    grammar: str | None
    marked: JSON
    document: PrintedDocument
    held: bool = False

    def without_grammar(self) -> PrintedAnswers:
        """Where llguidance will not have it: answers are compared with the document."""
        return replace(self, grammar=None, held=False)

    def faults(self, answer: Any) -> list[FieldError]:
        """What of an answer the document does not print. A key is told at its object, which has to be written again."""
        found = [] if self.held else not_printed(answer, self.marked, self.document)
        return list(dict.fromkeys(map(_fault, found)))


def _fault(one: Unprinted) -> FieldError:
    if one.key:
        return FieldError(one.pointer.rpartition("/")[0], "has a key that is not printed in the document")
    return FieldError(one.pointer, "is not printed in the document")


class Demands:
    """Those of the schemas that were asked for last. Safe to share between threads."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._kept: LRUCache[tuple[str, Mode], Demand | None] = LRUCache(_KEPT)
        self._lock = threading.Lock()

    @cachedmethod(attrgetter("_kept"), lambda _, schema, mode: (schema.sha256, mode), attrgetter("_lock"))
    def get(self, schema: Schema, mode: Mode) -> Demand | None:
        """What has to be printed of a schema; None where nothing has."""
        return demand(schema.json_schema, mode, self._bounds)

    def unprinted(
        self, schema: Schema, answer: Any, document: PrintedDocument, found: Container[str] = ()
    ) -> list[Unprinted]:
        """All texts, numbers and free keys of an answer that the document does not print, demanded or not; values that
        were `found` there, by pointer, are not looked for."""
        every = self.get(schema, "all")
        return [] if every is None else not_printed(answer, every.marked, document, found)


def demand(json_schema: JSON, mode: Mode, bounds: Bounds) -> Demand | None:
    """None where nothing has to be printed."""
    if mode == "none" or (mode == "declared" and not demands_print(json_schema)):
        return None
    marked_schema = marked(json_schema, mode)
    return Demand(marked_schema, bounds) if demands_print(marked_schema) else None
