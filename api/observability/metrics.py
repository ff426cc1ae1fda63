"""Prometheus metrics of one API process, in their own registry, and beside them what the store says at a scrape
(stats.py). Labels of requests never hold an id, a tenant or a name from outside: the routes bound their number."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from api.observability.stats import StoreSnapshot, families

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Store(Collector):
    """Gives the snapshot of this scrape, once: stale statistics are not repeated."""

    def __init__(self) -> None:
        self.snapshot: StoreSnapshot | None = None

    def collect(self) -> Iterator[Metric]:
        if self.snapshot is not None:
            yield from families(self.snapshot)

    def describe(self) -> list[Metric]:
        return []


class Metrics:
    """Counted here: this process. The rest is read from the ledger when scraped."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "extractor_http_requests", "Requests answered", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "extractor_http_request_duration_seconds",
            "Time to the end of the answer, long-polls and event streams included",
            ["method", "route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._unpublished = Counter(
            "extractor_publish_failures",
            "Accepted jobs whose message could not be published; the reconciler publishes them",
            registry=self.registry,
        )
        self._connections_ended = Counter(
            "extractor_http_hung_up",
            "Connections this server ended, by reason: a limit was reached, the client was late, or it spoke no HTTP",
            ["reason"],
            registry=self.registry,
        )
        self._ended: Counts[str] = Counts()
        self._connections = Gauge("extractor_http_connections", "Open connections", registry=self.registry)
        self._workers = Gauge("extractor_workers_ready", "Workers with a loaded model", registry=self.registry)
        self._store_up = Gauge("extractor_store_up", "1 when the ledger answered this scrape", registry=self.registry)
        self._keys = Gauge("extractor_api_keys", "API keys that are accepted", registry=self.registry)
        self._keys_stale = Gauge(
            "extractor_api_keys_stale",
            "1 while the file of API keys cannot be used and those from before stay",
            registry=self.registry,
        )
        self._store = _Store()
        self.registry.register(self._store)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def connection_ended(self, reason: str) -> None:
        self._connections_ended.labels(reason).inc()
        self._ended[reason] += 1

    def take_ended(self) -> dict[str, int]:
        """How often `connection_ended` was called for each reason since this was asked last."""
        ended, self._ended = dict(self._ended), Counts()
        return ended

    def connected(self, number: int) -> None:
        self._connections.set(number)

    def keys(self, number: int, *, stale: bool) -> None:
        self._keys.set(number)
        self._keys_stale.set(stale)

    def publish_failed(self) -> None:
        self._unpublished.inc()

    def render(self, snapshot: StoreSnapshot | None) -> bytes:
        """`snapshot`: the state of the store at this scrape; None when it did not answer."""
        self._store_up.set(0 if snapshot is None else 1)
        self._workers.set(sum(worker.ready for worker in snapshot.workers) if snapshot is not None else 0)
        self._store.snapshot = snapshot
        return generate_latest(self.registry)
