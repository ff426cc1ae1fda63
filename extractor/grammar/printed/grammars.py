"""Grammars for one document each. What they are made from, a schema whose values are marked, is kept."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache

from extractor.errors import FieldError
from extractor.grammar.narrow import Bounds, Tighten
from extractor.grammar.printed.check import not_printed
from extractor.grammar.printed.lark import printed_grammar, rewritten_printed
from extractor.grammar.printed.mark import marked, marks
from extractor.grammar.printed.reading import Reading
from extractor.grammar.rewrite import held
from schemas import Schema
from schemas.keywords import Mode

JSON = dict[str, Any]
_KEPT = 256  # schemas


@dataclass(frozen=True)
class Demand:
    """A schema whose values have to be printed. `narrowed`: of it, what a grammar is made from."""

    marked: JSON
    narrowed: JSON

    def of(self, text: str) -> PrintedAnswers:
        """Raises DocumentError with the code `not_printed` where no answer is possible."""
        document = Reading(text)
        if document.too_long:
            return PrintedAnswers(None, self.marked, document)
        try:
            grammar, loose = printed_grammar(self.narrowed, document)
        except RecursionError:  # definitions in a chain longer than anybody writes
            return PrintedAnswers(None, self.marked, document)
        if held(grammar) is None:
            return PrintedAnswers(None, self.marked, document)
        return PrintedAnswers(grammar, self.marked if loose else None, document)


@dataclass(frozen=True)
class PrintedAnswers:
    """`grammar`: None where the document is longer than one may be, or says more than llguidance will have. `unheld`:
    the marked schema where an answer under the grammar may still hold a value that the document does not print."""

    grammar: str | None
    unheld: JSON | None
    document: Reading

    def rewritten(self, narrowed: JSON, answer: str, pointers: list[str]) -> str | None:
        """The grammar of an answer of which only the values at `pointers` are written again, where there is one."""
        return None if self.grammar is None else rewritten_printed(narrowed, self.document, answer, pointers)

    def faults(self, answer: Any) -> list[FieldError]:
        """The values of an answer that the document does not print."""
        return not_printed(answer, self.unheld, self.document) if self.unheld is not None else []


class Demands:
    """Safe to share between threads."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._kept: LRUCache[tuple[str, Mode], Demand | None] = LRUCache(_KEPT)
        self._of_all: LRUCache[str, JSON] = LRUCache(_KEPT)  # marked schemas
        self._lock = threading.Lock()

    def get(self, schema: Schema, mode: Mode) -> Demand | None:
        """What has to be printed of a schema; None where nothing has."""
        if mode == "none" or (mode == "declared" and not marks(schema.json_schema)):
            return None
        key = (schema.sha256, mode)
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        made = demand(schema.json_schema, mode, self._bounds)
        with self._lock:
            self._kept[key] = made
        return made

    def unprinted(self, schema: Schema, answer: Any, document: Reading) -> list[str]:
        """The pointers of all texts and numbers of an answer that the document does not print, demanded or not."""
        with self._lock:
            said = self._of_all.get(schema.sha256)
        if said is None:
            said = marked(schema.json_schema, "all")
            with self._lock:
                self._of_all[schema.sha256] = said
        return [error.pointer for error in not_printed(answer, said, document)]


def demand(json_schema: JSON, mode: Mode, bounds: Bounds) -> Demand | None:
    """None where nothing has to be printed."""
    said = marked(json_schema, mode)
    return Demand(said, Tighten(said, bounds).whole()) if marks(said) else None
