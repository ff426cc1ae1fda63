"""The Celery app. A message carries a tenant and a job's id; what is true about the job is in the ledger. Imports no
task, no extractor and no torch: the API publishes by the task's name.

Why each setting: docs/recovery.md. Start a worker with `python -m workers`."""

from __future__ import annotations

import importlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

from celery import Celery
from celery.loaders.app import AppLoader
from kombu.entity import Queue
from kombu.transport import TRANSPORT_ALIASES

from workers.config import WorkerSettings
from workers.ledger.new_job import PRIORITIES, Priority

TASK = "extractor.run"
_OURS = "extractor"
TRANSPORT_ALIASES[_OURS] = "workers.queue.transport:Transport"


def queue_name(priority: str) -> str:
    return f"extractor.{priority}"


def priority_of(queue: str) -> Priority:
    return "interactive" if queue == queue_name("interactive") else "bulk"


def kombu_url(url: str) -> str:
    """A Redis URL as kombu writes it; only for a Unix socket does that differ from redis-py. kombu takes the transport
    from what stands before the +, whatever `broker_transport` says."""
    if not url.startswith("unix://"):
        return url
    parts = urlsplit(url)
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"{_OURS}+socket://{parts.netloc}{parts.path}?virtual_host={database}"


class _Loader(AppLoader):  # type: ignore[misc]
    """Celery's own loader puts the working folder on the import path; this one does not, because anything may lie
    there."""

    def import_from_cwd(self, module: str, imp: Any = None, package: str | None = None) -> Any:  # noqa: ARG002
        return importlib.import_module(module, package)


def make_app(settings: WorkerSettings) -> Celery:
    """JSON only; no results, events, gossip or remote control; a message is acknowledged when its task is over."""
    app = Celery("extractor", broker=kombu_url(settings.broker), loader=_Loader, set_as_current=False)
    app.conf.update(**_broker(settings), **_messages(), **_worker(settings), timezone="UTC", enable_utc=True)
    return app


def _broker(settings: WorkerSettings) -> dict[str, Any]:
    """Short timeouts: a frozen Redis is noticed, a dead connection is replaced."""
    return {
        "broker_transport": TRANSPORT_ALIASES[_OURS],
        "broker_transport_options": {
            "socket_timeout": settings.redis_timeout_s,
            "socket_connect_timeout": settings.redis_connect_timeout_s,
            "socket_keepalive": True,
            "health_check_interval": 3,  # a connection that died unseen is replaced in 1 + 2 * 3 s
            # BRPOP in the order of task_queues: interactive first
            "queue_order_strategy": "workers.queue.transport:Order",
            "interactive_slots": settings.interactive_slots,
            "priority_steps": [0],  # one list a queue
            "max_retries": 0,  # of a publish; a worker's own reconnecting is set below
        },
        "broker_connection_timeout": settings.redis_connect_timeout_s,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_heartbeat": 0,
    }


def _messages() -> dict[str, Any]:
    return {
        "task_queues": [Queue(queue_name(p)) for p in PRIORITIES],  # type: ignore[no-untyped-call]  # in order
        "task_default_queue": queue_name("interactive"),
        "task_create_missing_queues": False,
        "task_publish_retry": False,
        "task_acks_late": True,  # so that no more messages are taken than there are slots
        # A failed task has settled its job in the ledger, or a lease will end.
        "task_acks_on_failure_or_timeout": True,
        "task_reject_on_worker_lost": False,
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "result_backend": None,
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "task_track_started": False,
        "task_send_sent_event": False,
    }


def _worker(settings: WorkerSettings) -> dict[str, Any]:
    return {
        "imports": ("workers.worker.tasks",),  # loaded by a worker only
        "worker_pool": "threads",
        "worker_concurrency": settings.slots,
        "worker_prefetch_multiplier": 1,
        "worker_soft_shutdown_timeout": settings.shutdown_s,
        "worker_enable_soft_shutdown_on_idle": True,
        # Threads cannot be cancelled; leases decide.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
    }
