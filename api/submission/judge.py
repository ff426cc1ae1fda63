"""Strangers' schemas at the door: each is checked, and its grammar built, in a child that may die, so that nothing of
it is compiled in this process. What the child says is kept by the schema's hash, and callers take turns.

One of a service's lifespan. Knows no request and no ledger."""

from __future__ import annotations

import asyncio
import hashlib
import math
from dataclasses import dataclass
from typing import Any

import orjson
from anyio import CapacityLimiter, to_thread
from cachetools import LRUCache

from api.problems import CODES, Problem, limited
from api.submission.rota import Full, Rota
from extractor.sandbox import Limits, Sandbox, SandboxError

LIMITS = Limits(cpu_s=3.0, wall_s=8.0, memory_bytes=128 * 1024**2, reply_bytes=4 * 1024**2, nice=5)
_AT_ONCE = 2
_WAITING, _WAITING_OF_ONE = 256, 32
_KEPT = 2_000
_MOST_ERRORS = 20
_SPENT = ("cpu", "memory", "crashed")
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
        faults = [(at + where, said) for where, said in self.errors] or [(at, self.detail)]
        return Problem(code, self.detail, errors=faults, extra=limited(*self.limit) if self.limit else None)


class Judge:
    """Belongs to the event loop in which it is first asked. `close` it."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._box = Sandbox("extractor.grammar.judge", limits, setup={}, size=_AT_ONCE)
        self._rota = Rota(_AT_ONCE, _WAITING, _WAITING_OF_ONE)
        self._threads = CapacityLimiter(_AT_ONCE)
        self._kept: LRUCache[bytes, Refusal | None] = LRUCache(_KEPT)
        self._asked: dict[bytes, asyncio.Future[Refusal | None]] = {}

    async def require(self, tenant: str, json_schema: dict[str, Any], at: str = "/json_schema") -> None:
        """Raises Problem: what is wrong with it, or that it cannot be checked now (503)."""
        text = as_text(json_schema)
        key = hashlib.sha256(text).digest()
        if key in self._kept:
            refusal = self._kept[key]
        else:
            refusal = await self._shared(key, tenant, text)
        if refusal is not None:
            raise refusal.problem(at)

    async def report(self, tenant: str, json_schema: dict[str, Any]) -> dict[str, Any]:
        """The report on a schema (models.CheckReport). Raises Problem: it cannot be checked now."""
        text = as_text(json_schema)
        report, refusal = await self._judge(tenant, text)
        self._kept[hashlib.sha256(text).digest()] = refusal
        return report

    def close(self) -> None:
        self._box.close()

    async def _shared(self, key: bytes, tenant: str, text: bytes) -> Refusal | None:
        """Who asks for what is being asked already waits for that answer, if it comes."""
        if (asked := self._asked.get(key)) is not None:
            await asyncio.wait([asked])
            if not asked.cancelled() and asked.exception() is None:
                return asked.result()
        mine = self._asked[key] = asyncio.get_running_loop().create_future()
        try:
            _, refusal = await self._judge(tenant, text)
        except BaseException:
            mine.cancel()
            raise
        finally:
            if self._asked.get(key) is mine:
                del self._asked[key]
        mine.set_result(refusal)
        self._kept[key] = refusal
        return refusal

    async def _judge(self, tenant: str, text: bytes) -> tuple[dict[str, Any], Refusal | None]:
        try:
            async with self._rota.turn(tenant):
                said, _ = await to_thread.run_sync(self._ask, text, limiter=self._threads)
        except Full:
            raise _busy("Many schemas wait to be checked") from None
        except SandboxError as error:
            if error.kind not in _SPENT:
                raise _busy("Schemas cannot be checked just now") from None
            refusal = Refusal(_TOO_COMPLEX, f"The schema is too complex: checking it, {error.detail}")
            return _spent_report(refusal), refusal
        problem = said["problem"]
        return said["report"], problem and _refusal(problem)

    def _ask(self, text: bytes) -> tuple[Any, list[bytes]]:
        try:
            return self._box.call("report", None, [text])
        except SandboxError as error:
            if error.kind not in ("crashed", "unavailable"):
                raise
            return self._box.call("report", None, [text])  # whoever was killed once may not be to blame


def as_text(json_schema: object) -> bytes:
    """As the ledger keeps it, its keys in their order. Raises Problem."""
    detail = "holds a number that is too large for a double"
    try:
        text = orjson.dumps(json_schema)
        if b"null" not in text or not _endless(json_schema):  # orjson writes null for an infinite number
            return text
    except orjson.JSONEncodeError:
        detail = "holds an integer of more than 64 bits"
    raise Problem("invalid_schema", f"The schema {detail}", errors=[("/json_schema", detail)])


def _endless(value: object) -> bool:
    """Whether a number of it is infinite, as 1e400 is for whoever reads it as a double."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, float) and math.isinf(one):
            return True
        stack.extend(one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
    return False


def _refusal(problem: dict[str, Any]) -> Refusal:
    errors = tuple((str(where), str(said)) for where, said in problem["errors"][:_MOST_ERRORS])
    limit = (str(problem["limit"][0]), int(problem["limit"][1])) if problem["limit"] else None
    return Refusal(str(problem["code"]), str(problem["detail"]), errors, limit)


def _spent_report(refusal: Refusal) -> dict[str, Any]:
    refused = [{"pointer": "", "detail": refusal.detail}]
    return {"ok": False, "enforced": [], "validated": [], "refused": refused, "ignored": [], "omitted": 0}


def _busy(detail: str) -> Problem:
    return Problem("schema_check_busy", f"{detail}; try again", headers={"Retry-After": "1"})
