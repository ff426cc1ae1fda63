"""Schema → the grammar the engine decodes under: JSON Schema, narrowed, to llguidance.

Knows llguidance and what schemas/keywords.py says of it; knows no tokenizer and no model (the engine binds a grammar to
its own). The text of a grammar is compact JSON, keys in the schema's order, one object and nothing after it.
"""

from __future__ import annotations

import math
import threading

from cachetools import TLRUCache
from llguidance import LLMatcher

from extractor.engine.drafting.text import LIMITS
from extractor.errors import FieldError, SchemaError
from extractor.grammar.guided import guided
from extractor.grammar.narrow import Bounds, NarrowedSchema
from extractor.grammar.trial import Judge
from extractor.grammar.verdicts import Verdict, Verdicts
from schemas import Schema


def compile_grammar(schema: Schema, bounds: Bounds | None = None) -> str:
    """The serialised grammar for `llguidance.LLMatcher`, built once here: for schemas of one's own. Raises SchemaError
    when llguidance will not have it. A stranger's schema is judged where it can hurt nobody (trial.py)."""
    grammar = serialise(schema, bounds)
    if error := _build(grammar):
        raise SchemaError(f"the grammar cannot be built: {error}", errors=(FieldError("", error),))
    return grammar


def serialise(schema: Schema, bounds: Bounds | None = None) -> str:
    """The grammar of `compile_grammar` before anybody has tried to build it."""
    return guided(NarrowedSchema(schema.json_schema, bounds or Bounds()).whole())


def reason(message: str) -> str:
    """Why llguidance refuses a grammar, without its position in a text that the caller never saw."""
    line = message.partition("\n")[0]
    if "Unable to determine if regex is empty" in line:
        return "more patterns, formats and lengths meet than it can combine: anchor a pattern (^…$) or leave one out"
    if "schema is false" in line:
        return "no answer fits it: it has to hold itself without end, or rules itself out"
    return (line.partition("failed to compile JSON schema: ")[2] or line)[:200]


class Grammars:
    """Grammars by schema, the latest used kept. Safe to share between threads.

    Those of an operator's own models are built here, a stranger's by the `judge`; what he said is kept, a refusal for
    `refusal_s` (it may have failed for want of time or memory), and told to `verdicts`, which other processes ask."""

    def __init__(
        self,
        judge: Judge,
        bounds: Bounds | None = None,
        *,
        verdicts: Verdicts | None = None,
        capacity: int = 256,
        refusal_s: float = 60.0,
    ) -> None:
        self._judge, self._bounds, self.verdicts = judge, bounds or Bounds(), verdicts
        self._kept: TLRUCache[str, str | SchemaError] = TLRUCache(
            capacity, lambda _, kept, now: now + (refusal_s if isinstance(kept, SchemaError) else math.inf)
        )
        self._lock = threading.Lock()

    def known(self, schema: Schema) -> bool:
        """Whether `get` will answer without a trial."""
        return (
            self._found(schema) is not None or schema.model is not None or self._verdict_elsewhere(schema) is not None
        )

    def get(self, schema: Schema, wall_s: float = math.inf, cancel: threading.Event | None = None) -> str:
        """Raises SchemaError; for a stranger's schema what `Judge.grammar` raises too."""
        kept = self._found(schema)
        if kept is None:
            kept = self._verdict_elsewhere(schema) or self._judged(schema, wall_s, cancel)
            with self._lock:
                self._kept[schema.sha256] = kept
        if isinstance(kept, SchemaError):  # an error of its own for each caller: raising writes into it
            raise SchemaError(kept.detail, code=kept.code, errors=kept.errors)
        return kept

    def _found(self, schema: Schema) -> str | SchemaError | None:
        with self._lock:
            return self._kept.get(schema.sha256)

    def _verdict_elsewhere(self, schema: Schema) -> str | SchemaError | None:
        """What another process has found."""
        if self.verdicts is None or schema.model is not None:
            return None
        verdict = self.verdicts.get(self._key(schema))
        if verdict is None:
            return None
        if not verdict.code:
            return serialise(schema, self._bounds)
        errors = tuple(FieldError(*place) for place in verdict.errors)
        return SchemaError(verdict.detail, code=verdict.code, errors=errors)

    def _judged(self, schema: Schema, wall_s: float, cancel: threading.Event | None) -> str | SchemaError:
        try:
            if schema.model is not None:
                return compile_grammar(schema, self._bounds)
            found: str | SchemaError = self._judge.grammar(schema.json_schema, wall_s, cancel)
            verdict = Verdict()
        except SchemaError as error:
            found = error.with_traceback(None)
            verdict = Verdict(error.code, error.detail, tuple((one.pointer, one.detail) for one in error.errors))
        if self.verdicts is not None and schema.model is None:
            self.verdicts.put(self._key(schema), verdict)
        return found

    def _key(self, schema: Schema) -> str:
        return f"{self._judge.fingerprint}:{schema.sha256}"


def _build(grammar: str) -> str:
    """Why the grammar cannot be built; empty when it can."""
    failed, messages = LLMatcher.validate_grammar_with_warnings(grammar, limits=LIMITS)
    return reason(messages[0]) if failed else ""
