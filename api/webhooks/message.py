"""What a webhook is sent: the message and its signatures, as Standard Webhooks has them
(https://www.standardwebhooks.com). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from standardwebhooks.webhooks import Webhook as Signer

from api import serializers
from schemas.jsontext import written
from workers.ledger.batches import BatchRecord
from workers.ledger.ledger import Job


@dataclass(frozen=True)
class WebhookMessage:
    """`id` is the same for every try, so that a receiver knows what it has had."""

    id: str
    body: bytes


def of_extraction(job: Job, *, result: bool) -> WebhookMessage:
    """`result`: with the answer, and the error of one that failed; else what the list shows of it."""
    data = serializers.extraction(job) if result else serializers.summary(job)
    return _message(job.id, f"extraction.{job.status}", job.finished_at, data)


def of_batch(batch: BatchRecord) -> WebhookMessage:
    return _message(batch.id, f"batch.{batch.status}", batch.finished_at, serializers.batch(batch))


def headers(message: WebhookMessage, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """One signature for each secret."""
    text = message.body.decode()
    signatures = " ".join(Signer(secret).sign(message.id, now.astimezone(UTC), text) for secret in secrets)
    return {
        "content-type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signatures,
    }


def _message(id: str, kind: str, at: datetime | None, data: dict[str, Any]) -> WebhookMessage:
    return WebhookMessage(f"msg_{id}", written({"type": kind, "timestamp": serializers.time_text(at), "data": data}))
