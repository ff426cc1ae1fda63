"""Publishes messages, and counts those that wait. A publish that fails loses nothing: the job is in the ledger, and the
reconciler publishes it. Knows the Celery app; knows no task and no ledger."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from celery import Celery
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from workers.config import WorkerSettings
from workers.errors import StoreUnavailable
from workers.ledger.new_job import PRIORITIES, Priority
from workers.queue.app import TASK, make_app, queue_name


class JobQueue:
    """Thread-safe. Every method raises StoreUnavailable in bounded time when the broker does not answer."""

    def __init__(self, settings: WorkerSettings | None = None, app: Celery | None = None) -> None:
        self.app = app or make_app(settings or WorkerSettings())

    def publish(self, tenant: str, job_id: str, priority: Priority) -> None:
        """One message, with the two ids and nothing else of the job."""
        self.publish_all(tenant, [job_id], priority)

    def publish_all(self, tenant: str, job_ids: Sequence[str], priority: Priority) -> None:
        """Messages of many jobs in one round trip. They hold only what Celery's protocol 2 requires: the fields that
        `send_task` adds, most of them empty, are longer than the rest."""
        headers = {"lang": "py", "task": TASK}
        try:
            with self.app.producer_pool.acquire(block=True) as producer, producer.batch():
                for job_id in job_ids:
                    producer.publish(
                        ((tenant, job_id), {}, {}),
                        exchange="",
                        routing_key=queue_name(priority),
                        headers={**headers, "id": job_id},
                        serializer="json",
                        retry=False,
                    )
        except (KombuError, RedisError, OSError) as error:
            raise StoreUnavailable(f"the broker does not take messages ({type(error).__name__})") from error

    def waiting(self) -> dict[Priority, int]:
        """Messages nobody has taken yet, by queue."""
        try:
            with self.app.producer_pool.acquire(block=True) as producer:
                client = producer.channel.client
                return {p: int(client.llen(queue_name(p))) for p in PRIORITIES}
        except (KombuError, RedisError, OSError) as error:
            raise StoreUnavailable(f"the broker does not answer ({type(error).__name__})") from error

    def close(self) -> None:
        self.app.close()


@cache
def _default() -> JobQueue:
    return JobQueue()


def publish(tenant: str, job_id: str, priority: Priority) -> None:
    """`JobQueue.publish` under the settings of the environment."""
    _default().publish(tenant, job_id, priority)
