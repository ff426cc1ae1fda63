"""docker/*.lock against pyproject.toml and constraints.txt, without a network: what an image installs is what the tests
ran with, all of it, and every file of it is known by its hash. `make locks` writes them."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = {"api": {"service", "documents", "otel"}, "worker": {"service", "engine", "documents", "ocr", "otel"}}
STALE = "make locks"
HASH = r"--hash=sha256:[0-9a-f]{64}"
IMAGE = {"sys_platform": "linux", "python_version": "3.11", "python_full_version": "3.11.14"}
# PyTorch for CUDA brings NVIDIA's libraries, of versions of its own; what the tests run with has none.
OF_CUDA = re.compile(r"(nvidia|cuda)-.+")


def lock(name: str) -> dict[str, tuple[Requirement, list[str]]]:
    """By package: what is asked for, and the hashes of its files."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "docker" / f"{name}.lock").read_text())
    found = {}
    for line in (line for line in text.splitlines() if line and not line.startswith("#")):
        asked, *hashes = re.split(r"\s+(?=--hash)", line.strip())
        requirement = Requirement(asked)
        found[canonicalize_name(requirement.name)] = requirement, hashes
    return found


def pins() -> dict[str, str]:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def of_image(marker: Marker | None, machine: str, extra: str = "") -> bool:
    return marker is None or marker.evaluate({**IMAGE, "platform_machine": machine, "extra": extra})


def needed(name: str, machine: str) -> dict[str, str]:
    """Every package that the image needs, by the metadata of what is installed here, with who asks for it. Where a
    package is not installed (NVIDIA's), or in another version, the walk ends."""
    pinned = pins()
    seen: dict[tuple[str, frozenset[str]], str] = {}
    own = [
        *PROJECT["dependencies"],
        *(text for extra in EXTRAS[name] for text in PROJECT["optional-dependencies"][extra]),
    ]
    todo = [(Requirement(text), "pyproject.toml") for text in own]
    while todo:
        requirement, by = todo.pop()
        key = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if key in seen or key[0] == "extractor":
            continue
        seen[key] = by
        try:
            found = distribution(requirement.name)
        except PackageNotFoundError:
            continue
        if found.version.partition("+")[0] != pinned.get(key[0]):
            continue
        for each in map(Requirement, found.requires or ()):
            if any(of_image(each.marker, machine, extra) for extra in ("", *requirement.extras)):
                todo.append((each, requirement.name))
    return {package: by for (package, _), by in seen.items()}


@pytest.mark.parametrize("name", EXTRAS)
class TestLock:
    def test_every_file_is_known_by_its_hash(self, name: str) -> None:
        for requirement, hashes in lock(name).values():
            assert re.fullmatch(r"==[\w.]+", str(requirement.specifier)), requirement
            assert hashes, requirement
            assert all(re.fullmatch(HASH, each) for each in hashes), requirement

    def test_versions_are_those_of_the_constraints(self, name: str) -> None:
        pinned = pins()
        for package, (requirement, _) in lock(name).items():
            if OF_CUDA.fullmatch(package) or not of_image(requirement.marker, "x86_64"):
                continue
            assert package in pinned, f"{package} is in docker/{name}.lock only: add it to constraints.txt, or {STALE}"
            assert str(requirement.specifier) == f"=={pinned[package]}", STALE

    def test_what_is_asked_for_is_within_its_range(self, name: str) -> None:
        locked = lock(name)
        own = [
            *PROJECT["dependencies"],
            *(each for extra in EXTRAS[name] for each in PROJECT["optional-dependencies"][extra]),
        ]
        for requirement in map(Requirement, own):
            package = canonicalize_name(requirement.name)
            if package != "extractor":
                assert package in locked, f"{package}: {STALE}"
                (version,) = locked[package][0].specifier
                assert requirement.specifier.contains(version.version), f"{requirement}: {STALE}"

    @pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
    def test_nothing_is_missing(self, name: str, machine: str) -> None:
        """pip would refuse to install what it has no hash of."""
        locked = lock(name)
        for package, by in needed(name, machine).items():
            assert package in locked, f"{package}, which {by} needs, is not in docker/{name}.lock: {STALE}"
            assert of_image(locked[package][0].marker, machine), package

    def test_what_builds_our_wheel_is_there(self, name: str) -> None:
        build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
        for requirement in map(Requirement, build):
            (version,) = lock(name)[canonicalize_name(requirement.name)][0].specifier
            assert requirement.specifier.contains(version.version)


def test_the_api_has_no_engine_and_the_worker_cuda() -> None:
    heavy = {"torch", "transformers", "accelerate", "outlines", "numpy"}  # llguidance is light, and judges schemas
    assert not heavy & set(lock("api"))
    assert heavy <= set(lock("worker"))
    assert any(OF_CUDA.fullmatch(package) for package in lock("worker"))
    assert set(lock("api")) <= set(lock("worker"))


def test_the_make_target_knows_the_same_extras() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for name, extras in EXTRAS.items():
        (line,) = [line for line in makefile.splitlines() if f"docker/{name}.lock" in line and "LOCK" in line]
        words = makefile if "$(WORKER)" in line else line
        (flags,) = re.findall(r"^WORKER := (.*)$", words, re.M) if "$(WORKER)" in line else [line]
        assert set(re.findall(r"--extra ([\w-]+)", flags)) == extras
