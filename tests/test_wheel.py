"""What the wheel carries: every file of the packages but the lab, and it runs without a checkout."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import site
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
import typer
from packaging.requirements import Requirement

from extractor.cli import plain
from extractor.cli.app import app
from tests.support.slim import links, slim

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


SLIM = """
import json, sys
from decimal import Decimal
from pathlib import Path
import httpx
from pydantic import BaseModel
from extractor.client import AsyncClient, Client, ExtractionFailed, Patience
from schemas.builtin.purchase_order import PurchaseOrder

class Bill(BaseModel):
    total: Decimal
    day: str

def service(request):
    if request.method == "POST":
        asked.append(json.loads(request.content))
    status = "queued" if request.method == "POST" else "succeeded"
    result = None if status == "queued" else {"data": answer, "fields": {}}
    job = {"id": "1", "status": status, "schema": "inline@1", "created_at": "2026-01-01T00:00:00Z", "result": result}
    return httpx.Response(200, content=json.dumps(job).replace("660.0", "660.00"))

asked, answer = [], {"total": 660.0, "day": "x"}
with Client("http://service", transport=httpx.MockTransport(service)) as client:
    bill = client.extract("Total: 660.00", Bill)
    assert isinstance(bill, Bill) and str(bill.total) == "660.00", bill
    assert str(client.extract("Total: 660.00", "invoice")["total"]) == "660.00"
    answer = {"total": "no", "day": "x"}
    try:
        client.extract("x", Bill)
    except ExtractionFailed as failed:
        assert [at.pointer for at in failed.errors] == ["/total"], failed.errors
    else:
        raise AssertionError("taken")
    client.submit(Path(sys.argv[1]), PurchaseOrder)
assert asked[0]["json_schema"]["properties"]["total"]["type"] == "number", asked[0]
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_the_client_needs_httpx_and_pydantic_only(wheel: tuple[Path, list[str]], tmp_path: Path) -> None:
    """Names, JSON Schemas and classes, validated by pydantic; digits are kept."""
    installed, _ = wheel
    links(tmp_path, "httpx", "pydantic")
    code = f"import sys; sys.path[:0] = {[str(installed), str(tmp_path)]!r}\n" + SLIM
    call = [sys.executable, "-I", "-S", "-c", code, str(ROOT / "LICENSE")]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not {"orjson", "jsonschema_rs", "pydantic_settings", "typer", "torch"} & set(json.loads(done.stdout))


@pytest.mark.parametrize("command", plain.NEED)
def test_a_command_says_what_it_needs_beside_the_client(
    wheel: tuple[Path, list[str]], tmp_path: Path, command: str
) -> None:
    installed, _ = wheel
    links(tmp_path, "httpx", "pydantic")
    asked = slim([installed, tmp_path], command, "x")
    assert (asked.returncode, asked.stdout, len(asked.stderr.splitlines())) == (2, "", 1)
    assert f"'.[{plain.NEED[command]}]'" in asked.stderr
    assert "Traceback" not in asked.stderr


def test_every_command_is_either_the_clients_or_says_what_it_needs() -> None:
    whole = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert {*plain.COMMANDS, *plain.NEED} == set(whole)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(plain.NEED.values()) <= set(extras)
    for name, command in plain.COMMANDS.items():
        plain.declare(one := argparse.ArgumentParser(), command)
        flags = {flag for option in whole[name].params for flag in option.opts if flag.startswith("-")}
        assert set(one._option_string_actions) - {"-h", "--help"} == flags - {"--help"}


def test_an_installation_has_the_client_and_no_more_by_itself() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {Requirement(text).name for text in project["dependencies"]} == {"httpx", "pydantic"}
    assert project["optional-dependencies"]["client"] == []


def test_installed_in_place_it_is_found_from_the_folder_above_a_clone(tmp_path: Path) -> None:
    """A clone is called `extractor`, as the package in it, and without an `__init__.py`: what Python finds on its path
    wins over it, and what a hook behind the path finds does not."""
    clone, wheels = tmp_path / "extractor", tmp_path / "wheels"
    (clone / "extractor").mkdir(parents=True)
    (clone / "extractor" / "__init__.py").write_text("")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, clone / name)
    wheels.mkdir()
    code = BUILD.replace("build_wheel", "build_editable")
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, wheels], cwd=clone, check=True, capture_output=True)
    (wheel,) = wheels.glob("*.whl")
    with ZipFile(wheel) as archive:
        archive.extractall(wheels)
    code = f"import site; site.addsitedir({str(wheels)!r}); import extractor; print(extractor.__file__)"
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    call = [sys.executable, "-S", "-c", code]
    found = subprocess.run(call, cwd=tmp_path, env=environ, check=True, capture_output=True, text=True)
    assert found.stdout.strip() == str(clone / "extractor" / "__init__.py")
