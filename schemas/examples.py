"""Few-shot examples: a short document and the answer a model should give to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from schemas.jsontext import dumps, loads


@dataclass(frozen=True)
class Example:
    """`answer` is the JSON object a model should write; numbers with a point are Decimals, so 4.50 stays 4.50."""

    document: str
    answer: dict[str, Any]

    @property
    def answer_text(self) -> str:
        """The answer as the model should write it: compact JSON, the key order of the example."""
        return dumps(self.answer)


def example(document: str, answer: str) -> Example:
    """An example from the document and the answer as JSON text (whitespace free to choose)."""
    value = loads(answer)
    if not isinstance(value, dict):
        raise ValueError("the answer of an example is a JSON object")
    return Example(document.strip("\n"), value)
