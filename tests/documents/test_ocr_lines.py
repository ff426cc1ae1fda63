"""What engines read off pictures, before it is laid out."""

from __future__ import annotations

import pytest

from extractor.documents.ocr.lines import ReadLine, words_of


@pytest.mark.parametrize(
    ("read", "words"),
    [
        ("3, 92A", ["3,92A"]),
        ("€ -1.203, 92 B", ["€", "-1.203,92", "B"]),
        ("rows 14, 25", ["rows", "14,", "25"]),
        ("14, 250", ["14,", "250"]),
        ("Hauptstr. 8, 24103 Kiel", ["Hauptstr.", "8,", "24103", "Kiel"]),
        ("3. 12. 2026", ["3.", "12.", "2026"]),
    ],
)
def test_a_space_within_an_amount_is_none(read: str, words: list[str]) -> None:
    line = ReadLine(read, 0.99, ((0, 0), (100, 0), (100, 20), (0, 20)), tuple(n / len(read) for n in range(len(read))))
    assert [word.text for word in words_of([line], 200, 100, 0)] == words
