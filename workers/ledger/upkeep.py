"""What is done to all jobs at once, as `Call`s: the reconciler's repairs, and surveys for metrics. Knows no
connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workers.config import WorkerSettings
from workers.ledger.jobs import STATUSES, Status, pairs
from workers.ledger.keyspace import ROOT, ms, prefix
from workers.ledger.new_job import PRIORITIES, Priority
from workers.ledger.scripts import Call, script

_STALE_LOOKS = 10  # asking after a message costs a tenth of what a transition does


@dataclass(frozen=True)
class Message:
    """One to publish: of which job, in which queue."""

    tenant: str
    job_id: str
    priority: Priority
    request_id: str | None = None


@dataclass(frozen=True)
class Missing:
    """Messages to publish for those that were lost; and how many there are beside one for each job."""

    messages: tuple[Message, ...]
    surplus: int


@dataclass(frozen=True)
class Rewrite:
    """What is to be done about the store's append-only file, or was (lua/rewrite.lua); and for how long the first thing
    erased that it may still hold has been in it (0: there is none)."""

    outcome: str
    oldest_s: float


@dataclass(frozen=True)
class Depth:
    """How many jobs wait, and how long the first of them has; None where none does."""

    jobs: int
    oldest_s: float | None


@dataclass(frozen=True)
class Survey:
    """One tenant at a moment: jobs in the ledger by status, batches, and what waits by priority."""

    tenant: str
    jobs: dict[Status, int]
    batches: int
    waiting: dict[Priority, Depth]


@dataclass(frozen=True)
class StoreMemory:
    """The store's maxmemory and what of it is taken, in bytes. Both are 0 where the store does not say, the first also
    where none is set."""

    most: int
    taken: int


@dataclass(frozen=True)
class Duration:
    """How long jobs took, as a histogram. `what`: `total`, from the POST to the end, by outcome; or `wait`, until the
    first claim. `counts`: how many between the `bounds_s`, and above the last."""

    what: str
    priority: Priority
    outcome: str | None
    bounds_s: tuple[float, ...]
    counts: tuple[int, ...]
    seconds: float


class UpkeepCommands:
    """Under one set of settings."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._result_ttl = ms(settings.result_ttl_s)
        self._grace = ms(settings.republish_after_s)
        self._looks = _STALE_LOOKS * settings.reconcile_batch

    # ---- the reconciler ----

    def lead(self, worker: str, lease_s: float) -> Call[bool]:
        """Whether it is this worker's turn to reconcile."""
        return Call(script("lead"), ROOT, (worker, ms(lease_s)), bool)

    def tenants(self) -> Call[tuple[str, ...]]:
        return Call(script("tenants"), ROOT, (), lambda reply: tuple(sorted(name.decode() for name in reply)))

    def recover(self, tenant: str) -> Call[tuple[tuple[Message, str], ...]]:
        """Ends the leases that ran out; (message, outcome) of each job: publish the `queued` ones."""

        def decode(reply: Sequence[bytes]) -> tuple[tuple[Message, str], ...]:
            each = [part.decode() for part in reply]
            return tuple(
                (Message(tenant, job_id, _priority(priority), request or None), outcome)
                for job_id, outcome, priority, request in zip(
                    each[::4], each[1::4], each[2::4], each[3::4], strict=True
                )
            )

        s = self._settings
        args = (s.reconcile_batch, s.max_attempts, self._result_ttl)
        return Call(script("recover"), prefix(tenant), args, decode)

    def missing(self, waiting: Mapping[Priority, int]) -> Call[Missing]:
        """What has been missing for `republish_after_s`; `waiting` says how many messages each queue holds."""

        def decode(reply: Sequence[bytes]) -> Missing:
            each = [part.decode() for part in reply[1:]]
            found = zip(each[::4], each[1::4], each[2::4], each[3::4], strict=True)
            messages = tuple(Message(tenant, job, _priority(p), request or None) for tenant, job, p, request in found)
            return Missing(messages, int(reply[0]))

        depths = [part for queue_and_depth in waiting.items() for part in queue_and_depth]
        return Call(script("missing"), ROOT, (self._looks, self._grace, *depths), decode)

    def stale(self, tenant: str, surplus: int) -> Call[tuple[Message, ...]]:
        """Puts queued jobs back in line whose time has come: to be published. `surplus`: as `missing` found it."""

        def decode(reply: Sequence[bytes]) -> tuple[Message, ...]:
            each = [part.decode() for part in reply]
            found = zip(each[::3], each[1::3], each[2::3], strict=True)
            return tuple(Message(tenant, job, _priority(p), request or None) for job, p, request in found)

        return Call(script("stale"), prefix(tenant), (self._looks, surplus, *PRIORITIES), decode)

    def expire(self, tenant: str) -> Call[tuple[int, ...]]:
        """(open jobs failed for their age, ended ones erased, Idempotency-Keys forgotten)"""
        args = (self._settings.reconcile_batch, self._result_ttl)
        return Call(script("expire"), prefix(tenant), args, lambda reply: tuple(int(count) for count in reply))

    def rewrite(self) -> Call[Rewrite]:
        """Whether the store's file, in which still stands what was erased, is to be rewritten: on `ask`,
        `Ledger.rewrite_file`."""

        def decode(reply: Sequence[bytes]) -> Rewrite:
            return Rewrite(reply[0].decode(), int(reply[1]) / 1000)

        return Call(script("rewrite"), ROOT, (ms(self._settings.erase_within_s),), decode)

    def rewrite_refused(self) -> Call[bool]:
        return Call(script("refused"), ROOT, (), bool)

    def keeping(self) -> Call[tuple[str, str]]:
        """The store's maxmemory-policy, and whether it writes an append-only file (`1`, `0`); empty where it does not
        say."""
        return Call(script("keeping"), ROOT, (), lambda reply: (reply[0].decode(), reply[1].decode()))

    # ---- who looks on ----

    def survey(self, tenants: Sequence[str]) -> Call[tuple[Survey, ...]]:
        def decode(reply: Sequence[Sequence[Any]]) -> tuple[Survey, ...]:
            return tuple(_survey(tenant, row) for tenant, row in zip(tenants, reply, strict=True))

        return Call(script("survey"), ROOT, tuple(tenants), decode)

    def tallies(self) -> Call[dict[str, int]]:
        """What ever happened, by kind, all tenants together (see lua/shared/keys.lua's `tally`)."""

        def decode(reply: Sequence[bytes]) -> dict[str, int]:
            return {name: int(count) for name, count in pairs(reply).items()}

        return Call(script("tallies"), ROOT, (), decode)

    def memory(self) -> Call[StoreMemory]:
        return Call(script("memory"), ROOT, (), lambda reply: StoreMemory(int(reply[0]), int(reply[1])))

    def durations(self) -> Call[tuple[Duration, ...]]:
        return Call(script("durations"), ROOT, (), lambda reply: _durations(*reply))

    def erasing(self) -> Call[float]:
        """For how many seconds the first thing erased that the store's append-only file may still hold has been so; 0
        when there is none."""
        return Call(script("erasing"), ROOT, (), lambda reply: int(reply) / 1000)


def _survey(tenant: str, row: Sequence[Any]) -> Survey:
    jobs = {status: int(count) for status, count in zip(STATUSES, row, strict=False)}
    waiting = {
        priority: Depth(int(count), int(first) / 1000 if first else None)
        for priority, count, first in zip(PRIORITIES, row[6::2], row[7::2], strict=True)
    }
    return Survey(tenant, jobs, int(row[5]), waiting)


def _durations(bounds: Sequence[bytes], flat: Sequence[bytes]) -> tuple[Duration, ...]:
    named: dict[str, dict[str, int]] = {}
    for field, count in pairs(flat).items():
        name, _, bucket = field.rpartition(":")
        named.setdefault(name, {})[bucket] = int(count)
    bounds_s = tuple(float(bound) for bound in bounds)
    found = []
    for name, counts in sorted(named.items()):
        what, priority, *outcome = name.split(":")
        each = tuple(counts.get(bucket, 0) for bucket in (*(bound.decode() for bound in bounds), "inf"))
        seconds = counts.get("ms", 0) / 1000
        found.append(Duration(what, _priority(priority), next(iter(outcome), None), bounds_s, each, seconds))
    return tuple(found)


def _priority(text: str) -> Priority:
    return "interactive" if text == "interactive" else "bulk"
