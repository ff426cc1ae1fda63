"""Answers under a schema against what its check calls enforced."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from llguidance import LLMatcher

from extractor.engine.drafting.text import LIMITS
from extractor.errors import InvalidOutput
from extractor.grammar.compile import serialise
from extractor.grammar.narrow import Bounds
from extractor.grammar.narrow.far import speaks_far
from extractor.grammar.narrow.meeting import kinds
from extractor.validate import read_answer
from schemas import Schema, check, inline
from schemas.keywords import CHECKED
from tests.property.walks import MOODS, Stuck, walk
from tests.support.matching import TOKENIZER

SMALL = Bounds(max_chars=40, max_items=4, max_key_chars=12)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_OPTIONS = ("anyOf", "oneOf")
_BUDGET = {"short": 0, "chance": 400, "long": 1500}


@dataclass
class Tally:
    """Of schemas: how many were tried, how many had no grammar, and how many no place in a prompt. Of texts: answers,
    and those that did not end."""

    schemas: int = 0
    refused: int = 0
    roomless: int = 0
    answers: int = 0
    unfinished: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.schemas += other.schemas
        self.refused += other.refused
        self.roomless += other.roomless
        self.answers += other.answers
        self.unfinished += other.unfinished
        self.faults += other.faults


def judge(schema: Schema, seed: int, walks: int = 1) -> Tally:
    """Walks in every mood. A fault: an answer that fails by what is enforced, or a text that cannot go on."""
    tally = Tally(schemas=1)
    grammars = [serialise(schema), serialise(schema, SMALL)]
    if any(LLMatcher(TOKENIZER, grammar, log_level=0, limits=LIMITS).is_error() for grammar in grammars):
        tally.refused = 1  # as the judge of strangers' schemas refuses it
        return tally
    enforced, stuck = inline(relaxed(schema.json_schema)), 0
    for at in range(walks):
        for number, mood in enumerate(MOODS):
            dice = random.Random(f"{seed} {at} {mood}")
            grammar = grammars[(at + number) % 2] if mood == "short" else grammars[1]
            try:
                text = walk(grammar, mood, dice, _BUDGET[mood])
                if text is None:
                    tally.unfinished += 1
                    continue
                tally.answers += 1
                ends(text, keys=not _meets_a_pattern(schema), digits=not far_beside_options(schema.json_schema))
                fits(text, schema, enforced)
            except (Stuck, InvalidOutput) as fault:
                stuck += isinstance(fault, Stuck)
                places = getattr(fault, "errors", ())
                faults = "; ".join(f"{place.pointer[-60:] or 'it'} {place.detail}" for place in places) or str(fault)
                tally.faults.append(f"{mood}: {faults}\n    {(getattr(fault, 'last', '') or '')[:600]}")
    if stuck == walks * len(MOODS):  # bounds that rule each other out: the judge, who walks it too, refuses it
        return Tally(schemas=1, refused=1)
    return tally


def ends(text: str, *, keys: bool, digits: bool) -> None:
    """Raises Stuck where something in an answer is longer than any schema made here lets it be: values in one another,
    an object, and where `keys` and `digits` say so a key and a number, which where schemas meet no grammar ends, but an
    engine does."""
    signs = _STRING.sub("", text)
    objects = [value for value in _within(json.loads(text)) if isinstance(value, dict)]
    sizes = {
        "digits": (max(map(len, re.findall(r"[0-9]+", signs)), default=0) if digits else 0, 320),
        "levels": (max(accumulate((sign in "[{") - (sign in "]}") for sign in signs)), 120),
        "keys": (max(map(len, objects), default=0), 210),
        "characters of a key": (max((len(key) for value in objects for key in value), default=0) if keys else 0, 1_100),
    }
    for what, (found, most) in sizes.items():
        if found > most:
            raise Stuck(f"{found} {what} in {text[:100]}")


def _meets_a_pattern(schema: Schema) -> bool:
    """Whether keys may have no end: where several schemas meet on an object that is not closed (the value of a pattern
    meets one too, where the pattern speaks of a declared property)."""
    written = json.dumps(schema.json_schema)
    meets = any(f'"{key}"' in written for key in ("allOf", "anyOf", "oneOf"))
    return '"patternProperties"' in written or (meets and '"additionalProperties"' in written)


def far_beside_options(json_schema: dict[str, Any]) -> bool:
    """Whether a number may have no end: one beyond what llguidance counts to, somewhere within an object on which
    several schemas meet (docs/schemas.md says that the engine ends it)."""
    defs = json_schema.get("$defs", {})
    met = [node for node in _within(json_schema) if isinstance(node, dict) and _several(node)]
    met = [node for node in met if "object" in kinds(json_schema, node)]
    return any(speaks_far(node) or ('"$ref"' in json.dumps(node) and speaks_far({"$defs": defs})) for node in met)


def _several(node: dict[str, Any]) -> bool:
    """Whether several schemas meet on the value of `node`."""
    sources = sum(len(node.get(key, ())) if key == "allOf" else key in node for key in (*_OPTIONS, "allOf", "$ref"))
    return sources + any(key in node for key in ("properties", "required")) > 1


def _within(value: Any) -> Iterator[Any]:
    yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _within(one)


def fits(text: str, schema: Schema, enforced: Schema) -> None:
    """Raises InvalidOutput. Where only validation knows part of a schema, the rest of it must hold; where all of it
    holds, so must the model."""
    read_answer(text, enforced)
    if schema.model is not None and CHECKED not in json.dumps(schema.json_schema):
        try:
            read_answer(text, inline(schema.json_schema))
        except InvalidOutput:
            return
        read_answer(text, schema)


def relaxed(json_schema: dict[str, Any]) -> dict[str, Any]:
    """Without what its check says is checked in the answer only."""
    whole = deepcopy(json_schema)
    for found in sorted(check(json_schema).validated, key=lambda one: -one.pointer.count("/")):
        parts = [part.replace("~1", "/").replace("~0", "~") for part in found.pointer.split("/")[1:]]
        node: Any = whole
        for part in parts[:-1]:
            node = node[int(part) if isinstance(node, list) else part]
        key = parts[-1]
        options = node.pop(key, None) if isinstance(node, dict) else None
        if key == "oneOf" and options is not None:
            node.setdefault("allOf", []).append({"anyOf": options})
    return whole
