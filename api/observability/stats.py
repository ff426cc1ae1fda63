"""The ledger's and the workers' statistics as Prometheus families, from one snapshot a scrape. Knows no connection.

Labels are bounded: tenants are named up to a number, those with the most jobs first, and the rest are `other`; where
nobody may see names all of them are `all`. Statuses, priorities, causes, codes, phases and drafters are few, workers
are those alive. Every API process gives the same of the ledger: aggregate with `max`, not `sum`, over instances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from api.observability.durations import cumulative, durations_of_jobs, durations_of_workers
from workers.ledger.ledger import PRIORITIES, STATUSES, TERMINAL, Duration, StoreMemory, Survey, WorkerInfo

OTHER, ALL = "other", "all"
_RETRIES = {"error": "retried", "worker_lost": "lease_lost", "worker_stopped": "released"}
_DRAFTS = {
    "proposed": "Draft tokens put before the target",
    "accepted": "Draft tokens the target accepted",
}
_ENGINE = {
    "output_tokens": "Tokens written",
    "prompt_tokens": "Prompt tokens read; those shared with the prompt before are not",
    "forwards": "Forwards of the target over draft tokens; reading prompts apart",
    "step_rows": "Rows of all steps: over the number of steps, the mean size of an engine's batch",
    "restarts": "Engine processes started after one died",
}

_UNTOLD = StoreMemory(0, 0)


@dataclass(frozen=True)
class StoreSnapshot:
    """The state of the store at one moment. `named_tenants`: how many may be named, None when none may. `erasing_s`:
    since when the first thing erased may still stand in the store's append-only file. `durations`: how long jobs took,
    ever."""

    surveys: Sequence[Survey]
    tallies: Mapping[str, int]
    workers: Sequence[WorkerInfo]
    named_tenants: int | None = None
    erasing_s: float = 0.0
    durations: Sequence[Duration] = ()
    memory: StoreMemory = _UNTOLD


def families(snapshot: StoreSnapshot) -> Iterator[Metric]:
    yield from _queue(snapshot)
    yield from _jobs(snapshot)
    yield from _jobs_ever(snapshot.tallies)
    yield from durations_of_jobs(snapshot.durations)
    yield from _store(snapshot.memory)
    yield from _erasing(snapshot)
    yield from _workers(snapshot.workers)
    yield from durations_of_workers(snapshot.workers)
    yield from _engines(snapshot.workers)


def _queue(snapshot: StoreSnapshot) -> Iterator[Metric]:
    label = _labels(snapshot)
    depth: Counter[tuple[str, str]] = Counter()
    oldest: dict[tuple[str, str], float] = {}
    for one in snapshot.surveys:
        for priority in PRIORITIES:
            at: tuple[str, str] = (label[one.tenant], priority)
            depth[at] += one.waiting[priority].jobs
            oldest[at] = max(oldest.get(at, 0.0), one.waiting[priority].oldest_s or 0.0)
    names = ["tenant", "priority"]
    jobs = GaugeMetricFamily("extractor_queue_jobs", "Jobs that wait", labels=names)
    age = GaugeMetricFamily(
        "extractor_queue_oldest_age_seconds", "How long the first of them has waited; 0: none does", labels=names
    )
    for at, count in depth.items():
        jobs.add_metric(at, count)
        age.add_metric(at, oldest[at])
    yield from (jobs, age)


def _labels(snapshot: StoreSnapshot) -> dict[str, str]:
    """The label of each tenant."""
    if snapshot.named_tenants is None:
        return {one.tenant: ALL for one in snapshot.surveys}
    largest = sorted(snapshot.surveys, key=lambda one: (-sum(one.jobs.values()), one.tenant))
    return {one.tenant: one.tenant if place < snapshot.named_tenants else OTHER for place, one in enumerate(largest)}


def _jobs(snapshot: StoreSnapshot) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("extractor_jobs", "Jobs in the ledger, by status", labels=["status"])
    for status in STATUSES:
        jobs.add_metric([status], sum(one.jobs[status] for one in snapshot.surveys))
    yield jobs
    batches = GaugeMetricFamily("extractor_batches", "Batches in the ledger, ended ones included")
    batches.add_metric([], sum(one.batches for one in snapshot.surveys))
    yield batches


def _jobs_ever(tallies: Mapping[str, int]) -> Iterator[Metric]:
    failed = {
        name.partition(":")[2] or "unknown": n for name, n in tallies.items() if name.partition(":")[0] == "failed"
    }
    ended = {status: tallies.get(status, 0) for status in sorted(TERMINAL)} | {"failed": sum(failed.values())}
    retried = {cause: tallies.get(name, 0) for cause, name in _RETRIES.items()}
    yield _counter("extractor_jobs_accepted", "Jobs taken into the ledger", tallies.get("accepted", 0))
    yield _counters("extractor_jobs_finished", "Jobs that ended", "status", ended)
    yield _counters("extractor_jobs_failed", "Jobs that failed, by the code of their error", "code", failed)
    yield _counter("extractor_jobs_marked", "Jobs that ended with something to look at", tallies.get("marked", 0))
    yield _counter("extractor_jobs_reviewed", "Jobs that got their first review", tallies.get("reviewed", 0))
    yield _counter("extractor_attempts", "Claims: each is one attempt at a document", tallies.get("claimed", 0))
    yield _counters("extractor_attempts_lost", "Attempts that ended without an end of their job", "cause", retried)
    yield _counter("extractor_leases_lost", "Leases that ran out under a silent worker", tallies.get("lease_lost", 0))
    yield _counter("extractor_jobs_republished", "Lost or due messages published again", tallies.get("republished", 0))
    yield _counter(
        "extractor_results_dropped", "Results refused: too late, or another's job", tallies.get("dropped", 0)
    )


def _store(memory: StoreMemory) -> Iterator[Metric]:
    taken = "Memory of the store that is taken; 0: it does not say"
    most = "Its maxmemory; 0: none is set, or it does not say"
    for name, text, value in (("used", taken, memory.taken), ("max", most, memory.most)):
        gauge = GaugeMetricFamily(f"extractor_store_{name}_bytes", text)
        gauge.add_metric([], value)
        yield gauge


def _erasing(snapshot: StoreSnapshot) -> Iterator[Metric]:
    text = "How long the first thing erased has been in the store's append-only file; 0: nothing is"
    oldest = GaugeMetricFamily("extractor_erased_oldest_seconds", text)
    oldest.add_metric([], snapshot.erasing_s)
    yield oldest
    rewrites = {outcome: snapshot.tallies.get(f"rewrite_{outcome}", 0) for outcome in ("done", "failed", "refused")}
    yield _counters(
        "extractor_file_rewrites", "Rewrites of that file asked for, by how they ended", "outcome", rewrites
    )
    outcomes = ("delivered", "failed", "given_up")
    webhooks = {outcome: snapshot.tallies.get(f"webhook_{outcome}", 0) for outcome in outcomes}
    yield _counters("extractor_webhooks", "Webhooks sent, by how that ended", "outcome", webhooks)


def _workers(workers: Sequence[WorkerInfo]) -> Iterator[Metric]:
    states = Counter(worker.state for worker in workers)
    yield _gauges("extractor_workers", "Workers alive, by state", "state", states)
    yield _each(workers, "extractor_worker_slots", "Documents it takes at once", lambda one: one.slots)
    yield _each(workers, "extractor_worker_busy_slots", "Documents it has in hand", lambda one: one.busy)
    yield _each(workers, "extractor_worker_last_seen_seconds", "Since its last heartbeat", lambda one: one.age_s)
    started = GaugeMetricFamily("extractor_worker_start_time_seconds", "When it started (Unix)", labels=["worker"])
    ended = CounterMetricFamily("extractor_worker_documents", "Attempts that ended", labels=["worker", "outcome"])
    for one in workers:
        if one.started_at is not None:
            started.add_metric([one.id], one.started_at)
        for outcome, count in one.stats.get("documents", {}).items():
            ended.add_metric([one.id, outcome], count)
    yield from (started, ended)


def _engines(workers: Sequence[WorkerInfo]) -> Iterator[Metric]:
    engines = [(one.id, one.stats["engine"]) for one in workers if one.stats.get("engine")]
    yield _each(
        workers, "extractor_engine_output_tokens_per_second", "Since its last heartbeat", lambda one: one.tokens_per_s
    )
    for name, text in (("running", "Rows that decode"), ("waiting", "Requests that wait for a row")):
        rows = GaugeMetricFamily(f"extractor_engine_rows_{name}", text, labels=["worker"])
        for worker, engine in engines:
            rows.add_metric([worker], engine.get(name, 0))
        yield rows
    for name, text in _ENGINE.items():
        total = CounterMetricFamily(f"extractor_engine_{name}", text, labels=["worker"])
        for worker, engine in engines:
            total.add_metric([worker], engine.get(name, 0))
        yield total
    for name, text in _DRAFTS.items():
        tokens = CounterMetricFamily(f"extractor_engine_draft_tokens_{name}", text, labels=["worker", "drafter"])
        for worker, engine in engines:
            for drafter, counter in engine.get("drafts", {}).items():
                tokens.add_metric([worker, drafter], counter[name])
        yield tokens
    text = "Time in each phase of the steps; target is a part of verify"
    phases = CounterMetricFamily("extractor_engine_phase_seconds", text, labels=["worker", "phase"])
    steps = HistogramMetricFamily("extractor_engine_step_seconds", "Time of a step", labels=["worker"])
    for worker, engine in engines:
        for phase, seconds in engine.get("seconds", {}).items():
            phases.add_metric([worker, phase], seconds)
        bounds = engine.get("step_bounds_s", ())
        counts = engine.get("step_buckets", [0] * (len(bounds) + 1))
        steps.add_metric([worker], cumulative(bounds, counts), engine.get("step_s", 0.0))
    yield from (phases, steps)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _counters(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _gauges(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _each(workers: Iterable[WorkerInfo], name: str, text: str, value: Any) -> Metric:
    return _gauges(name, text, "worker", {one.id: value(one) for one in workers})
