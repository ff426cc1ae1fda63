"""What a sandboxed call ends with when it does not end with a value."""

from __future__ import annotations

from typing import Any, Literal

FailureKind = Literal["time", "cpu", "memory", "crashed", "failed", "cancelled", "busy", "unavailable"]


class Rejected(Exception):
    """Raised by a sandboxed function to say no, and raised again where it was called. `code` and `detail` are for the
    caller of the service; `more` is JSON (a pointer, a limit)."""

    def __init__(self, code: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.code, self.detail, self.more = code, detail, more


class SandboxError(Exception):
    """The call has no answer. `kind` says why:

    time, cpu, memory   a limit ended it
    crashed             the child died of something else (`detail` names the signal or status)
    failed              the function raised; `detail` is the exception's class only, as its text may quote a document
    cancelled           the caller's event was set
    busy                as many calls wait as may
    unavailable         the zygote does not start; `detail` says why
    """

    def __init__(self, kind: FailureKind, detail: str) -> None:
        super().__init__(detail)
        self.kind, self.detail = kind, detail
