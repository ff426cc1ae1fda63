"""The engine's fixtures: random models, and the bundled pair, on one thread."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from extractor.engine import Engine, EngineConfig
from extractor.engine.model.loader import Models, ModelSpec, load
from tests.engine import tiny


@pytest.fixture(scope="session")
def gemma4_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random pair, its drafter beside it. Not to be changed."""
    return tiny.save_gemma4(tmp_path_factory.mktemp("gemma4"))


@pytest.fixture(scope="session")
def llama_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def gemma4(gemma4_folder: Path) -> Models:
    """The random pair in float64: what differs there differs for a reason, not by rounding."""
    models = load(ModelSpec(model=str(gemma4_folder)))
    models.target.double()
    models.drafter.double()
    return models


@pytest.fixture(scope="session")
def llama(llama_folder: Path) -> Models:
    models = load(ModelSpec(model=str(llama_folder)))
    models.target.double()
    return models


@pytest.fixture(scope="module", params=["bundled", "random"])
def pair(request: pytest.FixtureRequest) -> Models:
    """In float32. The random one has two KV heads, and windows shorter than most prompts."""
    if request.param == "bundled":
        return load(ModelSpec())
    return load(ModelSpec(model=str(request.getfixturevalue("gemma4_folder"))))


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def engine(gemma4: Models) -> Iterator[Engine]:
    running = Engine(gemma4, EngineConfig(slots=4, context=1024, max_draft=8))
    yield running
    running.close()
