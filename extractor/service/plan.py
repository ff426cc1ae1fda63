"""What one run of the service consists of: addresses, how many workers, where its store is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from extractor.processes import launch
from extractor.service.valkey import EmbeddedSettings


@dataclass(frozen=True)
class ServicePlan:
    """What to run. `port` 0 takes a free one; `redis_url` None starts the embedded store in `data_dir` (None: a
    folder of its own that goes when the service ends). An API that has not answered for `api_silent_s`, and an
    embedded store that has not for `store_silent_s`, are replaced; of workers EXTRACTOR_WORKER_SILENT_S says so."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    redis_url: str | None = None
    data_dir: Path | None = None
    max_memory: str = "1gb"
    environ: Mapping[str, str] = field(default_factory=dict)
    worker_grace_s: float = 30.0
    api_silent_s: float = 20.0
    store_silent_s: float = 20.0
    api_command: Sequence[str] = launch.command("api")
    worker_command: Sequence[str] = launch.command("workers")


def plan_of(settings: EmbeddedSettings, redis_url: str | None, **more: object) -> ServicePlan:
    """The plan that the environment's settings make, with what a command line says in `more`."""
    embedded = {} if redis_url else {"data_dir": settings.data_dir, "max_memory": settings.embedded_max_memory}
    return ServicePlan(redis_url=redis_url, **embedded, **more)  # type: ignore[arg-type]
