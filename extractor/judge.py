"""Judges what a stranger's schema costs by paying it: checks it, builds its grammar with the model's own tokenizer and
computes its first masks, or checks an answer against it. Runs in a sandbox's child (trial.py asks it), where it may
take all it is given; nothing here is called where a document waits.
"""

from __future__ import annotations

import json
import random
import time
from typing import Any

from llguidance import LLMatcher, LLTokenizer

from extractor.engine.free import LIMITS
from extractor.errors import SchemaError
from extractor.grammar import alone, serialise
from extractor.sandbox import Refused
from extractor.tighten import Bounds, Tighten
from schemas import InvalidSchema, Schema, ValidationProblem, inline
from schemas.errors import pointer
from schemas.jsontext import loads

BUILD_S = 1.0  # the engine builds it once more, beside the documents it decodes
MASK_S = 0.25  # and computes a mask of it at every step
WALK_STEPS, WALK_S = 32, 0.5
MOST_BLAMED = 50  # properties tried alone to find the one at fault

_tokenizer: LLTokenizer | None = None


def setup(given: dict[str, Any], tokenizer: bytes = b"") -> None:
    """In the zygote. `tokenizer`: its tokenizer.json, nothing for one whose tokens are bytes; `vocab`, `stops`: as the
    engine has them."""
    global _tokenizer
    serialise(inline({"type": "object", "properties": {}}))  # brings along what the first one imports
    if not tokenizer:
        _tokenizer = LLTokenizer("byte")
        return
    _tokenizer = LLTokenizer(tokenizer.decode(), n_vocab=given["vocab"], eos_token=given["stops"])


def grammar(given: dict[str, Any], blobs: list[bytes]) -> str:
    """The grammar of the schema that is the first blob, under the bounds `given`. Raises Refused with the code, and in
    `errors` the places, that a caller is told."""
    schema, bounds = _schema(blobs[0]), Bounds(**given)
    try:
        written = serialise(schema, bounds)
    except SchemaError as error:
        raise Refused(error.code, error.detail, errors=[(one.pointer, one.detail) for one in error.errors]) from None
    began = time.process_time()
    matcher = _matcher(written)
    took_s = time.process_time() - began
    if matcher.is_error():
        where, why = _blame(schema.json_schema, bounds, _line(matcher))
        raise Refused("invalid_schema", f"the grammar cannot be built: {why}", errors=[(where, why)])
    if took_s > BUILD_S:
        _too_complex(f"its grammar takes {took_s:.1f} s to build, more than {BUILD_S:g} s")
    _walk(matcher)
    return written


def faults(_: None, blobs: list[bytes]) -> list[tuple[str, str]]:
    """Where the answer, the second blob, does not fit the schema, the first."""
    try:
        _schema(blobs[0]).validate(loads(blobs[1].decode()))
    except ValidationProblem as problem:
        return problem.errors
    return []


def _schema(blob: bytes) -> Schema:
    try:
        return inline(json.loads(blob))
    except InvalidSchema as error:
        raise Refused(error.code, error.detail, errors=error.errors) from None
    except RecursionError:
        raise Refused("schema_too_large", "the schema is nested too deeply", errors=[("", "too deep")]) from None


def _matcher(written: str) -> LLMatcher:
    assert _tokenizer is not None
    return LLMatcher(_tokenizer, written, log_level=0, limits=LIMITS)


def _walk(matcher: LLMatcher) -> None:
    """The first mask has to be there; those of a text chosen by chance have to come in time. That such a text meets a
    limit is no fault: a model may never write it, and the row that does ends by itself."""
    dice, began = random.Random(0), time.monotonic()
    for step in range(WALK_STEPS):
        asked = time.process_time()
        bits = matcher.compute_bitmask()
        took_s = time.process_time() - asked
        if matcher.is_error():
            if step == 0:
                _too_complex(f"the schema is more than its grammar can follow: {_line(matcher)}")
            return
        if took_s > MASK_S:
            _too_complex(f"one step of its grammar takes {took_s:.1f} s, more than {MASK_S:g} s")
        allowed = [at * 8 + bit for at, byte in enumerate(bits) if byte for bit in range(8) if byte >> bit & 1]
        if not allowed or time.monotonic() - began > WALK_S or not matcher.consume_token(dice.choice(allowed)):
            return
        if matcher.is_stopped():
            return


def _too_complex(why: str) -> None:
    raise Refused("schema_too_complex", why, errors=[("", why)])


def _blame(json_schema: dict[str, Any], bounds: Bounds, why: str) -> tuple[str, str]:
    """(the pointer to the first property that cannot be built alone, why); the whole where each can."""
    tight = Tighten(json_schema, bounds).whole()
    for name in list(tight.get("properties", {}))[:MOST_BLAMED]:
        matcher = _matcher(alone(tight, name))
        if matcher.is_error():
            return pointer("properties", name), _line(matcher)
    return "", why


def _line(matcher: LLMatcher) -> str:
    """llguidance's reason: the line that says why, without the place in a text nobody has seen."""
    said = matcher.get_error().partition("\n")[0]
    return said.partition("failed to compile JSON schema: ")[2][:300] or said[:300]
