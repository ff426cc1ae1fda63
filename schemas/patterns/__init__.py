"""Regular expressions of a schema: what they mean, for the grammar and the validator alike.

A schema's patterns are ECMAScript's. Neither engine that meets them reads ECMAScript: to both a `[` in a class opens
another, `\\<` is the start of a word, and they differ in what `\\s` is. So a pattern is read here, once (read.py), and
each engine is given the same thing in words that mean one thing only (write.py); where a grammar must do without
anchors inside, they are worked out first (anchors.py). What nobody can match in linear time is refused with the reason.
"""

from __future__ import annotations

from schemas.patterns.bounded import begin_apart, bounded, unbounded
from schemas.patterns.cursor import PatternError
from schemas.patterns.meaning import fault, for_grammar, for_validator, of_whole_text
from schemas.patterns.measure import Measure, measure, pattern_size
from schemas.patterns.translate import as_ecmascript

__all__ = [
    "Measure", "PatternError", "as_ecmascript", "begin_apart", "bounded", "fault", "for_grammar", "for_validator",
    "measure", "of_whole_text", "pattern_size", "unbounded",
]  # fmt: skip
