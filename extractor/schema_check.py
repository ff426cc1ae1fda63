"""What the API's sandbox runs: a stranger's schema is checked, and its grammar is built and walked, where it may take
all it is given. Nothing here is called where requests are served (api/judge.py asks it)."""

from __future__ import annotations

import json
import random
import time
from typing import Any

from llguidance import LLMatcher, LLTokenizer

from extractor.engine.free import LIMITS
from extractor.grammar import guided
from extractor.tighten import Bounds, Tighten
from extractor.vocabulary import tokenizer
from schemas import check as check_schema
from schemas.checks.report import Report, note

BUILD_S = 1.0  # of processor time; the engine builds it once more, beside the documents it decodes
MASK_S = 0.25  # one step
WALKS, STEPS, MOST_ENDED = 4, 24, 2  # texts by chance, tokens of each, how many may meet a limit
BLAME_S = 0.3  # for finding the property at fault

_words: LLTokenizer | None = None


def setup(_: Any) -> None:
    """In the sandbox's zygote."""
    global _words
    _words = tokenizer()


def check(_: Any, blobs: list[bytes]) -> dict[str, Any]:
    """Of the schema that is the first blob: the `report`, and the `problem` that an extraction with it would be
    answered with, or null."""
    schema = json.loads(blobs[0])
    report = check_schema(schema)
    if report.ok:
        _build(schema, report)
    first = report.refused[0] if report.refused else None
    problem = first and {
        "code": first.code,
        "detail": f"{first.pointer or 'the schema'}: {first.detail}",
        "limit": first.limit,
        "errors": [(one.pointer, one.detail) for one in report.refused],
    }
    return {"report": report.as_json(), "problem": problem}


def _build(schema: dict[str, Any], report: Report) -> None:
    """What passes the check decodes, or is refused here."""
    tight = Tighten(schema, Bounds()).whole()
    began = time.process_time()
    matcher = _matcher(tight)
    took_s = time.process_time() - began
    if matcher.is_error():
        path = _blame(tight)
        report.refuse(note(path, f"the grammar cannot be built: {_line(matcher)}"))
    elif took_s > BUILD_S:
        report.refuse(_complex(f"its grammar takes {took_s:.1f} s to build, more than {BUILD_S:g} s"))
    elif sum(_ended(matcher.deep_copy(), seed, report) for seed in range(WALKS)) > MOST_ENDED and report.ok:
        report.refuse(_complex("its grammar meets a limit with nearly any text that is written under it"))


def _complex(why: str) -> Any:
    return note((), f"too complex: {why}", "schema_too_complex")


def _matcher(tight: dict[str, Any]) -> LLMatcher:
    assert _words is not None
    return LLMatcher(_words, guided(tight), log_level=0, limits=LIMITS)


def _ended(matcher: LLMatcher, seed: int, report: Report) -> bool:
    """Whether a text written by chance meets a limit."""
    dice = random.Random(seed)
    for _ in range(STEPS):
        asked = time.process_time()
        bits = matcher.compute_bitmask()
        took_s = time.process_time() - asked
        if took_s > MASK_S:
            report.refuse(_complex(f"a step of its grammar takes {took_s:.1f} s, more than {MASK_S:g} s"))
            return True
        if matcher.is_error():
            return True
        allowed = [8 * at + bit for at, byte in enumerate(bits) if byte for bit in range(8) if byte >> bit & 1]
        if not allowed or not matcher.consume_token(dice.choice(allowed)) or matcher.is_stopped():
            return matcher.is_error()
    return False


def _blame(tight: dict[str, Any]) -> tuple[object, ...]:
    """Where the first property stands that cannot be built alone; the whole where each can."""
    began = time.process_time()
    for name, part in tight.get("properties", {}).items():
        alone = {"type": "object", "properties": {name: part}, "$defs": tight.get("$defs", {})}
        if _matcher(alone).is_error():
            return "properties", name
        if time.process_time() - began > BLAME_S:
            break
    return ()


def _line(matcher: LLMatcher) -> str:
    """llguidance's reason, without the place in a text that nobody has seen."""
    said = str(matcher.get_error()).partition("\n")[0]
    return (said.partition("failed to compile JSON schema: ")[2] or said)[:200]
