"""What can go wrong between a client and the service, under the library's own tree (extractor/errors.py).

ExtractorError
└── ClientError
    ├── Unreachable          no answer from the service, for as long as the client was patient
    ├── ServiceError         it answered with a problem; `.status`, `.code`, `.errors`, `.request_id`
    │   ├── Refused              400, 405 … 422, and a 429 or 503 that says so: this request will never work
    │   ├── Unauthorized         401, 403
    │   ├── NotFound             404: no such id (or another tenant's), no such schema
    │   ├── Conflict             409: it has already finished
    │   ├── Overloaded           429, 503: try again later; `.retry_after_s`
    │   └── Broken               any other 5xx
    ├── ExtractionFailed     it ended `failed` or `cancelled`, or the caller's own class refuses its data; `.job`
    ├── WaitTimeout          it had not ended when the caller's time was up; `.job`
    ├── BatchTimeout         likewise; `.batch`
    └── UnexpectedAnswer     not this service, or a much newer one
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from extractor.errors import ExtractorError, FieldError, places_of

if TYPE_CHECKING:
    from extractor.client.model import Batch, Job


class ClientError(ExtractorError):
    code = "client_error"


class Unreachable(ClientError):
    code = "unreachable"


class UnexpectedAnswer(ClientError):
    code = "unexpected_answer"


class ServiceError(ClientError):
    """An application/problem+json answer. `retry_after_s` is what the service asked for, where it did; `limit` is the
    name of the limit that was crossed, where one was."""

    def __init__(
        self,
        detail: str,
        *,
        status: int,
        code: str,
        errors: tuple[FieldError, ...] = (),
        request_id: str | None = None,
        retry_after_s: float | None = None,
        limit: str | None = None,
    ) -> None:
        super().__init__(detail, code=code, errors=errors)
        self.limit = limit
        self.status = status
        self.request_id = request_id
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        places = "; ".join(places_of(self.errors, self.detail))
        return f"{self.detail} ({self.code})" + (f": {places}" if places else "")


class Refused(ServiceError):
    pass


class Unauthorized(ServiceError):
    pass


class NotFound(ServiceError):
    pass


class Conflict(ServiceError):
    pass


class Overloaded(ServiceError):
    retryable = True


class Broken(ServiceError):
    retryable = True


class ExtractionFailed(ClientError):
    """`job.error` says why; `job.error["last"]` is the model's last answer where there was one."""

    def __init__(self, job: Job) -> None:
        error: dict[str, Any] = job.error or {}
        super().__init__(
            error.get("detail") or f"The extraction was {job.status}",
            code=error.get("code") or job.status,
            errors=tuple(FieldError(at["pointer"], at["detail"]) for at in error.get("errors") or ()),
        )
        self.job = job


class WaitTimeout(ClientError):
    code = "wait_timeout"
    retryable = True

    def __init__(self, job: Job, timeout_s: float) -> None:
        super().__init__(f"Extraction {job.id} is still {job.status} after {timeout_s:g} s; it goes on")
        self.job = job


class BatchTimeout(ClientError):
    code = "wait_timeout"
    retryable = True

    def __init__(self, batch: Batch, timeout_s: float) -> None:
        super().__init__(f"Batch {batch.id} is still {batch.status} after {timeout_s:g} s; it goes on")
        self.batch = batch


def of_status(status: int, *, never: bool = False) -> type[ServiceError]:
    """The class that stands for an HTTP status of 400 or more; `never`: its problem says that no later try helps."""
    exact: dict[int, type[ServiceError]] = {401: Unauthorized, 403: Unauthorized, 404: NotFound, 409: Conflict}
    if status in (429, 503):
        return Refused if never else Overloaded
    return exact.get(status, Broken if status >= 500 else Refused)
