"""The project's own promises: what `make` offers, what is pinned, what the licence is, and who may load torch."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]


def requirements() -> list[Requirement]:
    extras = PROJECT["optional-dependencies"].values()
    return [Requirement(text) for text in [*PROJECT["dependencies"], *(each for extra in extras for each in extra)]]


def pins() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9A-Za-z.]*", line) for line in lines), "names and versions only"
    return {canonicalize_name(name): pinned for name, _, pinned in (line.partition("==") for line in lines)}


def test_make_offers_what_the_readme_says() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in "setup locks images demo up docs test test-kernels test-compile lint bench chaos clean".split():
        assert re.search(rf"^{target}:", makefile, re.M), target
    for target in "locks demo up docs test test-kernels test-compile lint bench chaos".split():
        assert re.search(rf"^{target}: setup( |$)", makefile, re.M), f"{target} must work in a fresh clone"


def test_ci_runs_the_same_targets() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    text = script.read_text()
    assert "set -euo pipefail" in text
    assert re.findall(r"^make ([\w-]+)$", text, re.M) == ["lint", "test-compile", "test-page", "test"]


def test_every_requirement_is_pinned_within_its_range() -> None:
    pinned = pins()
    for requirement in requirements():
        name = canonicalize_name(requirement.name)
        if name == "extractor":
            continue
        assert name in pinned, f"{name} is not in constraints.txt"
        assert requirement.specifier.contains(pinned[name]), f"{requirement} against {pinned[name]}"


def test_what_is_installed_is_what_is_pinned() -> None:
    """A test run with other versions shows nothing about the pinned ones. Build suffixes (+cpu) do not count."""
    direct = {canonicalize_name(requirement.name) for requirement in requirements()} - {"extractor"}
    direct -= {"triton", "uv", "playwright", "axe-playwright-python"}  # of targets: test-kernels, locks, test-page
    found = {name: version(name).partition("+")[0] for name in direct}
    assert found == {name: pins()[name] for name in direct}


def test_transformers_stays_below_the_release_that_cannot_build_the_drafter() -> None:
    (transformers,) = [each for each in requirements() if each.name == "transformers"]
    assert not transformers.specifier.contains("5.23.0")
    assert transformers.specifier.contains("5.22.2")


def test_the_licence_is_the_one_declared() -> None:
    assert PROJECT["license"] == "Apache-2.0"
    licence = (ROOT / "LICENSE").read_text()
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


def test_every_part_of_the_extractor_has_its_floor() -> None:
    """What the contract of imports does not name it does not hold."""
    parts = {
        path.stem for path in (ROOT / "extractor").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    (floors,) = [each["layers"] for each in PYPROJECT["tool"]["importlinter"]["contracts"] if each["type"] == "layers"]
    named = [name for floor in floors for name in floor.split(" | ")]
    assert sorted(named) == sorted(
        ["api", "workers", "schemas", *(f"extractor.{part}" for part in parts - {"__init__"})]
    )


def test_warnings_are_errors_but_for_the_ones_explained() -> None:
    filters = PYPROJECT["tool"]["pytest"]["ini_options"]["filterwarnings"]
    assert filters[0] == "error"


@pytest.mark.parametrize(
    "module",
    [
        "api.app",
        "workers.ledger.ledger",
        "workers.queue.publish",
        "workers.queue.app",
        "extractor.cli",
        "extractor.evaluation.html",
        "extractor",
        "schemas",
    ],
)
def test_what_runs_without_the_engine_loads_no_torch(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert not {"torch", "transformers", "outlines", "llguidance"} & set(done.stdout.split())


def test_every_setting_is_in_the_documents() -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("EXTRACTOR_")}
    call = [Path(sys.executable).with_name("extractor"), "settings", "--markdown"]
    printed = subprocess.run(call, capture_output=True, text=True, check=True, env=clean, cwd=ROOT).stdout
    kept = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert printed == kept, "extractor settings --markdown > docs/settings.md"


def test_no_file_names_this_machine() -> None:
    """Paths of a home or a registry's host do not belong in a repository."""
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, cwd=ROOT, check=True)
    homes = {str(Path.home()), str(ROOT)} - {"/"}
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = ROOT / name
        if path.is_file() and path.stat().st_size < 1_000_000:
            text = path.read_bytes()
            assert not [home for home in homes if len(home) > 5 and f"{home}/".encode() in text], name


def test_what_the_fast_tests_collect_loads_no_torch() -> None:
    """Nothing else runs `make test-fast`: a new file that loads it has to be told to it."""
    call = [sys.executable, "-m", "pytest", "-p", "tests.support.no_process", "--collect-only", "-q", "-p", "no:xdist"]
    done = subprocess.run(call, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
