"""The engine: ids in, ids out. It knows no text and no schema."""

from extractor.engine.engine import Engine, EngineConfig
from extractor.engine.sequence import DRAFTERS, Completion, Counter, Params, Request, Usage

__all__ = ["DRAFTERS", "Completion", "Counter", "Engine", "EngineConfig", "Params", "Request", "Usage"]
