"""What the prompt's tests share."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def builder(tok: Any) -> Any:
    from extractor.prompt.prompt import PromptBuilder  # here: test modules that load no torch are collected beside it

    return PromptBuilder(tok, context=8192, examples=0)
