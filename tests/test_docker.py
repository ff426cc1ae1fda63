"""What can be checked of docker/ without an engine: every path exists, only what the locks name is installed, nothing
runs as root, compose parses and speaks of files, settings and modules that exist."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from api.config import ApiSettings
from api.keys.keys import ApiKeys, KeyConfigError, check_exposure
from extractor.cli.settings import rooms
from extractor.config import PREFIX

ROOT = Path(__file__).parents[1]
DOCKER = ROOT / "docker"
DOCKERFILES = sorted(path for path in DOCKER.glob("Dockerfile.*") if path.suffix != ".dockerignore")
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", " ", dockerfile.read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


IMAGES = dict(
    line.split("=", 1) for line in (DOCKER / "images.lock").read_text().splitlines() if not line.startswith("#")
)


def tag_of(name: str) -> str:
    return IMAGES[name].partition("@")[0]


def defaults(text: str) -> str:
    """As compose reads it in an empty shell."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def setting_names() -> set[str]:
    return {PREFIX + key.upper() for _, kind in rooms() for key in kind.model_fields}


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.name)
class TestDockerfile:
    def test_every_copied_path_exists_and_is_not_ignored(self, dockerfile: Path) -> None:
        ignored = set(Path(f"{dockerfile}.dockerignore").read_text().split("\n"))
        copies = [rest.split() for word, rest in instructions(dockerfile) if word == "COPY" and "--from=" not in rest]
        assert copies
        for *sources, _ in copies:
            for source in sources:
                assert list(ROOT.glob(source)), f"{dockerfile.name} copies {source}"
                assert source not in ignored

    def test_no_image_carries_the_lab_and_only_a_worker_s_has_weights(self, dockerfile: Path) -> None:
        ignored = set(Path(f"{dockerfile}.dockerignore").read_text().split("\n"))
        assert "extractor/lab" in ignored
        assert ("extractor/bundled/weights" in ignored) is (dockerfile.name == "Dockerfile.api")

    def test_bases_are_pinned_and_the_user_is_nobody(self, dockerfile: Path) -> None:
        bases = [rest.split()[0] for word, rest in instructions(dockerfile) if word == "FROM"]
        assert set(bases) == {"${PYTHON_IMAGE}"}, "a virtual environment runs with the Python it was made with"
        (default,) = re.findall(r"^ARG PYTHON_IMAGE=(\S+)$", dockerfile.read_text(), re.M)
        assert default == IMAGES["PYTHON_IMAGE"], "docker/images.lock and the default are one image"
        assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+@sha256:[0-9a-f]{64}", default)
        users = [rest for word, rest in instructions(dockerfile) if word == "USER"]
        assert users == ["10001:10001"]

    def test_only_what_the_lock_names_is_installed(self, dockerfile: Path) -> None:
        """Its files by their hashes, and ours beside them without asking an index for anything."""
        installs = [shlex.split(rest) for word, rest in instructions(dockerfile) if "pip install" in rest]
        theirs, ours = installs
        assert "--require-hashes" in theirs
        assert theirs[-2] == "-r"
        assert {"--no-deps", "--no-build-isolation"} <= set(ours)
        assert ours[-1] == "."
        lock = theirs[-1].replace("$LOCK", "worker.lock")
        assert (DOCKER / lock).is_file()
        assert dockerfile.name.partition(".")[2] == lock.partition(".")[0]

    def test_it_runs_modules_that_exist_and_settings_that_are_read(self, dockerfile: Path) -> None:
        text = " ".join(rest for word, rest in instructions(dockerfile) if word in ("CMD", "HEALTHCHECK", "ENV"))
        for command in re.findall(r"\[\"python\".*?\]", text):
            words = json.loads(command)
            assert words[:3] == ["python", "-P", "-m"], "what lies in the working folder is not on its path"
            assert importlib.util.find_spec(words[3]), words[3]
        assert set(re.findall(r"EXTRACTOR_\w+", text)) <= setting_names()


def test_the_api_image_installs_no_torch() -> None:
    """Walks the installed metadata of what `pip install .[otel]` needs, markers and extras included."""
    heavy = {"torch", "transformers", "accelerate", "outlines", "numpy"}
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = [Requirement(text) for text in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["otel"])]
    while todo:
        requirement = todo.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        extras = ["", *requirement.extras]
        needed = [Requirement(text) for text in requires(requirement.name) or ()]
        todo += [each for each in needed if not each.marker or any(each.marker.evaluate({"extra": e}) for e in extras)]
    assert not {name for name, _ in seen} & heavy
    assert "fastapi" in {name for name, _ in seen}


def gigabytes(text: str) -> float:
    number, unit = re.fullmatch(r"(\d+)([mg])b?", text).groups()  # type: ignore[union-attr]
    return int(number) / (1024 if unit == "m" else 1)


@pytest.mark.parametrize("name", SERVICES)
class TestCompose:
    def test_what_it_builds_exists(self, name: str) -> None:
        service = SERVICES[name]
        if "build" in service:
            context = DOCKER / service["build"]["context"]
            assert (context / service["build"]["dockerfile"]).is_file()
            args = set(service["build"].get("args", {}))
            assert args <= set(re.findall(r"^ARG (\w+)", (context / service["build"]["dockerfile"]).read_text(), re.M))
        else:
            assert service["image"] == f"${{REDIS_IMAGE:-{IMAGES['REDIS_IMAGE']}}}"

    def test_its_settings_are_read_by_somebody(self, name: str) -> None:
        names = {key for key in SERVICES[name].get("environment", {}) if key.startswith(PREFIX)}
        assert names <= setting_names()

    def test_it_is_locked_down(self, name: str) -> None:
        service = SERVICES[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert service.get("privileged") is None
        assert service["ulimits"]["core"] == 0, "a core would be a copy of documents"
        assert service["tmpfs"]
        assert all(re.search(r"[:,]size=\d+[mg]", mount) for mount in service["tmpfs"]), "it counts as memory"

    def test_it_is_bounded(self, name: str) -> None:
        """Memory, processors and processes; each may be said otherwise from the shell, but not left out."""
        service = SERVICES[name]
        assert re.fullmatch(r"\$\{\w+_MEMORY:-\d+g\}", service["mem_limit"])
        assert re.fullmatch(r"\$\{\w+_CPUS:-\d+\}", service["cpus"])
        assert 0 < service["pids_limit"] <= 4096
        held = sum(gigabytes(mount.partition("size=")[2]) for mount in service["tmpfs"])
        assert held <= gigabytes(defaults(service["mem_limit"])) / 2

    def test_its_networks_and_volumes_are_declared(self, name: str) -> None:
        assert set(SERVICES[name]["networks"]) <= set(COMPOSE["networks"])
        sources = {defaults(volume).split(":")[0] for volume in SERVICES[name].get("volumes", ())}
        folders = {source for source in sources if source.startswith(".")}
        assert sources - folders <= set(COMPOSE["volumes"])
        assert all((DOCKER / folder).is_dir() for folder in folders)


def test_the_store_keeps_what_it_acknowledged() -> None:
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--maxmemory-policy"] == "noeviction"
    assert options["--slowlog-log-slower-than"] == "-1", "it would hold documents"
    assert 2 * gigabytes(defaults(options["--maxmemory"])) < gigabytes(defaults(SERVICES["redis"]["mem_limit"]))
    assert "ports" not in SERVICES["redis"], "only the service's own network reaches it"
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_the_api_is_published_to_this_machine_and_wants_keys() -> None:
    assert SERVICES["api"]["ports"] == ["${EXTRACTOR_PUBLISH:-127.0.0.1:8000}:8000"]
    assert SERVICES["api"]["environment"]["EXTRACTOR_API_KEYS"] == "${EXTRACTOR_API_KEYS:-}", "down needs no key"
    with pytest.raises(KeyConfigError):  # the API itself refuses to start without
        check_exposure(ApiSettings(host="0.0.0.0", api_keys=""), ApiKeys.load(""))


@pytest.mark.parametrize("name", ["api", "worker", "worker-cpu"])
def test_a_folder_of_schemas_is_mounted_where_they_are_looked_for(name: str) -> None:
    mounted = {volume for volume in SERVICES[name]["volumes"] if volume.startswith("${SCHEMAS")}
    assert mounted == {f"${{SCHEMAS:-./schemas}}:{SERVICES[name]['environment']['EXTRACTOR_SCHEMAS']}:ro"}


def test_no_command_of_compose_needs_a_variable() -> None:
    assert not re.findall(r"\$\{\w+:?\?", (DOCKER / "compose.yaml").read_text())


@pytest.mark.parametrize(
    ("name", "module"), [("api", "api.liveness"), ("worker", "workers.liveness"), ("worker-cpu", "workers.liveness")]
)
def test_what_no_longer_moves_is_killed_and_started_again(name: str, module: str) -> None:
    """By its probe, which the image has too; `init` lets its end be the container's."""
    service = SERVICES[name]
    test = service["healthcheck"]["test"]
    assert test[:5] == ["CMD", "python", "-P", "-m", module]
    assert test[-1] == "--kill"
    assert service["init"] is True
    assert service["restart"] == "unless-stopped"
    assert json.dumps(test[1:-1]) in (DOCKER / service["build"]["dockerfile"].rpartition("/")[2]).read_text()


def test_workers_reserve_a_gpu_or_say_cpu() -> None:
    (device,) = SERVICES["worker"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]
    assert SERVICES["worker"]["profiles"] == ["gpu"]
    assert SERVICES["worker-cpu"]["profiles"] == ["cpu"]
    assert "deploy" not in SERVICES["worker-cpu"]


@pytest.mark.process
def test_digests_are_asked_for_and_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """`make images`, with a docker that knows one image after the other."""
    defaults = ("Dockerfile.api", "Dockerfile.worker", "compose.yaml", "kubernetes.yaml")
    for name in ("images.lock", "pin-images", *defaults):
        shutil.copy(DOCKER / name, tmp_path)
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    digest = f"sha256:{'ab' * 32}"
    other = f"sha256:{'cd' * 32}"
    answer = "Name: docker.io/library/x\nMediaType: y\nDigest: {}\n\nManifests:\n  Name: z\n  Digest: sha256:no\n"

    def run(known: str) -> subprocess.CompletedProcess[str]:
        docker.write_text(
            f'#!/bin/sh\ncase "$*" in {known}) printf {shlex.quote(answer.format(digest))};; *) exit 1;; esac'
        )
        docker.chmod(0o755)
        path = f"{docker.parent}:/usr/bin:/bin"
        return subprocess.run(
            [tmp_path / "pin-images"], env={"PATH": path}, capture_output=True, text=True, timeout=30, check=False
        )

    before = {path.name: path.read_text() for path in tmp_path.iterdir() if path.is_file()}
    refused = run('"buildx imagetools inspect python:"*')
    assert refused.returncode == 1
    assert f"no digest of {tag_of('REDIS_IMAGE')}" in refused.stderr
    assert {path.name: path.read_text() for path in tmp_path.iterdir() if path.is_file()} == before
    assert run('"buildx imagetools inspect "*').returncode == 0
    written = (tmp_path / "images.lock").read_text()
    assert written.splitlines()[-2:] == [f"{name}={tag_of(name)}@{digest}" for name in ("PYTHON_IMAGE", "REDIS_IMAGE")]
    assert "public repositories" not in written, "now they are the registry's"
    for name in defaults:
        pinned = re.findall(r"(?:python|redis):\d+\.[^\s}\"]*", (tmp_path / name).read_text())
        assert pinned
        assert all(image.endswith(f"@{digest}") for image in pinned)
    digest = other
    assert run('"buildx imagetools inspect "*').returncode == 0, "again, for a tag that has moved"
    assert written.replace("ab" * 32, "cd" * 32) == (tmp_path / "images.lock").read_text()
