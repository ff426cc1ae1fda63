"""What a route is given: the collaborators that the lifespan made, one of each a process."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from api.config import ApiSettings
from api.drawing import PageDrawer
from api.job_store import JobStore
from api.keys.authenticator import Authenticator
from api.observability.metrics import Metrics
from api.submission.memory_budget import BodyMemory
from api.submission.schema_check import SchemaChecker
from api.thread_pools import ThreadPools
from schemas import Registry


@dataclass(frozen=True)
class Services:
    settings: ApiSettings
    authenticator: Authenticator
    schemas: Registry
    store: JobStore
    metrics: Metrics
    body_memory: BodyMemory
    schema_checker: SchemaChecker
    drawer: PageDrawer
    threads: ThreadPools = field(default_factory=ThreadPools)


async def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


Service = Annotated[Services, Depends(services)]
