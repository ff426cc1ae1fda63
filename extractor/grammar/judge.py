"""Judges what a stranger's schema costs by paying it: checks it, builds its grammar and walks it, or checks an answer
against it. Runs in a sandbox's child, where it may take all it is given; nothing here is called where documents or
requests wait. The one judge of all doors: workers ask it with the model's own tokenizer (trial.py), the API with a
made-up vocabulary (api/submission/schema_check.py), and what costs too much there is refused there.
"""

from __future__ import annotations

import json
import random
import time
from typing import Any

from llguidance import LLMatcher, LLTokenizer

from extractor.engine.drafting.text import LIMITS
from extractor.errors import DocumentError
from extractor.grammar import vocabulary
from extractor.grammar.compile import reason
from extractor.grammar.guided import guided
from extractor.grammar.narrow import Bounds, NarrowedSchema
from extractor.grammar.printed.grammars import demand
from extractor.grammar.rewrite import is_built
from extractor.sandbox import Rejected
from schemas import ValidationProblem, check, inline
from schemas.checks.report import Report, note
from schemas.jsontext import loads

BUILD_S = 1.0  # of processor time; the engine builds it once more, beside the documents it decodes
MASK_S = 0.25  # and computes a mask of it at every step
MEAN_S = 0.05  # of so many, in the mean: that is what the documents beside it wait for, token by token
FEWEST = 8
WALKS, STEPS, MOST_ENDED = 4, 24, 2  # texts by chance, tokens of each, how many may meet a limit
WALK_S = 0.5  # for all of them
BLAME_S = 0.3  # to find the property at fault
_MOST_PLACES = 20

_tokenizer: LLTokenizer | None = None


def setup(given: dict[str, Any], tokenizer: bytes = b"") -> None:
    """In the zygote. `tokenizer`: its tokenizer.json, nothing for the made-up vocabulary; `vocab`, `stops`: as the
    engine has them."""
    global _tokenizer
    if not tokenizer:
        _tokenizer = vocabulary.tokenizer()
        return
    _tokenizer = LLTokenizer(tokenizer.decode(), n_vocab=given["vocab"], eos_token=given["stops"])


def report(_: Any, blobs: list[bytes]) -> dict[str, Any]:
    """Of the schema that is the first blob: the `report` of the check, and the `problem` (code, detail, limit, errors)
    that a document under it would meet, or null."""
    found, _written = _judged(blobs[0], Bounds())
    return {"report": found.as_json(), "problem": None if found.ok else _problem(found)}


def grammar(given: dict[str, Any], blobs: list[bytes]) -> str:
    """The grammar of the schema that is the first blob, under the bounds `given`. Raises Rejected with the code, and in
    `errors` the places, that a caller is told."""
    found, written = _judged(blobs[0], Bounds(**given))
    if not found.ok:
        problem = _problem(found)
        raise Rejected(problem["code"], problem["detail"], errors=problem["errors"])
    return written


def printed(given: dict[str, Any], blobs: list[bytes]) -> list[str | bool | None]:
    """Of the schema that is the first blob and the document that is the second: the grammar of what it prints, None
    where it is too long for one, and whether no answer need be compared with it. `given`: the `mode`, the
    `bounds` and the `file_names` of the document. Raises Rejected with the code `not_printed`."""
    demanded = demand(json.loads(blobs[0]), given["mode"], Bounds(**given["bounds"]))
    assert demanded is not None
    try:
        answers = demanded.of(blobs[1].decode("utf-8", "surrogatepass"), given["file_names"])
    except DocumentError as error:
        errors = [(one.pointer, one.detail) for one in error.errors[:_MOST_PLACES]]
        raise Rejected(error.code, error.detail, errors=errors) from None
    if answers.grammar is not None and not is_built(answers.grammar):
        answers = answers.without_grammar()
    return [answers.grammar, answers.held]


def faults(_: None, blobs: list[bytes]) -> list[tuple[str, str]]:
    """Where the answer, the second blob, does not fit the schema, the first."""
    try:
        inline(json.loads(blobs[0])).validate(loads(blobs[1].decode()))
    except ValidationProblem as problem:
        return problem.errors
    return []


def _judged(blob: bytes, bounds: Bounds) -> tuple[Report, str]:
    """The report, and the grammar where it is none but good."""
    try:
        schema = json.loads(blob)
    except RecursionError:
        found = Report()
        found.refuse(note((), "is nested too deeply", "schema_too_large"))
        return found, ""
    found = check(schema)
    if not found.ok:
        return found, ""
    narrowed = NarrowedSchema(schema, bounds).whole()
    written = guided(narrowed)
    began = time.process_time()
    matcher = _matcher(written)
    took_s = time.process_time() - began
    if matcher.is_error():
        why = f"the grammar cannot be built: {reason(matcher.get_error())}"
        found.refuse(note(_blame(narrowed), why))
    elif took_s > BUILD_S:
        _too_complex(found, f"its grammar takes {took_s:.1f} s to build, more than {BUILD_S:g} s")
    else:
        _walk(matcher, found)
    return found, written


def _problem(found: Report) -> dict[str, Any]:
    first = found.refused[0]
    errors = [(one.pointer, one.detail) for one in found.refused[:_MOST_PLACES]]
    detail = f"{first.pointer or 'the schema'}: {first.detail}"
    return {"code": first.code, "detail": detail, "limit": first.limit, "errors": errors}


def _matcher(written: str) -> LLMatcher:
    assert _tokenizer is not None
    return LLMatcher(_tokenizer, written, log_level=0, limits=LIMITS)


def _walk(matcher: LLMatcher, found: Report) -> None:
    """Texts by chance. That one meets a limit is no fault: a model may never write it, and the row that does ends by
    itself. Where nearly all do, none would be written to its end."""
    until, ended = time.process_time() + WALK_S, 0
    took: list[float] = []
    for seed in range(WALKS):
        ended += _ended(matcher.deep_copy(), seed, found, took)
        if not found.ok or time.process_time() > until:
            break
    mean_s = sum(took) / max(1, len(took))
    if found.ok and len(took) >= FEWEST and mean_s > MEAN_S:
        _too_complex(found, f"a step of its grammar takes {mean_s:.2f} s in the mean, more than {MEAN_S:g} s")
    if found.ok and ended > MOST_ENDED:
        _too_complex(found, "its grammar meets a limit with nearly any text that is written under it")


def _ended(matcher: LLMatcher, seed: int, found: Report, took: list[float]) -> bool:
    """Whether this text meets a limit. Adds to `took` the seconds of each mask."""
    dice = random.Random(seed)
    for _ in range(STEPS):
        began = time.process_time()
        bits = matcher.compute_bitmask()
        took.append(time.process_time() - began)
        if took[-1] > MASK_S:
            _too_complex(found, f"a step of its grammar takes {took[-1]:.1f} s, more than {MASK_S:g} s")
        if matcher.is_error() or not found.ok:
            return True
        token = _any_of(bits, dice)
        if token is None or not matcher.consume_token(token) or matcher.is_stopped():
            return bool(matcher.is_error())
    return False


def _any_of(bits: bytes, dice: random.Random) -> int | None:
    """One of the tokens that a mask allows."""
    some = [at for at, byte in enumerate(bits) if byte]
    if not some:
        return None
    at = dice.choice(some)
    return 8 * at + dice.choice([bit for bit in range(8) if bits[at] >> bit & 1])


def _too_complex(found: Report, why: str) -> None:
    found.refuse(note((), f"too complex: {why}", "schema_too_complex"))


def _blame(narrowed: dict[str, Any]) -> tuple[object, ...]:
    """Where the first property stands that cannot be built alone; the whole where each can."""
    until = time.process_time() + BLAME_S
    for name, part in narrowed.get("properties", {}).items():
        alone = {"type": "object", "properties": {name: part}, "$defs": narrowed.get("$defs", {})}
        if _matcher(guided(alone)).is_error():
            return "properties", name
        if time.process_time() > until:
            break
    return ()
