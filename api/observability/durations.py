"""How long documents took, as Prometheus histograms: from POST to end and waiting, which the ledger counts for all;
reading and decoding, which each worker counts. Labels are few: priorities, outcomes and codes of errors, formats of the
table of formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

from prometheus_client.core import HistogramMetricFamily, Metric

from workers.ledger.ledger import Duration, WorkerInfo


def durations_of_jobs(durations: Sequence[Duration]) -> Iterator[Metric]:
    text = "Time of a document from its POST, or its batch's, to its end"
    total = HistogramMetricFamily("extractor_job_seconds", text, labels=["priority", "outcome"])
    text = "Time that a document waited for a worker, until its first attempt"
    wait = HistogramMetricFamily("extractor_job_wait_seconds", text, labels=["priority"])
    for one in durations:
        buckets = cumulative(one.bounds_s, one.counts)
        if one.what == "total" and one.outcome is not None:
            total.add_metric([one.priority, one.outcome], buckets, one.seconds)
        elif one.what == "wait":
            wait.add_metric([one.priority], buckets, one.seconds)
    yield from (total, wait)


def durations_of_workers(workers: Sequence[WorkerInfo]) -> Iterator[Metric]:
    text = "Time of reading a document that is no plain text, by its format and how that ended"
    yield _of_workers(workers, "readings", "extractor_document_read_seconds", text, ["format", "outcome"])
    text = "Time of an attempt's answer, from the prompt to what is checked, and how that ended"
    yield _of_workers(workers, "decodings", "extractor_document_decode_seconds", text, ["priority", "outcome"])


def _of_workers(workers: Sequence[WorkerInfo], stat: str, name: str, text: str, labels: list[str]) -> Metric:
    family = HistogramMetricFamily(name, text, labels=["worker", *labels])
    for one in workers:
        kept: dict[str, Any] = one.stats.get(stat) or {}
        for each in kept.get("each", ()):
            buckets = cumulative(kept["bounds_s"], each["buckets"])
            family.add_metric([one.id, *(each[label] for label in labels)], buckets, each["seconds"])
    return family


def cumulative(bounds: Iterable[float], counts: Iterable[int]) -> list[tuple[str, float]]:
    """Counts between the bounds, and above the last, as Prometheus' buckets."""
    names = [*(str(float(bound)) for bound in bounds), "+Inf"]
    return list(zip(names, accumulate(counts), strict=True))
