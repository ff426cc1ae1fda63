"""The engine: a prompt's ids and its document's bytes in, an answer's ids and bytes out. It knows no schema.

`Engine` and `EngineConfig` are imported when they are asked for: who only speaks to an engine in another process
(`process.py`) needs no torch.
"""

from typing import TYPE_CHECKING, Any

from extractor.drafters import DRAFTERS
from extractor.engine.sequence import Completion, Counter, Params, Request, RequestStats

if TYPE_CHECKING:
    from extractor.engine.config import EngineConfig
    from extractor.engine.engine import Engine

__all__ = ["DRAFTERS", "Completion", "Counter", "Engine", "EngineConfig", "Params", "Request", "RequestStats"]


def __getattr__(name: str) -> Any:
    if name == "Engine":
        from extractor.engine.engine import Engine

        return Engine
    if name == "EngineConfig":
        from extractor.engine.config import EngineConfig

        return EngineConfig
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
