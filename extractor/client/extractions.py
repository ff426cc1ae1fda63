"""The client's calls on extractions, as flows (see flow.py)."""

from __future__ import annotations

import logging
import time
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypedDict
from urllib.parse import quote

from extractor.client.document import OPTIONS, Document, SubmitOptions, document_body
from extractor.client.errors import WaitTimeout
from extractor.client.flow import JSON, Flow, Patience, Pause, Send, json_of, parse, send
from extractor.client.model import Job, JobPage, WorkerList
from extractor.client.validation import Schema, data_of, schema_body, validator_of

log = logging.getLogger("extractor.client")

LONG_POLL_S = 20.0
PAGE = 100
NOTHING: Mapping[str, Any] = MappingProxyType({})


class ListFilter(TypedDict, total=False):
    """What a list is narrowed to; `review`: `open` or `done`."""

    status: str
    schema: str
    batch: str
    review: str


def check_names(given: Mapping[str, Any], names: type) -> None:
    """Raises TypeError for a name that is none, as Python does: `**how` takes any."""
    unknown = given.keys() - names.__annotations__.keys()
    if unknown:
        wrong, there = ", ".join(sorted(unknown)), ", ".join(names.__annotations__)
        within = "".join(f"; options={{{name!r}: …}} takes it" for name in sorted(unknown & OPTIONS))
        raise TypeError(f"Unexpected keyword argument: {wrong}; there are {there}{within}")


def submit(document: Document, schema: Schema, how: SubmitOptions, patience: Patience) -> Flow[Job]:
    """Raises DocumentError when a file cannot be read. The Idempotency-Key makes a repeated POST the same job."""
    check_names(how, SubmitOptions)
    body: JSON = {"document": document_body(document, how), **schema_body(schema)}
    body |= {key: how[key] for key in ("options", "metadata", "priority", "webhook") if how.get(key)}
    headers = {"Idempotency-Key": how.get("idempotency_key") or str(uuid.uuid4())}
    response = yield from send(Send("POST", "/v1/extractions", body=body, headers=headers), patience)
    return parse(Job, response)


def get(job_id: str, wait_s: float, patience: Patience) -> Flow[Job]:
    params = {"wait": f"{wait_s:g}"} if wait_s else {}
    response = yield from send(Send("GET", _path(job_id), params=params, wait_s=wait_s), patience)
    return parse(Job, response)


def wait(job_id: str, timeout_s: float | None, patience: Patience) -> Flow[Job]:
    """Long-poll until the job is done. Raises WaitTimeout."""
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    while True:
        left_s = LONG_POLL_S if deadline is None else max(0.0, deadline - time.monotonic())
        asked_at = time.monotonic()
        job = yield from get(job_id, min(LONG_POLL_S, left_s), patience)
        if job.done:
            return job
        if deadline is not None and time.monotonic() >= deadline:
            raise WaitTimeout(job, timeout_s or 0.0)
        if time.monotonic() - asked_at < patience.first_s:  # it did not hold the answer: do not spin
            yield Pause(patience.first_s if deadline is None else min(patience.first_s, deadline - asked_at))


def cancel(job_id: str, patience: Patience) -> Flow[Job]:
    """Raises Conflict when it has already finished."""
    response = yield from send(Send("POST", f"{_path(job_id)}/cancel"), patience)
    return parse(Job, response)


def delete(job_id: str, patience: Patience) -> Flow[None]:
    """Erase document and result. Raises NotFound: no such id, or a lost answer to an earlier try of this call."""
    yield from send(Send("DELETE", _path(job_id)), patience)


def review(job_id: str, corrections: Mapping[str, Any], confirmed: Sequence[str], patience: Patience) -> Flow[Job]:
    """What a person found. Raises Conflict where there is no answer, and Refused for a pointer to no value of it."""
    body = {"corrections": dict(corrections), "confirmed": list(confirmed)}
    response = yield from send(Send("PUT", f"{_path(job_id)}/review", body=body), patience)
    return parse(Job, response)


def page(which: ListFilter, cursor: str | None, limit: int, patience: Patience) -> Flow[JobPage]:
    check_names(which, ListFilter)
    params = {key: str(value) for key, value in {**which, "cursor": cursor, "limit": limit}.items() if value}
    response = yield from send(Send("GET", "/v1/extractions", params=params), patience)
    return parse(JobPage, response)


def extract_with_job(
    document: Document, schema: Schema, how: SubmitOptions, timeout_s: float | None, patience: Patience
) -> Flow[tuple[Any, Job]]:
    """Submit, wait, and hand back the data, an instance when `schema` is a class, beside the whole extraction. Raises
    ExtractionFailed."""
    validator = validator_of(schema)
    sent = yield from submit(document, validator or schema, how, patience)
    job = yield from wait(sent.id, timeout_s, patience)
    return data_of(job, validator), job


def extract(
    document: Document, schema: Schema, how: SubmitOptions, timeout_s: float | None, patience: Patience
) -> Flow[Any]:
    """The data alone. That something of it is doubtful is logged, with no text of the document: whoever is given
    nothing else would never know."""
    value, job = yield from extract_with_job(document, schema, how, timeout_s, patience)
    if job.review:
        counted = Counter(mark["code"] for mark in job.review)
        why = ", ".join(f"{code} ({count})" if count > 1 else code for code, count in counted.items())
        log.warning("extraction %s needs a review: %s; client.get(id).review says where and why", job.id, why)
    return value


def workers(patience: Patience) -> Flow[WorkerList]:
    response = yield from send(Send("GET", "/v1/workers"), patience)
    return parse(WorkerList, response)


def fetch(path: str, patience: Patience, body: Any = None) -> Flow[JSON]:
    """Any other JSON the service has: GET, or POST with a body."""
    response = yield from send(Send("GET" if body is None else "POST", path, body=body), patience)
    return json_of(response)


def _path(job_id: str) -> str:
    """A path that stays one segment, whatever the caller passed as an id."""
    return f"/v1/extractions/{quote(job_id, safe='', errors='replace')}"
