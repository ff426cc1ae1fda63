"""The extractor of a worker: its engine runs in a process of its own, so that what kills the engine leaves the worker
standing. `EXTRACTOR_ENGINE_PROCESS=false` puts it back into this one."""

from __future__ import annotations

from extractor import Extractor, Options
from extractor.config import read_settings

__all__ = ["Options", "make"]


def make() -> Extractor:
    """Raises what `Extractor` raises."""
    settings = read_settings()
    if "engine_process" not in settings.model_fields_set:
        settings = settings.model_copy(update={"engine_process": True})
    return Extractor(settings)
