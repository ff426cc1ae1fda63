"""Stretches of a document that hold no whole word."""

from __future__ import annotations

import base64
import hashlib
import random

import pytest

from extractor.windows.wordless import wordless

DICE = random.Random(7)
ENCODED = base64.encodebytes(DICE.randbytes(1_000)).decode()
DIGESTS = "".join(hashlib.sha256(str(at).encode()).hexdigest() + "\n" for at in range(20))


@pytest.mark.parametrize(
    ("before", "own", "after"),
    [
        ("", " \n—\n", "Total: 5"),
        ("Total: y", "y" * 300, "y"),
        ("Total: y", "y" * 300, "\nEUR"),
        ("", "y" * 300, "y EUR"),
        ("", "0" * 300, "1"),
        ("\n", ENCODED, "\n"),
        ("\n", ENCODED[:500], "\n"),
        (ENCODED[:77], ENCODED[77:], ""),
        ("Total: 5\n", "y " * 300, "Total: 6"),
        ("", ("y" * 80 + "\n") * 9, ""),
        ("", "haha " * 99, ""),
        ("", "あ" * 300, "い"),
        ("", "1\n" * 300, "1\n"),
        ("", base64.b64encode(DICE.randbytes(900)).decode(), "A=="),
    ],
)
def test_without_a_whole_word(before: str, own: str, after: str) -> None:
    assert wordless(before + own + after, len(before), len(before) + len(own))


@pytest.mark.parametrize(
    ("before", "own", "after"),
    [
        ("", "Total", ""),
        ("Total: ", "y" * 300, " EUR"),
        ("Key: ", "abc123\n", "next"),
        ("y", "y" * 300 + " EUR 5", ""),
        ("", DIGESTS, ""),
        ("", "1\n0\n" * 200, ""),
        ("", "yes\n" * 100, ""),
        ("", "y " * 100, ""),
        ("", "y " * 300 + "Total: 5", ""),
        ("", "請求書" * 100, "請求書"),
        ("", '{"total":5,"of":"Ann"}' * 20, '{"total":5}'),
        ("", "Total: 5 EUR\n" + ENCODED, ""),
        ("", "\n".join(f"INV-{at:060}/A+b9" for at in range(9)), ""),
    ],
)
def test_with_one(before: str, own: str, after: str) -> None:
    assert not wordless(before + own + after, len(before), len(before) + len(own))
