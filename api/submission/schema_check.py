"""JSON Schemas that callers send: each is checked, and its grammar built, in a sandbox, so that nothing of it is
compiled in this process. What is found is cached by the schema's hash, and tenants take turns.

There is one checker in a service's lifespan. Knows no request and no ledger."""

from __future__ import annotations

import asyncio
import hashlib
import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
from anyio import CapacityLimiter, to_thread
from cachetools import LRUCache

from api.problems import CODES, Problem, limited
from api.submission.fair_limiter import FairLimiter, QueueFull
from extractor.sandbox import Sandbox, SandboxError, SandboxLimits

LIMITS = SandboxLimits(cpu_s=3.0, wall_s=8.0, memory_bytes=128 * 1024**2, reply_bytes=4 * 1024**2, nice=5)
_AT_ONCE = 2
_MAX_WAITING, _MAX_WAITING_PER_TENANT = 256, 32
_CACHED = 2_000
_MAX_ERRORS = 20
_LIMITS_CROSSED = ("cpu", "memory", "crashed")
_TOO_COMPLEX = "schema_too_complex"


@dataclass(frozen=True)
class Refusal:
    """Why a schema is refused; `errors` are (pointer into the schema, what is wrong)."""

    code: str
    detail: str
    errors: tuple[tuple[str, str], ...] = ()
    limit: tuple[str, int] | None = None

    def problem(self, at: str) -> Problem:
        """`at`: where the schema is in the request."""
        code = self.code if self.code in CODES else "invalid_schema"
        errors = [(at + pointer, detail) for pointer, detail in self.errors] or [(at, self.detail)]
        return Problem(code, self.detail, errors=errors, extra=limited(*self.limit) if self.limit else None)


class SchemaChecker:
    """Belongs to the event loop in which it is first asked. `close` it."""

    def __init__(self, limits: SandboxLimits = LIMITS) -> None:
        self._sandbox = Sandbox("extractor.grammar.judge", limits, setup={}, size=_AT_ONCE)
        self._limiter = FairLimiter(_AT_ONCE, _MAX_WAITING, _MAX_WAITING_PER_TENANT)
        self._threads = CapacityLimiter(_AT_ONCE)
        self._refusals: LRUCache[bytes, Refusal | None] = LRUCache(_CACHED)
        self._in_flight: dict[bytes, asyncio.Future[Refusal | None]] = {}

    async def require(self, tenant: str, json_schema: dict[str, Any], at: str = "/json_schema") -> None:
        """Raises Problem: what is wrong with it, or that it cannot be checked now (503)."""
        text = as_json(json_schema)
        key = hashlib.sha256(text).digest()
        refusal = self._refusals[key] if key in self._refusals else await self._shared(key, tenant, text)
        if refusal is not None:
            raise refusal.problem(at)

    async def report(self, tenant: str, json_schema: dict[str, Any]) -> dict[str, Any]:
        """The report on a schema (models.schemas.CheckReport). Raises Problem: it cannot be checked now."""
        text = as_json(json_schema)
        report, refusal = await self._check(tenant, text)
        self._refusals[hashlib.sha256(text).digest()] = refusal
        return report

    def close(self) -> None:
        self._sandbox.close()

    async def _shared(self, key: bytes, tenant: str, text: bytes) -> Refusal | None:
        """A schema that is being checked already is not checked twice: its answer is waited for, if it comes."""
        if (running := self._in_flight.get(key)) is not None:
            await asyncio.wait([running])
            if not running.cancelled() and running.exception() is None:
                return running.result()
        mine = self._in_flight[key] = asyncio.get_running_loop().create_future()
        try:
            _, refusal = await self._check(tenant, text)
        except BaseException:
            mine.cancel()
            raise
        finally:
            if self._in_flight.get(key) is mine:
                del self._in_flight[key]
        mine.set_result(refusal)
        self._refusals[key] = refusal
        return refusal

    async def _check(self, tenant: str, text: bytes) -> tuple[dict[str, Any], Refusal | None]:
        try:
            async with self._limiter.slot(tenant):
                call = partial(self._sandbox.call_twice, "report", None, [text])
                verdict, _ = await to_thread.run_sync(call, limiter=self._threads)
        except QueueFull:
            raise _busy("Many schemas wait to be checked") from None
        except SandboxError as error:
            if error.kind not in _LIMITS_CROSSED:
                raise _busy("Schemas cannot be checked just now") from None
            refusal = Refusal(_TOO_COMPLEX, f"The schema is too complex: checking it, {error.detail}")
            return _report_of(refusal), refusal
        problem = verdict["problem"]
        return verdict["report"], problem and _refusal(problem)


def as_json(value: object) -> bytes:
    """As the ledger keeps a schema, its keys in their order. Raises Problem for a number the ledger cannot write."""
    detail = "holds a number that is too large for a double"
    try:
        text = orjson.dumps(value)
        if b"null" not in text or not _has_infinity(value):  # orjson writes null for an infinite number
            return text
    except orjson.JSONEncodeError:
        detail = "holds an integer of more than 64 bits"
    raise Problem("invalid_schema", f"The schema {detail}", errors=[("/json_schema", detail)])


def _has_infinity(value: object) -> bool:
    """Whether a number of it is infinite, as 1e400 is for whoever reads it as a double."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, float) and math.isinf(one):
            return True
        stack.extend(one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
    return False


def _refusal(problem: dict[str, Any]) -> Refusal:
    errors = tuple((str(pointer), str(detail)) for pointer, detail in problem["errors"][:_MAX_ERRORS])
    limit = (str(problem["limit"][0]), int(problem["limit"][1])) if problem["limit"] else None
    return Refusal(str(problem["code"]), str(problem["detail"]), errors, limit)


def _report_of(refusal: Refusal) -> dict[str, Any]:
    refused = [{"pointer": "", "detail": refusal.detail}]
    return {"ok": False, "enforced": [], "validated": [], "refused": refused, "ignored": [], "omitted": 0}


def _busy(detail: str) -> Problem:
    return Problem("schema_check_busy", f"{detail}; try again", headers={"Retry-After": "1"})
