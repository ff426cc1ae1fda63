"""Reports of `extractor eval` as one table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from extractor.lab.bench.beside import main

F1: dict[str, Any] = {"f1": 0.75}
TOTALS: dict[str, Any] = {
    "documents": {"count": 2, "ran_on": 0, "ended": 0},
    "leaves": {"count": 4, "exact": 3, "normalised": 0, "null_right": 0, "accuracy": 0.75},
    "value_f1": {"micro": F1, "macro": F1},
    "invented": {"not_printed": 0, "written": 4, "where_gold_has_none": 0},
    "calibration": {
        "values": {"ece": 0.1, "count": 3, "accuracy": 1.0},
        "nulls": {"ece": None, "count": 2, "accuracy": 0.5},
    },
    "review": [{"below": 0.5, "marked": 0.25, "right_of_the_rest": 1.0}],
}


def test_each_report_is_a_row_though_two_have_one_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for mode in ("none", "all"):
        (tmp_path / f"{mode}.json").write_text(json.dumps({"options": {"printed": mode}, "totals": TOTALS}))
    reports = [f"orders={tmp_path / mode}.json" for mode in ("none", "all")]
    assert main(reports) == 0
    _, _, *rows = capsys.readouterr().out.splitlines()
    assert [row.split(" | ")[1] for row in rows] == ["none", "all"]
    assert main(["--review", *reports]) == 0
    heads, _, *rows = capsys.readouterr().out.splitlines()
    assert heads == "| documents | nothing | below 0.5 |"
    assert rows == ["| orders: 2 | 80.0% | 25.0%: 100.0% |"] * 2
