"""Schema → the grammar the engine decodes under: JSON Schema through Outlines' type to llguidance.

Knows llguidance and what schemas/keywords.py says of it; knows no tokenizer and no model (the engine binds a grammar to
its own). The text of a grammar is compact JSON, keys in the schema's order, one object and nothing after it.
"""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from extractor.errors import FieldError, SchemaError
from extractor.tighten import Bounds, Tighten
from extractor.trial import trial
from schemas import Schema
from schemas.errors import pointer

# `coerce_one_of`: one of the options; that it is only one is validation's to check. No whitespace: it says nothing.
OPTIONS = {"whitespace_flexible": False, "coerce_one_of": True}
_MOST_BLAMED = 50  # properties tried alone to find the one at fault


def compile_grammar(schema: Schema, bounds: Bounds | None = None) -> str:
    """The serialised grammar for `llguidance.LLMatcher`. Raises SchemaError when llguidance will not have it: what
    passes `schemas.check` compiles, save for combinations of branches that cannot be intersected.

    A schema from a request is tried in a child process first (trial.py), the model of a file here and now."""
    tight = Tighten(schema.json_schema, bounds or Bounds()).whole()
    grammar, error = _serialise(tight)
    at = 0
    fields = list(tight.get("properties", {}))[:_MOST_BLAMED]
    if not error and (schema.model is None or _build(grammar)):
        at, error = trial([grammar, *(_alone(tight, name) for name in fields)])
    if error:
        where = pointer("properties", fields[at - 1]) if at > 0 else ""
        raise SchemaError(f"the grammar cannot be built: {error}", errors=(FieldError(where, error),))
    return grammar


def guided(schema: dict[str, Any]) -> str:
    """llguidance's text of the grammar of a JSON Schema, as it stands."""
    written = json.dumps({**schema, "x-guidance": OPTIONS}, separators=(",", ":"))
    return f"start: %json {written}"


def serialise(schema: Schema, bounds: Bounds | None = None) -> str:
    """The grammar of `compile_grammar` before anybody has tried to build it. Raises SchemaError."""
    grammar, error = _serialise(Tighten(schema.json_schema, bounds or Bounds()).whole())
    if error:
        raise SchemaError(f"the grammar cannot be built: {error}", errors=(FieldError("", error),))
    return grammar


@dataclass(frozen=True)
class _Refusal:
    error: SchemaError
    until: float


class Grammars:
    """Compiled grammars by schema, the latest used kept. Safe to share between threads.

    A refusal is kept too, for `refusal_s`: a trial costs seconds, and may have failed for want of time or memory."""

    def __init__(self, bounds: Bounds | None = None, capacity: int = 256, refusal_s: float = 60.0) -> None:
        self._bounds, self._capacity, self._refusal_s = bounds or Bounds(), capacity, refusal_s
        self._kept: OrderedDict[str, str | _Refusal] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, schema: Schema) -> str:
        """As `compile_grammar`."""
        with self._lock:
            kept = self._kept.get(schema.sha256)
        if kept is None or (isinstance(kept, _Refusal) and time.monotonic() >= kept.until):
            kept = self._compiled(schema)
        with self._lock:
            self._kept[schema.sha256] = kept
            self._kept.move_to_end(schema.sha256)
            while len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        if isinstance(kept, _Refusal):  # an error of its own for each caller: raising writes into it
            raise SchemaError(kept.error.detail, code=kept.error.code, errors=kept.error.errors)
        return kept

    def _compiled(self, schema: Schema) -> str | _Refusal:
        try:
            return compile_grammar(schema, self._bounds)
        except SchemaError as error:
            return _Refusal(error.with_traceback(None), time.monotonic() + self._refusal_s)


class _Toolbox:
    """Outlines and llguidance, imported when the first grammar is built: Outlines brings much along."""

    @cached_property
    def json_schema(self) -> Any:
        from outlines.types import JsonSchema

        return JsonSchema

    @cached_property
    def matcher(self) -> Any:
        from llguidance import LLMatcher

        return LLMatcher

    @cached_property
    def limits(self) -> Any:
        from llguidance import LLParserLimits

        return LLParserLimits(max_grammar_size=500_000, initial_lexer_fuel=1_000_000, verbose_errors=False)


_TOOLS = _Toolbox()


def _serialise(tight: dict[str, Any]) -> tuple[str, str]:
    """(grammar, "") or ("", why not). Cheap: nothing is built yet."""
    try:
        term = _TOOLS.json_schema(tight)
    except Exception as error:
        # Outlines judges by an older draft with a library of its own; whatever it raises is about the schema.
        return "", str(error).splitlines()[0][:300]
    return guided(json.loads(term.schema)), ""


def _build(grammar: str) -> str:
    """Why the grammar cannot be built; empty when it can."""
    failed, messages = _TOOLS.matcher.validate_grammar_with_warnings(grammar, limits=_TOOLS.limits)
    return messages[0].splitlines()[0][:300] if failed else ""


def _alone(tight: dict[str, Any], name: str) -> str:
    """The grammar of one property only: when the whole cannot be built, that tells which is to blame."""
    part = {"type": "object", "properties": {name: tight["properties"][name]}, "$defs": tight["$defs"]}
    return guided(part)
