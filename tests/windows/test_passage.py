"""In which words a value stands, and what windows that read the same words count for."""

from __future__ import annotations

from typing import Any

import pytest

from extractor.result import Known
from extractor.windows.merge import merged
from extractor.windows.passage import passage
from extractor.windows.tree import Flat, flat, grown
from extractor.windows.window import Piece, Window


def where(text: str, words: str, nth: int = 0) -> tuple[Piece, ...]:
    start = -1
    for _ in range(nth + 1):
        start = text.index(words, start + 1)
    return (Piece(start, start + len(words)),)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("4 The Lessee keeps the crane dry.\n17 The  lessee keeps the crane dry.", True),
        ("ACME Ltd, report, page 7\nrain\nACME Ltd, report, page 12\nsun", True),
        ("Go on. Wash the crane. Rain falls.\nBy night wash the crane. Sun.", False),
        ("1.1 Go on. Wash the crane. Rain falls.\n1.2 Sit. Wash the crane. Sun.", True),
        ("rent of the crane is due\nwash the crane at night", False),
    ],
)
def test_the_same_words_are_one_passage_whatever_their_numbers(text: str, same: bool) -> None:
    words = "ACME Ltd" if "ACME" in text else "the crane"
    one, other = (passage(text, where(text, words, nth)) for nth in (0, 1))
    assert (one == other) is same


def test_only_what_stands_near_in_its_line_is_a_part_of_it() -> None:
    text = f"above\n{'a' * 30} x {'b' * 30}\nbelow"
    assert passage(text, where(text, "x")) == f"{'a' * 23}\0x\0{'b' * 23}"
    assert passage(text, ()) == passage("", (Piece(1, 2),)) == ""


def said(text: str, *answers: tuple[str, float, tuple[Piece, ...]]) -> Flat:
    windows = [Window(at * 10, at * 10 + 10, at * 10, (Piece(at * 10, at * 10 + 10),), 1) for at in range(len(answers))]
    trees = []
    for at, (value, sure, places) in enumerate(answers):
        known: Known = {"evidence": [], "label": None, "confidence": sure}
        trees.append(grown({"a": value}, {"/a": known}, window=at, places={"/a": places}, text=text))
    return flat(merged(trees, windows))


def test_a_clause_that_comes_again_and_again_is_one_witness() -> None:
    text = "Lessor: Harkort KG\n" + "".join(f"{at}. The Lessee keeps the crane dry.\n" for at in range(40))
    clauses: list[Any] = [("the crane", 0.3, where(text, "the crane", nth)) for nth in range(40)]
    told = said(text, ("Harkort KG", 0.9, where(text, "Harkort KG")), *clauses)
    assert told.data == {"a": "Harkort KG"}
    assert told.fields["/a"]["confidence"] == pytest.approx(9 / (9 + 1 + 0.3 / 0.7))
    assert told.fields["/a"]["windows"] == {"agree": 1, "disagree": 40, "empty": 0}
    assert said(text, *clauses).fields["/a"]["confidence"] == pytest.approx(0.3)


def test_the_same_value_in_other_words_makes_it_surer() -> None:
    text = "Lessor: Harkort KG\nSigned for Harkort KG in Wetter"
    told = said(text, *(("Harkort KG", 0.6, where(text, "Harkort KG", nth)) for nth in (0, 1)))
    assert told.fields["/a"]["confidence"] == pytest.approx(1 - 0.4**2)
