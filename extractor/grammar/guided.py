"""JSON Schema as llguidance's text of a grammar."""

from __future__ import annotations

import json
from typing import Any

from extractor.grammar.forced import forced_chars
from extractor.grammar.lark import in_lark
from extractor.grammar.narrow.marks import unmarked

# `coerce_one_of`: one of the options; that it is only one is validation's to check. No whitespace: it says nothing.
OPTIONS = {"whitespace_flexible": False, "coerce_one_of": True}
_MOST_FORCED = 1_000  # characters: a mask takes half a millisecond
ANY_TOKENS = '%llguidance {"no_forcing": true}'  # forced text may be any of its tokenizations; see forced.py


def guided(schema: dict[str, Any]) -> str:
    """The grammar of a JSON Schema that narrow/ has rewritten."""
    return (in_lark(schema, part) or f"start: {part(schema)}") + options(schema)


def part(schema: dict[str, Any]) -> str:
    """What stands for a JSON Schema in a rule of a grammar, as far as it is one."""
    guidance = {**OPTIONS, **schema.get("x-guidance", {})}
    return f"%json {json.dumps({**unmarked(schema), 'x-guidance': guidance}, separators=(',', ':'))}"


def options(schema: dict[str, Any]) -> str:
    """What else a grammar says that lets only answers to this schema through."""
    return f"\n{ANY_TOKENS}" if forced_chars(schema) > _MOST_FORCED else ""
