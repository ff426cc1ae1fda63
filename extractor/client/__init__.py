"""The HTTP client: `Client` for scripts, `AsyncClient` for services, over the same flows (flow.py). Loads no torch.

    with Client() as client:
        invoice = client.extract(Path("invoice.txt"), Invoice)      # an Invoice, or a typed error

Both are told where the service is by `url` or EXTRACTOR_URL, and who asks by `api_key` or EXTRACTOR_API_KEY.
"""

from __future__ import annotations

from extractor.client.awaiting import AsyncClient
from extractor.client.blocking import Client
from extractor.client.errors import (
    BatchTimeout,
    Broken,
    ClientError,
    Conflict,
    ExtractionFailed,
    NotFound,
    Overloaded,
    Refused,
    ServiceError,
    Unauthorized,
    UnexpectedAnswer,
    Unreachable,
    WaitTimeout,
)
from extractor.client.flow import Patience
from extractor.client.model import Batch, Job, JobPage, Row, Worker

__all__ = [
    "AsyncClient", "Batch", "BatchTimeout", "Broken", "Client", "ClientError", "Conflict", "ExtractionFailed", "Job",
    "JobPage", "NotFound", "Overloaded", "Patience", "Refused", "Row", "ServiceError", "Unauthorized",
    "UnexpectedAnswer", "Unreachable", "WaitTimeout", "Worker",
]  # fmt: skip
