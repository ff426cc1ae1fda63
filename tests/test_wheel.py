"""What the wheel carries: every file of the packages but the lab, and it runs without a checkout."""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("extractor", "workers", "schemas", "api")
BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


def tracked(*paths: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z", *paths], capture_output=True, cwd=ROOT, check=True)
    return [name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def without_lab(names: list[str]) -> list[str]:
    return [name for name in names if not name.startswith("extractor/lab/")]


def built(names: list[str], folder: Path) -> list[str]:
    """The files of the wheel that setuptools makes of `names`, without its metadata; unpacked in folder/installed."""
    for name in [*names, "pyproject.toml", "README.md", "LICENSE"]:
        to = folder / "source" / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, to)
    call = [sys.executable, "-W", "ignore", "-c", BUILD, str(folder)]
    subprocess.run(call, cwd=folder / "source", check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
        return [name for name in archive.namelist() if ".dist-info/" not in name]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[str]]]:
    folder = tmp_path_factory.mktemp("wheel")
    yield folder / "installed", built(tracked(*PACKAGES), folder)
    shutil.rmtree(folder)


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command `extractor` of what is unpacked there. Nothing of this checkout is on its path: where the project is
    installed in place, a .pth file says so, and `-S` reads none."""
    path = [str(installed), *site.getsitepackages()]
    code = f"import sys; sys.path[:0] = {path!r}; from extractor.processes.launch import cli; cli()"
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    call = [sys.executable, "-P", "-S", "-c", code, *arguments]
    return subprocess.run(call, cwd=installed, env=environ, capture_output=True, text=True, check=False, timeout=60)


def test_it_has_every_file_of_the_packages_but_the_lab(wheel: tuple[Path, list[str]]) -> None:
    _, files = wheel
    assert sorted(files) == sorted(without_lab(tracked(*PACKAGES)))


def test_the_bundled_model_is_in_it(wheel: tuple[Path, list[str]]) -> None:
    """`extractor run` works where nothing but the wheel and its requirements is."""
    _, files = wheel
    assert {"extractor/bundled/weights/target/model.safetensors", "extractor/samples/invoice-1.txt"} <= set(files)


def test_bench_says_where_it_is(wheel: tuple[Path, list[str]]) -> None:
    installed, _ = wheel
    asked = run(installed, "bench", "--rows", "1")
    assert (asked.returncode, asked.stdout) == (2, "")
    assert "make bench" in asked.stderr
    assert "Traceback" not in asked.stderr
    assert "bench" not in run(installed, "--help").stdout
