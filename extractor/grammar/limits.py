"""The limits that an answer under a schema has while it is written (extractor/engine/limits/): those of `Bounds`, and
where the schema itself names more, so much. What a grammar bounds it ends itself, and sooner."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from extractor.engine.limits.limits import Limits, SchemaKeys
from extractor.grammar.free_keys import has_free_keys
from extractor.grammar.narrow.bounds import Bounds, widened
from schemas import keywords
from schemas.checks.numbers import is_number
from schemas.patterns.shortest import shortest

_MOST_ENDINGS = 100
_KEY_OF_PATTERN = 1_000  # characters
_MORE_DIGITS = 3  # than of any number that the schema names


def limits_of(schema: dict[str, Any], bounds: Bounds) -> Limits:
    """Of the answers to a schema that `schemas.check` has passed."""

    def values_of(*names: str) -> list[Any]:
        return [value for name in names for value in keywords.values_of(schema, name)]

    literals = list(_within(values_of("enum", "const")))
    texts = [len(one) for one in literals if isinstance(one, str)]
    sizes = [len(one) for one in literals if isinstance(one, list | dict)]
    digits = [_length(one) for one in (*literals, *values_of(*keywords.BOUNDS, "multipleOf")) if is_number(one)]
    counts = [int(one) for one in values_of("minProperties", "maxProperties") if is_number(one)]
    declared = [len(name) for names in values_of("properties") if isinstance(names, dict) for name in names]
    wide, least = widened(bounds, schema), Limits()
    key = _KEY_OF_PATTERN if values_of("patternProperties", "propertyNames") else bounds.max_key_chars
    return Limits(
        chars=max(wide.max_chars, *texts, 0),
        key_chars=max(key, *declared, *texts, 0),
        digits=max(least.digits, *(one + _MORE_DIGITS for one in digits), 0),
        items=max(wide.max_items, *sizes, 0),
        keys=max(wide.max_items, *sizes, *counts, 0) + len(declared),
        endings=tuple(_endings(schema)),
        names=_names(schema) if has_free_keys(schema) else None,
    )


def _names(schema: dict[str, Any]) -> SchemaKeys:
    """Keys that it speaks of."""
    declared = {name for names in keywords.values_of(schema, "properties") if isinstance(names, dict) for name in names}
    literals = _within([value for key in ("enum", "const") for value in keywords.values_of(schema, key)])
    descriptions = [one for one in keywords.values_of(schema, "description") if isinstance(one, str)]
    return SchemaKeys(
        frozenset(declared | {one for one in literals if isinstance(one, str)}), "\n".join(descriptions).casefold()
    )


def _endings(schema: dict[str, Any]) -> list[bytes]:
    """Texts that the patterns of a schema take, as JSON writes them: their ends are what a string may have to end
    with."""
    given = [one for one in keywords.values_of(schema, "pattern") if isinstance(one, str)]
    for one in keywords.values_of(schema, "patternProperties"):
        given += one if isinstance(one, dict) else ()
    found = dict.fromkeys(word for pattern in dict.fromkeys(given) for word in shortest(pattern))
    return [json.dumps(word, ensure_ascii=False)[1:-1].encode() for word in found][:_MOST_ENDINGS]


def _within(value: Any) -> Iterator[Any]:
    """It, and all that is in it, keys too."""
    yield value
    if isinstance(value, dict):
        yield from value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _within(one)


def _length(number: float) -> int:
    return len(format(Decimal(repr(number)), "f"))
