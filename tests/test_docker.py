"""What can be checked of docker/ without an engine: every path exists, the install commands name real extras under the
constraints, nothing runs as root, compose parses and speaks of files, settings and modules that exist."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import tomllib
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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
                assert (ROOT / source).exists(), f"{dockerfile.name} copies {source}"
                assert source not in ignored

    def test_bases_are_pinned_and_the_user_is_nobody(self, dockerfile: Path) -> None:
        bases = [rest.split()[0] for word, rest in instructions(dockerfile) if word == "FROM"]
        assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base) for base in bases), bases
        assert len(set(bases)) == 1, "a virtual environment runs with the Python it was made with"
        users = [rest for word, rest in instructions(dockerfile) if word == "USER"]
        assert users == ["10001:10001"]

    def test_installs_go_through_the_constraints(self, dockerfile: Path) -> None:
        installs = [shlex.split(rest) for word, rest in instructions(dockerfile) if "pip install" in rest]
        assert installs
        for command in installs:
            assert command[command.index("-c") + 1] == "constraints.txt"
            for extras in re.findall(r"\.\[([\w,]+)\]", command[-1]):
                assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])

    def test_it_runs_modules_that_exist_and_settings_that_are_read(self, dockerfile: Path) -> None:
        text = " ".join(rest for word, rest in instructions(dockerfile) if word in ("CMD", "HEALTHCHECK", "ENV"))
        for command in re.findall(r"\[\"python\".*?\]", text):
            words = json.loads(command)
            assert words[:3] == ["python", "-P", "-m"], "what lies in the working folder is not on its path"
            assert importlib.util.find_spec(words[3]), words[3]
        assert set(re.findall(r"EXTRACTOR_\w+", text)) <= setting_names()


def test_the_api_image_installs_no_torch() -> None:
    """Walks the installed metadata of what `pip install .[otel]` needs, markers and extras included."""
    heavy = {"torch", "transformers", "accelerate", "outlines", "llguidance", "numpy"}
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
            assert re.fullmatch(r"[\w/]+:\d+\.\d+\.\d+[\w.-]*", service["image"]), "a pinned base"

    def test_its_settings_are_read_by_somebody(self, name: str) -> None:
        names = {key for key in SERVICES[name].get("environment", {}) if key.startswith(PREFIX)}
        assert names <= setting_names()

    def test_it_is_locked_down(self, name: str) -> None:
        service = SERVICES[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert service.get("privileged") is None

    def test_its_networks_and_volumes_are_declared(self, name: str) -> None:
        assert set(SERVICES[name]["networks"]) <= set(COMPOSE["networks"])
        assert {volume.split(":")[0] for volume in SERVICES[name].get("volumes", ())} <= set(COMPOSE["volumes"])


def test_the_store_keeps_what_it_acknowledged() -> None:
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--maxmemory-policy"] == "noeviction"
    assert "ports" not in SERVICES["redis"], "only the service's own network reaches it"
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_the_api_is_published_to_this_machine_and_wants_keys() -> None:
    assert SERVICES["api"]["ports"] == ["${EXTRACTOR_PUBLISH:-127.0.0.1:8000}:8000"]
    assert ":?" in SERVICES["api"]["environment"]["EXTRACTOR_API_KEYS"], "compose refuses to start without"


@pytest.mark.parametrize(("name", "module"), [("api", "api"), ("worker", "workers"), ("worker-cpu", "workers")])
def test_what_no_longer_moves_is_killed_and_started_again(name: str, module: str) -> None:
    """By its probe, which the image has too; `init` lets its end be the container's."""
    service = SERVICES[name]
    test = service["healthcheck"]["test"]
    assert test[:5] == ["CMD", "python", "-P", "-m", f"{module}.alive"]
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
