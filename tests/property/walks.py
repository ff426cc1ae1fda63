"""Answers by chance: walks of a matcher over bytes to a finished answer, each in a mood."""

from __future__ import annotations

import random

from llguidance import LLMatcher

from extractor.engine.drafting.text import LIMITS
from tests.support.matching import TOKENIZER

MOODS = ("short", "chance", "long")
_EOS = 256
_BITS = [[bit for bit in range(8) if value >> bit & 1] for value in range(256)]
_SHORT = {ord(sign): at for at, sign in enumerate('}],nft"0123456789-[{')}
_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_DEEP = 30  # values within values, from where on any mood is short
_STEPS_AFTER = 12_000  # the budget, for an answer to end in


class Stuck(AssertionError):
    """The grammar lets nothing follow a text that is no answer, or gives up."""


def walk(grammar: str, mood: str, dice: random.Random, budget: int, begun: bytes = b"") -> str | None:
    """An answer under the grammar, one that begins with what is `begun`; None where it did not end (recursion without
    null may not). Past `budget` bytes any mood is short. Raises Stuck."""
    matcher = LLMatcher(TOKENIZER, grammar, log_level=0, limits=LIMITS)
    assert not matcher.is_error(), matcher.get_error()
    written, inside, escape, depth = bytearray(), False, False, 0
    for step in range(len(begun) + budget + _STEPS_AFTER):
        forced = begun[step : step + 1] or matcher.compute_ff_bytes()
        allowed = list(forced[:1]) or _allowed(matcher.compute_bitmask())
        if matcher.is_error():
            raise Stuck(f"{matcher.get_error()[:300]} after {_shown(written)}")
        if not allowed:
            raise Stuck(f"nothing may follow {_shown(written)}")
        byte = _choice(allowed, mood if step < len(begun) + budget and depth < _DEEP else "short", inside, dice)
        if byte == _EOS:
            return written.decode()
        if not matcher.consume_token(byte):
            raise Stuck(f"{bytes([byte])!r} was allowed and is not, after {_shown(written)}")
        written.append(byte)
        if not inside:
            depth += (byte in b"[{") - (byte in b"]}")
        if inside and not escape and byte == _BACKSLASH:
            escape = True
        elif byte == _QUOTE and not escape:
            inside = not inside
        else:
            escape = False
        if matcher.is_stopped():
            if matcher.is_accepting():
                return written.decode()
            raise Stuck(f"{matcher.stop_reason()} after {_shown(written)}")
    return None


def _allowed(bits: bytes) -> list[int]:
    return [8 * at + bit for at, byte in enumerate(bits) if byte for bit in _BITS[byte]]


def _choice(allowed: list[int], mood: str, inside: bool, dice: random.Random) -> int:
    if _EOS in allowed:
        return _EOS
    if len(allowed) == 1:
        return allowed[0]
    if inside:
        ends = _QUOTE in allowed
        if ends and (mood == "short" or (mood == "chance" and dice.random() < 0.15)):
            return _QUOTE
        going = [byte for byte in allowed if byte != _QUOTE]
        plain = [byte for byte in going if 32 <= byte < 127 and byte != _BACKSLASH]
        return dice.choice(plain if plain and dice.random() < 0.8 else going)
    if mood == "short":
        return min(allowed, key=lambda byte: _SHORT.get(byte, 99))
    if mood == "chance":
        return dice.choice(allowed)
    going = [byte for byte in allowed if byte not in b"}]"] or allowed
    digits = [byte for byte in going if byte in b"0123456789"]
    if digits:
        return dice.choice([max(digits), min(digits), dice.choice(digits), dice.choice(going)])
    return dice.choice(going)


def _shown(written: bytearray) -> str:
    text = written.decode(errors="replace")
    return text if len(text) < 300 else f"{text[:100]}…{text[-200:]}"
