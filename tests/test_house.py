"""The house's own rules for code: names say what a thing is, one class a name, and nothing that needs scrolling."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = ("api", "extractor", "schemas", "workers")
# Words with many meanings: who enters at their line learns nothing from them. `answer`, `mark`, `render` and `turn` are
# not here: in places they are the field's words.
VAGUE = frozenset(
    """
    aim alike asked asks came figures hardest heard ingest intake keeper made pace pulse said soften tighten told tried
    """.split()
)
ALLOWED = {("extractor/result.py", "asks"), ("api/models/results.py", "asks")}  # a deprecated field of results
# Classes that mean one thing in several rooms: what the API shows of it, and what a client reads.
MIRRORS = frozenset(
    "Calibration Evidence EvidencePart Extraction Job JobPage Mark Row WindowRead WindowVotes Worker WorkerList".split()
)
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 300, 50
IN_A_MAP = re.compile(r"(?<![\w/`])\w+\.py\b")


@cache
def modules() -> dict[str, ast.Module]:
    """All of them but tests, by their paths."""
    files = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]
    return {file.relative_to(ROOT).as_posix(): ast.parse(file.read_text("utf-8")) for file in files}


def bound(module: ast.Module) -> Iterator[tuple[str, int]]:
    """The names that a module gives to something, with their lines."""
    for node in ast.walk(module):
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node.lineno


def test_names_say_what_a_thing_is() -> None:
    vague = [
        f"{path}:{line} {name}"
        for path, module in modules().items()
        for name, line in bound(module)
        if name.strip("_") in VAGUE and (path, name) not in ALLOWED
    ]
    assert not vague, f"say what it is: {', '.join(vague)}"


def test_a_class_has_a_name_of_its_own() -> None:
    found: dict[str, set[str]] = defaultdict(set)
    for path, module in modules().items():
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef):
                found[node.name].add(path)
    twice = {name: sorted(paths) for name, paths in found.items() if len(paths) > 1 and name not in MIRRORS}
    assert not twice, twice


def test_nothing_needs_scrolling() -> None:
    long = [
        f"{path}:{node.lineno} {node.name}"
        for path, module in modules().items()
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= MOST_LINES_OF_A_FUNCTION
    ]
    assert not long, f"more than {MOST_LINES_OF_A_FUNCTION} lines: {', '.join(long)}"
    for path, module in modules().items():
        lines = len((ROOT / path).read_text("utf-8").splitlines())
        reason = (ast.get_docstring(module) or "").lower()
        assert lines <= MOST_LINES or "300 lines" in reason, f"{path} says at its top why it has {lines} lines"


def test_a_map_of_a_folder_is_whole() -> None:
    """A docstring that names most files of its folder names all of them, and no others."""
    wrong: dict[str, list[str]] = {}
    maps = 0
    for path, module in modules().items():
        if not path.endswith("/__init__.py"):
            continue
        named = set(IN_A_MAP.findall(ast.get_docstring(module) or ""))
        files = {file.name for file in (ROOT / path).parent.glob("*.py")} - {"__init__.py"}
        if 2 * len(named & files) > len(files):
            maps += 1
            if named != files:
                wrong[path] = sorted(named ^ files)
    assert maps > 10
    assert not wrong, f"each file in a line, or none: {wrong}"
