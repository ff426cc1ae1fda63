"""The codes that there are: in the code, in the docs, in the description of the API, and in the tests that drive
them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from api.models.results import Mark
from extractor.result import Code
from tests.codes.cases import ERRORS, MARKS
from tests.codes.files import FILES
from tests.codes.test_over_http import FOREIGN

ROOT = Path(__file__).parents[2]
# Errors that end no extraction: it is tried again, was withdrawn or refused at the door, or the worker does not start.
OTHERS = set(
    """
    engine_busy engine_crashed engine_error engine_silent readers_unavailable cancelled document_too_large
    model_error model_not_found model_quantized invalid_settings
    """.split()
)
BASES = {"error", "invalid_input", "invalid_document"}  # of classes that are raised with another code
LEDGER = {"poison", "expired", "internal_error"}  # which the store and the worker give
_RAISING = {"Rejected", "DocumentRefused", "_not_text"}
_RUNS_NOWHERE = re.compile(r"extractor/(lab|cli|client|evaluation|service|calibration)/")


def table(page: str, heading: str) -> set[str]:
    """The codes in the first column of the table under it."""
    found = re.search(rf"\n## {heading}\n(.*?)(\n## |\Z)", (ROOT / "docs" / page).read_text("utf-8"), flags=re.S)
    assert found is not None
    rows = re.findall(r"^\| (`.+?) \|", found[1], flags=re.M)
    return {code for row in rows for code in re.findall(r"`(\w+)`", row)}


def raised() -> set[str]:
    """Every code that the library or a worker gives to an error."""
    files = [file for room in ("extractor", "workers") for file in (ROOT / room).rglob("*.py")]
    modules = [ast.parse(file.read_text("utf-8")) for file in files if not _RUNS_NOWHERE.search(file.as_posix())]
    return {code for module in modules for node in ast.walk(module) for code in _codes(node)}


def _codes(node: ast.AST) -> Iterator[str]:
    found: list[ast.expr | None] = []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        found = [word.value for word in node.keywords if word.arg == "code"]
        found += node.args[:1] if node.func.id in _RAISING else []
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        names = node.targets if isinstance(node, ast.Assign) else [node.target]
        named = {name.id for name in names if isinstance(name, ast.Name)}
        found = [node.value] if named & {"code", "SILENT", "CONTEXT_EXCEEDED", "TOO_COMPLEX", "NOT_PRINTED"} else []
    for one in found:
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value:
            yield one.value


def test_every_mark_is_told_and_driven() -> None:
    codes = set(get_args(Code))
    assert codes == table("evidence.md", "What should be looked at") - {"code"}
    assert codes == set(get_args(Mark.model_fields["code"].annotation))
    assert codes == {case.code for case in MARKS}


def test_every_end_in_an_error_is_told_and_driven() -> None:
    codes = table("errors.md", "Failed extractions") - {"error", "code"}
    assert codes == {case.code for case in ERRORS} | {file.code for file in FILES} | {code for code, _, _ in FOREIGN}
    given = raised()
    assert given - OTHERS - BASES | LEDGER | {"unknown_schema"} == codes
    assert given >= OTHERS
