"""Every call of the client, once: how a request is built, when it is tried again, how its answer is read.

A call is a *flow*: a generator that yields `Send` and receives the response (or the transport's error), yields
`Pause` and receives nothing, and returns its value. It does no I/O and does not sleep, so the sync and the async
client drive the same flows, and a test drives them with a script.
"""

from __future__ import annotations

import base64
import os
import random
import time
import uuid
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypedDict, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from extractor.client.errors import UnexpectedAnswer, Unreachable, WaitTimeout, of_status
from extractor.client.judge import Schema, judge_of, outcome, schema_body
from extractor.client.model import Job, JobPage, WorkerList
from extractor.errors import DocumentError, FieldError
from schemas.jsontext import read

JSON = dict[str, Any]
Document = str | bytes | Path
LONG_POLL_S = 20.0
PAGE = 100
_MOST_BYTES = 64 * 1024**2
_RETRIED = frozenset({429, 502, 503, 504})

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Send:
    """One HTTP exchange; answered with its response, or with the error that took its place."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 0.0  # the service may hold the answer back for so long
    content: Callable[[], Iterable[bytes]] | None = None  # in place of body: a stream, made anew for every try


@dataclass(frozen=True)
class Pause:
    seconds: float


Outcome = httpx.Response | httpx.RequestError
Flow = Generator[Send | Pause, Outcome | None, T]


@dataclass(frozen=True)
class Patience:
    """How long a call is tried again: on 429, 502 to 504 (unless the problem says it is not `retryable`) and when there
    is no answer, with doubling pauses, or after the `Retry-After` the service asks for, for `total_s` in all. Nothing
    else is tried again. Where nobody was ever reached, `unreachable_s` is enough: a service that restarts is worth
    waiting for, a wrong address is not."""

    total_s: float = 30.0
    first_s: float = 0.5
    most_s: float = 15.0
    jitter: Callable[[], float] = random.random
    unreachable_s: float = 3.0
    _reached: list[bool] = field(default_factory=list, init=False, repr=False, compare=False)

    def limit_s(self, outcome: Outcome) -> float:
        """How long to go on after such an outcome. Remembers whether anybody was reached."""
        away = isinstance(outcome, httpx.ConnectError | httpx.ConnectTimeout)
        if not away:
            self._reached[:] = [True]
        return self.total_s if self._reached else min(self.total_s, self.unreachable_s)

    def delay_s(self, tries: int, outcome: Outcome) -> float | None:
        """The pause before another try, or None when this outcome is the answer."""
        if isinstance(outcome, httpx.Response) and not _retryable(outcome):
            return None
        asked = _retry_after_s(outcome)
        if asked is not None:
            return asked
        longest = min(self.most_s, self.first_s * 2.0**tries)
        return float(longest * (0.5 + self.jitter() / 2))


class How(TypedDict, total=False):
    """The optional part of a submission."""

    options: Mapping[str, Any]
    metadata: Mapping[str, str]
    priority: Literal["interactive", "bulk"]
    idempotency_key: str
    media_type: str
    filename: str
    password: str


class Which(TypedDict, total=False):
    """What a list is narrowed to."""

    status: str
    schema: str
    batch: str


def known(given: Mapping[str, Any], names: type) -> None:
    """Raises TypeError for a name that is none, as Python does: `**how` takes any."""
    unknown = given.keys() - names.__annotations__.keys()
    if unknown:
        said, there = ", ".join(sorted(unknown)), ", ".join(names.__annotations__)
        raise TypeError(f"Unexpected keyword argument: {said}; there are {there}")


def send(request: Send, patience: Patience) -> Flow[httpx.Response]:
    """Exchange, again while it is worth it. Raises Unreachable or the ServiceError of the last answer."""
    started, tries = time.monotonic(), 0
    while True:
        outcome = yield request
        assert outcome is not None, "a Send is answered with its outcome"
        delay_s, limit_s = patience.delay_s(tries, outcome), patience.limit_s(outcome)
        if delay_s is None or time.monotonic() - started + delay_s > limit_s:
            return _checked(outcome)
        tries += 1
        yield Pause(delay_s)


def submit(document: Document, schema: Schema, how: How, patience: Patience) -> Flow[Job]:
    """Raises DocumentError when a file cannot be read. The Idempotency-Key makes a repeated POST the same job."""
    known(how, How)
    body: JSON = {"document": document_body(document, how), **schema_body(schema)}
    body |= {key: how[key] for key in ("options", "metadata", "priority") if how.get(key)}
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


def page(which: Which, cursor: str | None, limit: int, patience: Patience) -> Flow[JobPage]:
    known(which, Which)
    params = {key: str(value) for key, value in {**which, "cursor": cursor, "limit": limit}.items() if value}
    response = yield from send(Send("GET", "/v1/extractions", params=params), patience)
    return parse(JobPage, response)


def extract(document: Document, schema: Schema, how: How, timeout_s: float | None, patience: Patience) -> Flow[Any]:
    """Submit, wait, and hand back the data: an instance when `schema` is a class. Raises ExtractionFailed."""
    judge = judge_of(schema)
    job = yield from submit(document, judge or schema, how, patience)
    return outcome((yield from wait(job.id, timeout_s, patience)), judge)


def workers(patience: Patience) -> Flow[WorkerList]:
    response = yield from send(Send("GET", "/v1/workers"), patience)
    return parse(WorkerList, response)


def fetch(path: str, patience: Patience, body: Any = None) -> Flow[JSON]:
    """Any other JSON the service has: GET, or POST with a body."""
    response = yield from send(Send("GET" if body is None else "POST", path, body=body), patience)
    return _json(response)


def document_body(document: Document, how: How) -> JSON:
    """The `document` of a request: text as text, bytes of any format as base64 with what is known of their kind."""
    named = {key: how[key] for key in ("media_type", "filename", "password") if how.get(key)}
    if isinstance(document, Path):
        name = printable(document.name)
        try:
            size = document.stat().st_size
            content = b"" if size > most_bytes() else document.read_bytes()
        except OSError as error:
            raise DocumentError(f"Cannot read {name}: {error.strerror}", code="unreadable_document") from None
        if size > most_bytes():
            detail = f"{name} has {size:,} bytes; {most_bytes():,} are sent at most (EXTRACTOR_MAX_DOCUMENT_BYTES)"
            raise DocumentError(detail, code="document_too_large")
        return {"content": _base64(content), "filename": name} | named
    if isinstance(document, bytes):
        return {"content": _base64(document)} | named
    if not isinstance(document, str):
        raise TypeError(f"A document is text, bytes or a Path, not {type(document).__name__}")
    try:
        document.encode()
    except UnicodeEncodeError:
        raise DocumentError("The text holds half a surrogate pair", code="undecodable_document") from None
    return {"text": document} | named


def printable(path: str | Path) -> str:
    """A file's name as text: one in another encoding than UTF-8 has marks in place of what cannot be read."""
    return os.fsencode(path).decode("utf-8", "replace")


def most_bytes() -> int:
    """Of a file, before it is read: the service has its own limit, but not the memory of this process to spare."""
    said = os.environ.get("EXTRACTOR_MAX_DOCUMENT_BYTES", "")
    return max(_MOST_BYTES, int(said) if said.isdigit() else 0)


def parse(model: type[M], response: httpx.Response) -> M:
    """Raises UnexpectedAnswer."""
    try:
        return model.model_validate(_json(response))
    except ValidationError as error:
        places = ", ".join("/".join(map(str, at["loc"])) for at in error.errors(include_input=False)[:3])
        raise UnexpectedAnswer(f"The service's answer is not a {model.__name__.lower()}: {places}") from None


def _checked(outcome: Outcome) -> httpx.Response:
    if isinstance(outcome, httpx.RequestError):
        host = outcome.request.url.copy_with(path="/", query=None) if _has_request(outcome) else "the service"
        raise Unreachable(f"No answer from {host}: {str(outcome) or type(outcome).__name__}")
    if outcome.is_success:
        return outcome
    problem = _problem(outcome)
    raise of_status(outcome.status_code, never=problem.get("retryable") is False)(
        str(problem.get("detail") or problem.get("title") or f"HTTP {outcome.status_code} {outcome.reason_phrase}"),
        status=outcome.status_code,
        code=str(problem.get("code") or "http_error"),
        errors=tuple(FieldError(str(at["pointer"]), str(at["detail"])) for at in problem.get("errors") or ()),
        request_id=problem.get("request_id"),
        retry_after_s=_retry_after_s(outcome),
        limit=str(limit["name"]) if isinstance(limit := problem.get("limit"), dict) and "name" in limit else None,
    )


def _problem(response: httpx.Response) -> JSON:
    """The problem details of an error, empty where something else answered (a proxy, say)."""
    try:
        value = response.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _retryable(response: httpx.Response) -> bool:
    return response.status_code in _RETRIED and _problem(response).get("retryable") is not False


def _json(response: httpx.Response) -> JSON:
    try:
        value = read(response.content)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise UnexpectedAnswer(f"{response.request.url} answered something else than a JSON object")
    return value


def _retry_after_s(outcome: Outcome) -> float | None:
    """Seconds only: this service sends no dates, and a proxy's date is not worth trusting its clock."""
    if isinstance(outcome, httpx.RequestError):
        return None
    value = outcome.headers.get("Retry-After", "").strip()
    return float(value) if value.isascii() and value.isdigit() else None


def _has_request(error: httpx.RequestError) -> bool:
    return error._request is not None  # the public property raises when there is none


def _path(job_id: str) -> str:
    """A path that stays one segment, whatever the caller passed as an id."""
    return f"/v1/extractions/{quote(job_id, safe='', errors='replace')}"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
