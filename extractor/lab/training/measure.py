"""Scores an answer against the gold one: scalar fields, and rows of arrays as a whole.

Numbers are equal when their values are; strings must be the same to the letter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from extractor.lab.training.unseen import unseen


@dataclass
class Score:
    """Counts over documents. A row is one object of an array; its cells are not counted as scalars."""

    scalars: int = 0
    scalars_right: int = 0
    filled: int = 0  # scalars the document tells (gold is not null)
    filled_right: int = 0
    unseen: int = 0  # of those said the ones training cannot have met
    unseen_right: int = 0
    rows: int = 0
    rows_right: int = 0
    lists: int = 0  # strings of arrays
    lists_right: int = 0
    documents: int = 0
    documents_right: int = 0
    broken: int = 0  # answers that are no JSON: cut off
    misses: list[tuple[str, Any, Any]] = field(default_factory=list)

    def add(self, gold: str, answer: str) -> None:
        want = json.loads(gold, parse_float=Decimal)  # keeps the digits, by which values are split
        try:
            got = json.loads(answer, parse_float=Decimal)
        except ValueError:
            got, self.broken = None, self.broken + 1
        before = len(self.misses)
        self._compare("", want, got)
        self.documents += 1
        self.documents_right += got == want and len(self.misses) == before

    def _compare(self, path: str, want: Any, got: Any) -> None:
        if isinstance(want, dict):
            for key, value in want.items():
                self._compare(f"{path}/{key}", value, got.get(key) if isinstance(got, dict) else _Nothing)
        elif isinstance(want, list):
            self._rows(path, want, got if isinstance(got, list) else [])
        else:
            right = want == got
            self.scalars += 1
            self.scalars_right += right
            self.filled += want is not None
            self.filled_right += right and want is not None
            new = unseen(str(want) if isinstance(want, Decimal) else json.dumps(want, ensure_ascii=False))
            self.unseen += new
            self.unseen_right += right and new
            if not right:
                self.misses.append((path, want, got))

    def _rows(self, path: str, want: list[Any], got: list[Any]) -> None:
        for i in range(max(len(want), len(got))):
            a, b = want[i] if i < len(want) else _Nothing, got[i] if i < len(got) else _Nothing
            if isinstance(a if a is not _Nothing else b, dict):
                self.rows += 1
                self.rows_right += a == b
            else:
                self.lists += 1
                self.lists_right += a == b
            if a != b:
                self.misses.append((f"{path}/{i}", a, b))

    def shares(self) -> dict[str, float]:
        """Every rate, of 1."""
        pairs = {"scalars": (self.scalars_right, self.scalars), "said": (self.filled_right, self.filled),
                 "unseen": (self.unseen_right, self.unseen),
                 "rows": (self.rows_right, self.rows), "lists": (self.lists_right, self.lists),
                 "documents": (self.documents_right, self.documents)}  # fmt: skip
        return {name: right / total if total else float("nan") for name, (right, total) in pairs.items()}


def summed(scores: Iterable[Score]) -> Score:
    total = Score()
    for one in scores:
        for name, value in vars(one).items():
            setattr(total, name, getattr(total, name) + value)
    return total


class _Nothing:
    """Stands for what is not there; equal to nothing else."""
