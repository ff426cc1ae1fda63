"""How a call of the client runs: when it is tried again, and how its answer is read.

A call is a *flow*: a generator that yields `Send` and receives the response (or the transport's error), yields
`Pause` and receives nothing, and returns its value. It does no I/O and does not sleep, so the sync and the async
client drive the same flows, and a test drives them with a script.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from extractor.client.errors import UnexpectedAnswer, Unreachable, of_status
from extractor.errors import FieldError
from schemas.jsontext import read

JSON = dict[str, Any]
_RETRIED = frozenset({429, 502, 503, 504})
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Send:
    """One HTTP exchange; answered with its response, or with the error that took its place."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
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
        retry_after_s = _retry_after_s(outcome)
        if retry_after_s is not None:
            return retry_after_s
        longest = min(self.most_s, self.first_s * 2.0**tries)
        return float(longest * (0.5 + self.jitter() / 2))


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


def parse(model: type[M], response: httpx.Response) -> M:
    """Raises UnexpectedAnswer."""
    try:
        return model.model_validate(json_of(response))
    except ValidationError as error:
        places = ", ".join("/".join(map(str, at["loc"])) for at in error.errors(include_input=False)[:3])
        raise UnexpectedAnswer(f"The service's answer is not a {model.__name__.lower()}: {places}") from None


def json_of(response: httpx.Response) -> JSON:
    try:
        value = read(response.content)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise UnexpectedAnswer(f"{response.request.url} answered something else than a JSON object")
    return value


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
        errors=_faults(problem),
        request_id=problem.get("request_id"),
        retry_after_s=_retry_after_s(outcome),
        limit=str(limit["name"]) if isinstance(limit := problem.get("limit"), dict) and "name" in limit else None,
    )


def _problem(response: httpx.Response) -> JSON:
    """The problem details of an error, empty where something else answered (a proxy, say), unless that is an object
    too."""
    try:
        value = response.json()
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _faults(problem: JSON) -> tuple[FieldError, ...]:
    """Its `errors`, as far as they are ours: others' APIs have some, too."""
    found = problem.get("errors")
    ours = [one for one in found if isinstance(one, dict) and "pointer" in one] if isinstance(found, list) else []
    return tuple(FieldError(str(one["pointer"]), str(one.get("detail", ""))) for one in ours)


def _retryable(response: httpx.Response) -> bool:
    return response.status_code in _RETRIED and _problem(response).get("retryable") is not False


def _retry_after_s(outcome: Outcome) -> float | None:
    """Seconds only: this service sends no dates, and a proxy's date is not worth trusting its clock."""
    if isinstance(outcome, httpx.RequestError):
        return None
    value = outcome.headers.get("Retry-After", "").strip()
    return float(value) if value.isascii() and value.isdigit() else None


def _has_request(error: httpx.RequestError) -> bool:
    return error._request is not None  # the public property raises when there is none
