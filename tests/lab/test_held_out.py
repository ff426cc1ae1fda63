"""Gold for `extractor eval`: what the generator and marked documents give is read as gold, and its places hold."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from extractor.cli.evaluate import named_schema
from extractor.cli.flags import known_schema_of
from extractor.evaluation.gold import GoldCase, read_gold
from extractor.evaluation.printed import PrintedText, written_values
from extractor.lab.bench import held_out

MARKED = Path(__file__).parents[1] / "evidence" / "gold"


def gold(arguments: list[str], folder: Path, out: pytest.CaptureFixture[bytes]) -> list[GoldCase]:
    assert held_out.main(arguments) == 0
    (folder / "gold.jsonl").write_bytes(out.readouterr().out)
    known = partial(known_schema_of, sources=())
    return read_gold(folder / "gold.jsonl", None, partial(named_schema, known))


@pytest.mark.parametrize(
    "arguments", [["--documents", "12"], ["--documents", "6", "--new-names"], ["--marked", str(MARKED)]]
)
def test_what_is_written_is_gold(
    arguments: list[str], tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    cases = gold(arguments, tmp_path, capsysbinary)
    assert len(cases) >= 6
    assert any(case.places for case in cases)
    for case in cases:
        assert isinstance(case.document, str)
        known = PrintedText(case.document)
        written = written_values(case.schema.json_schema, case.expected)
        assert [pointer for pointer, value in written.items() if case.places.get(pointer) and value not in known] == []


def test_documents_written_by_hand_are_gold_of_what_they_print(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """But for a currency that a sign or a country says, and the like."""
    cases = gold(["--written", "--documents", "40"], tmp_path, capsysbinary)
    assert len(cases) == 40
    printed = [
        value in PrintedText(str(case.document))
        for case in cases
        for value in written_values(case.schema.json_schema, case.expected).values()
    ]
    assert sum(printed) > 0.95 * len(printed)


def test_a_schema_that_an_answer_suggests() -> None:
    answer: dict[str, Any] = {"day": "2026-01-02", "rows": [{"a": 1}, {"a": None, "b": None}], "paid": True, "no": None}
    nullable = {name: {"type": [name, "null"]} for name in ("number", "string", "boolean")}
    assert held_out.suggested(answer)["properties"] == {
        "day": nullable["string"] | {"format": "date"},
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"a": nullable["number"], "b": nullable["string"]},
                "required": ["a", "b"],
                "additionalProperties": False,
            },
        },
        "paid": nullable["boolean"],
        "no": nullable["string"],
    }
