"""A model that wants one piece for ever, under a grammar and the limits of its text; and the schemas it is given."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, cycle
from typing import Any

import numpy as np
import torch
from llguidance import LLMatcher

from extractor.engine.limits.limits import Ended, Limits
from extractor.engine.limits.narrowing import Narrowing
from extractor.engine.limits.repeats import Repeats
from extractor.engine.limits.text import JsonText
from extractor.engine.sequence import Draft, Request, Sequence
from tests.support.matching import TOKENIZER

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
WORDS = (TOKENIZER.vocab_size + 31) // 32
BYTES = 6_000
_EASY = b'"]},:0123456789[{ntf'  # what ends soon


def stubborn(
    grammar: str, wish: str, piece: str, limits: Limits | None, source: str = "", begun: str = ""
) -> tuple[str, list[Ended]]:
    """What a model writes that wants `wish` and then `piece` for ever, and where it may not have it, what ends soon."""
    wanted = chain(wish.encode(), cycle(piece.encode()))
    due, going = next(wanted), True

    def pick(allowed: list[int]) -> int:
        nonlocal due, going
        going = going and due in allowed
        if not going:
            return next((one for one in _EASY if one in allowed), allowed[0])
        byte, due = due, next(wanted)
        return byte

    return written(pick, grammar, limits, source, begun)


def restless(grammar: str, signs: str, limits: Limits, source: str = "") -> tuple[str, list[Ended]]:
    """What a model writes that begins anew whenever it may: of what is allowed the first of `signs`."""
    order = signs.encode() + b'"[{' + _EASY
    return written(lambda allowed: next((one for one in order if one in allowed), allowed[0]), grammar, limits, source)


def written(
    pick: Callable[[list[int]], int], grammar: str, limits: Limits | None, source: str, begun: str = ""
) -> tuple[str, list[Ended]]:
    """What a model writes that picks each byte of those that are allowed."""
    request = Request([0], source.encode(), 0, grammar, limits=limits, begun=begun.encode())
    row = Sequence(request, LLMatcher(TOKENIZER, grammar, log_level=0))
    assert row.matcher is not None
    narrowing = Narrowing(TOKENIZER)
    for _ in range(BYTES):
        bits = torch.zeros((1, WORDS), dtype=torch.int32)
        row.matcher.unsafe_compute_mask_ptr(bits.data_ptr(), WORDS * 4)
        narrowing.narrow([row], [Draft([], [])], [1], bits)
        byte = pick(np.flatnonzero(np.unpackbits(bits.numpy().view(np.uint8), bitorder="little")).tolist())
        if byte == 256:
            break
        assert row.matcher.consume_token(byte)
        row.written.append(byte)
        if row.matcher.is_stopped():
            break
    else:
        return row.written.decode(), []
    assert row.json is None or limits
    if row.json is not None:
        row.json.read()
    return row.written.decode(), row.json.ended if row.json else []


def watched(text: bytes, limits: Limits, source: str) -> JsonText:
    """A text as it was watched byte by byte: something had to end in it, and never where it was said before that
    nothing could."""
    found, calm_to, ends = JsonText(bytearray(), limits, Repeats(source.encode())), 0, 0
    for byte in text:
        found.written.append(byte)
        found.read()
        if found.copy().due() is not None:
            ends += 1
            assert len(found.written) > calm_to
        calm_to = max(calm_to, found.calm_to())
    assert ends
    return found


def of(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), **more}
