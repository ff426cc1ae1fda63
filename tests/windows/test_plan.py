"""What would take too many windows is refused before it costs the memory of so long a document."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import pytest

from extractor.documents import Document
from extractor.errors import DocumentError
from extractor.prompt.codec import Codec
from extractor.windows.cut import Room
from extractor.windows.plan import MOST_CUT, CountedOnce, cutter_of
from tests.support.scripted import tokenizer

MIB = 1 << 20
CODEC = Codec(tokenizer())


@pytest.mark.parametrize("text", ["a" * 8_000_000, "a b\n" * 2_000_000, "\n" * 8_000_000, " | " * 2_000_000])
def test_a_document_without_end_is_refused_in_little_memory(text: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(DocumentError, match=f"more than {MOST_CUT:,} windows"):
            cutter_of(Document(text), CODEC.counts, Room(200), 50)
        assert tracemalloc.get_traced_memory()[1] < 300 * MIB
    finally:
        tracemalloc.stop()


def test_tokens_are_counted_in_pieces_and_no_further_than_asked() -> None:
    long = "Invoice 17 of 3 May\n" * 4000
    whole = len(CODEC.data(long))
    (counted,) = CODEC.counts([long], 10**9)
    assert abs(counted - whole) < 0.01 * whole
    assert CODEC.counts(["a b", "", "c"], 10**9) == [len(CODEC.data("a b")), 0, len(CODEC.data("c"))]
    some = CODEC.counts([long] * 10, 100)
    assert 100 < sum(some) < whole


def test_the_same_texts_are_counted_once_unless_more_is_asked_than_was_counted() -> None:
    asked: list[int] = []

    def count(texts: Sequence[str], enough: int) -> list[int]:
        asked.append(enough)
        return CODEC.counts(texts, enough)

    counts, line = CountedOnce(count), "Invoice 17 of 3 May\n" * 1000
    texts = [line] * 10
    whole = counts(texts, 10**9)
    assert (counts(texts, 100), counts(list(texts), 10**8)) == (whole, whole)
    assert asked == [10**9]
    few = CountedOnce(count)
    assert sum(few([line], 10)) < sum(few([line], 10**9)) == sum(few([line], 20))
    assert asked[1:] == [10, 10**9]
    assert few(["a b"], 10**9) == [len(CODEC.data("a b"))], "others are others"
