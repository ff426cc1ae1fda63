"""A Python that has what the client needs and nothing else, as `pip install .` gives it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement


def links(folder: Path, *packages: str) -> None:
    """In a folder: those packages and what they need, as pip would install them, and nothing else."""
    todo, seen = list(packages), set()
    while todo:
        found = distribution(todo.pop())
        if found.name in seen:
            continue
        seen.add(found.name)
        for top in {Path(file).parts[0] for file in found.files or () if ".." not in Path(file).parts}:
            (folder / top).symlink_to(Path(str(found.locate_file(top))))
        needed = [Requirement(text) for text in found.requires or ()]
        todo += [each.name for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]


def slim(path: Iterable[Path], *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command `extractor` with nothing on its path but these."""
    code = f"import sys; sys.path[:0] = {list(map(str, path))!r}; from extractor.processes.launch import cli; cli()"
    call = [sys.executable, "-I", "-S", "-c", code, *arguments]
    return subprocess.run(call, env={**os.environ, **environ}, capture_output=True, text=True, check=False, timeout=120)
