from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from extractor.engine import Engine, EngineConfig
from extractor.engine.model.loader import Models, ModelSpec, load
from tests.engine import tiny


@pytest.fixture(scope="session")
def gemma4(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """A random pair in float64: what differs there differs for a reason, not by rounding."""
    models = load(ModelSpec(model=str(tiny.save_gemma4(tmp_path_factory.mktemp("gemma4")))))
    models.target.double()
    models.drafter.double()
    return models


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Models:
    models = load(ModelSpec(model=str(tiny.save_llama(tmp_path_factory.mktemp("llama")))))
    models.target.double()
    return models


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
