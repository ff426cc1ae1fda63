"""Prometheus metrics of one API process, in their own registry. Labels never hold an id, a tenant or a name from
outside: their number is bounded by the routes."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """Counted here: this process. `jobs` and `workers` are read from the ledger when scraped."""

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
        self._jobs = Gauge("extractor_jobs", "Jobs in the ledger", ["status"], registry=self.registry)
        self._workers = Gauge("extractor_workers_ready", "Workers with a loaded model", registry=self.registry)
        self._store_up = Gauge("extractor_store_up", "1 when the ledger answered this scrape", registry=self.registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def publish_failed(self) -> None:
        self._unpublished.inc()

    def store(self, jobs: Mapping[str, int] | None, workers_ready: int = 0) -> None:
        """What the ledger said, or None when it did not answer: stale figures are not repeated."""
        self._store_up.set(0 if jobs is None else 1)
        self._jobs.clear()
        self._workers.set(workers_ready)
        for status, count in (jobs or {}).items():
            self._jobs.labels(status).set(count)

    def render(self) -> bytes:
        return generate_latest(self.registry)
