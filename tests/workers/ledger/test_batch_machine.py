"""Batches against a model of them: uploads that break, repeat and overtake each other, workers that die, messages that
are lost or come twice, cancelling, erasing and time, in any order. After every step the ledger says what the model
says; at the end of every run each line is one entry of the results or of the errors, and a DELETE leaves nothing.

One file: its rules share one state and one model. Leases and the short lives last a millisecond, so that time passing
is a step. The messages are real ones."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule

from tests.support import machines
from tests.support.clock_steps import SECONDS, steps
from tests.support.valkey import Valkey
from workers.config import WorkerSettings
from workers.errors import BatchClosed, IdempotencyConflict
from workers.ledger.batch_commands import BatchCommands
from workers.ledger.batches import COUNTS, DecidedLine, Opened, line_of
from workers.ledger.ledger import PRIORITIES, STATUSES, TERMINAL, Claim, Ledger, NewJob
from workers.queue.app import priority_of, queue_name
from workers.queue.publish import JobQueue
from workers.worker.reconciler import Reconciler

T = "acme"
TIGHT = 5  # documents that may be open where the quota is tried
SHARED: dict[str, Any] = {}


@dataclass(eq=False)
class KnownBatch:
    """`text` says what its lines are. `brief`: its upload is given up at once; `fleeting`: its results are."""

    id: str
    key: str | None
    text: int
    brief: bool
    fleeting: bool
    upload: int = 0
    lines: int = 0
    received: bool = False
    cancel: str | None = None
    erased: bool = False
    custom: dict[str, int] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)
    jobs: dict[int, str] = field(default_factory=dict)
    gone: Counter[str] = field(default_factory=Counter)  # ends of jobs that were erased one by one


@dataclass(eq=False)
class KnownJob:
    batch: KnownBatch | None
    size: int
    mortal: bool = False
    status: str = "queued"
    attempt: int = 0
    tries: int = 0
    cancel: bool = False
    result: dict[str, Any] | None = None

    @property
    def withdrawn(self) -> bool:
        return self.cancel or (self.batch is not None and self.batch.cancel is not None)


@dataclass(eq=False)
class Upload:
    opened: Opened
    batch: KnownBatch
    sent: int


def content(text: int, number: int) -> NewJob | bytes | None:
    """Line `number` of the upload `text`: a document, a bad line, or None: a blank one, counted only."""
    if (text + number) % 7 == 0:
        return None
    if (text + number) % 5 == 0:
        return b'{"line":%d}' % number
    custom = f"c{number % 4 if text % 2 else number}"
    return NewJob("invoice@1", b"x" * (number % 3), priority="bulk", custom_id=custom)


class BatchMachine(RuleBasedStateMachine):
    uploads = Bundle("uploads")
    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        valkey: Valkey = SHARED["valkey"]
        valkey.flush()
        self.queue: JobQueue = SHARED["queue"]
        self.ledger: Ledger = SHARED["ledger"]
        self.client = SHARED["client"]
        self.known: dict[str, KnownJob] = {}
        self.batches: list[KnownBatch] = []
        self.keys: dict[str, KnownBatch] = {}
        self.ended: Counter[str] = Counter()
        self.accepted = 0

    def calls(self, **other: Any) -> BatchCommands:
        return BatchCommands(self.ledger.settings.model_copy(update=other))

    # ---- what the model does ----

    def _end(self, job_id: str, status: str) -> None:
        job = self.known[job_id]
        job.status = "cancelled" if job.withdrawn and status != "expired" else status.replace("expired", "failed")
        self.ended[job.status] += 1

    def _forget(self, job_id: str) -> None:
        job = self.known.pop(job_id)
        if job.status not in TERMINAL:
            job.status = "cancelled"
            self.ended["cancelled"] += 1
        if job.batch is not None:
            job.batch.gone[job.status] += 1

    def _open_jobs(self, batch: KnownBatch | None = None) -> list[str]:
        return [i for i, j in self.known.items() if j.status not in TERMINAL and (batch is None or j.batch is batch)]

    def _finished(self, batch: KnownBatch) -> bool:
        return bool(batch.received or batch.cancel) and not self._open_jobs(batch)

    def _swept(self, batch: KnownBatch) -> None:
        """As `batch_sweep` leaves it once its time has come."""
        if not batch.received and batch.cancel is None:
            batch.cancel = "upload_abandoned"
        if batch.cancel is not None:
            for job_id in self._open_jobs(batch):
                if self.known[job_id].status == "queued":
                    self._end(job_id, "cancelled")
        if batch.erased or (batch.fleeting and self._finished(batch)):
            batch.erased = True
            for job_id in [i for i, j in self.known.items() if j.batch is batch]:
                self._forget(job_id)
            self.batches.remove(batch)

    def _sweep(self, batch: str | None) -> None:
        slices = self.calls(reconcile_batch=2)
        while self.ledger.run(slices.sweep(T, batch)):
            pass

    # ---- uploads ----

    @rule(
        target=uploads,
        key=st.sampled_from([None, "k1", "k2"]),
        text=st.integers(0, 3),
        life=st.sampled_from(["", "", "", "brief", "fleeting"]),
    )
    def open(self, key: str | None, text: int, life: str) -> Any:
        lives: dict[str, dict[str, Any]] = {"brief": {"idempotency_ttl_s": 0.001}, "fleeting": {"result_ttl_s": 0.001}}
        held = self.keys.get(key) if key else None
        if held is not None and held.fleeting and self._finished(held):
            time.sleep(0.003)  # its time is over, and its key another's
            held = None
        call = self.calls(**lives.get(life, {})).open(T, key, str(text), "invoice@1")
        if held is not None and not held.erased and held.text != text:
            with pytest.raises(IdempotencyConflict):
                self.ledger.run(call)
            return multiple()
        if held is not None and not held.erased:
            held.upload += 1
            if held.cancel is not None:
                with pytest.raises(BatchClosed, match="cancelled"):
                    self.ledger.run(call)
                return multiple()
        opened = self.ledger.run(call)
        if held is None or held.erased:
            assert opened.batch_id not in {batch.id for batch in self.batches}
            held = KnownBatch(opened.batch_id, key, text, life == "brief", life == "fleeting", upload=1)
            self.batches.append(held)
            if key:
                self.keys[key] = held
        assert (opened.batch_id, opened.upload, opened.lines) == (held.id, held.upload, held.lines)
        assert (opened.received, opened.digest) == (held.received, f"d{held.lines}" if held.lines else "")
        return Upload(opened, held, opened.lines)

    @initialize(target=uploads, text=st.integers(0, 3))
    def first(self, text: int) -> Any:
        return self.open("k1", text, "")

    @rule(target=jobs, upload=uploads)
    def go_on(self, upload: Upload) -> Any:
        return self.add(upload, 3, 0, "")

    @rule(
        target=jobs,
        upload=uploads,
        count=st.integers(1, 5),
        again=st.integers(0, 4),
        how=st.sampled_from(["", "", "mortal", "tight"]),
    )
    def add(self, upload: Upload, count: int, again: int, how: str) -> Any:
        """The next lines of an upload, or, `again`, some that it has sent already."""
        changes: dict[str, dict[str, Any]] = {"mortal": {"open_ttl_s": 0.001}, "tight": {"quota_jobs": TIGHT}}
        batch, first = upload.batch, max(1, upload.sent + 1 - again)
        slice_ = [
            DecidedLine(n, f"d{n}", c) for n in range(first, first + count) if (c := content(batch.text, n)) is not None
        ]
        why = (
            "gone" if batch.erased else "cancelled" if batch.cancel is not None
            else "superseded" if batch.received or batch.upload != upload.opened.upload else None
        )  # fmt: skip
        call = self.calls(**changes.get(how, {})).add(T, upload.opened, slice_)
        if why is not None:
            with pytest.raises(BatchClosed, match=why):
                self.ledger.run(call)
            return multiple()
        added_lines, refused = [], False
        for line in slice_:
            if line.number <= batch.lines:
                continue
            if isinstance(line.content, bytes):
                batch.refused.add(line.number)
            elif how == "tight" and len(self._open_jobs()) >= TIGHT:
                refused = True
                break
            elif line.content.custom_id in batch.custom:
                batch.refused.add(line.number)
            else:
                job_id = f"{batch.id[:24]}{line.number:08x}"
                batch.custom[str(line.content.custom_id)] = line.number
                batch.jobs[line.number] = job_id
                self.known[job_id] = KnownJob(batch, line.number % 3, how == "mortal")
                self.accepted += 1
                added_lines.append(job_id)
            batch.lines = line.number
        added = self.ledger.run(call)
        assert (list(added.job_ids), added.refused is not None, added.lines) == (added_lines, refused, batch.lines)
        self.queue.publish_all(T, added_lines, "bulk")
        upload.sent = batch.lines
        return multiple(*added_lines)

    @rule(upload=uploads)
    def seal(self, upload: Upload) -> None:
        batch = upload.batch
        why = (
            "gone" if batch.erased else "cancelled" if batch.cancel is not None
            else "superseded" if batch.upload != upload.opened.upload else None
        )  # fmt: skip
        call = self.ledger.batches.seal(T, upload.opened)
        if why is not None:
            with pytest.raises(BatchClosed, match=why):
                self.ledger.run(call)
        else:
            self.ledger.run(call)
            batch.received = True

    @rule(target=jobs)
    def single(self) -> str:
        """An interactive document beside the batches."""
        job_id = self.ledger.run(self.ledger.jobs.create(T, NewJob("invoice@1", b"single"))).job_id
        self.queue.publish(T, job_id, "interactive")
        self.known[job_id] = KnownJob(None, 6)
        self.accepted += 1
        return job_id

    # ---- workers ----

    @precondition(lambda self: self.queue.waiting() != {"interactive": 0, "bulk": 0})
    @rule(fate=st.sampled_from(["claim", "claim", "claim", "lost", "dies", "twice"]))
    def take(self, fate: str) -> None:
        """A worker takes a message as Celery's BRPOP does: of the first queue that has one, in the app's order; and the
        job whose turn it is, unless it dies before or after that."""
        queues = [queue.name for queue in self.queue.app.conf.task_queues]
        found = next(((name, message) for name in queues if (message := self.client.rpop(name))), None)
        if found is None:
            return
        queue, message = found
        assert json.loads(json.loads(message)["body"])[0][0] == T
        if queue == queue_name("bulk"):
            assert self.client.llen(queue_name("interactive")) == 0
        if fate == "twice":
            self.client.rpush(queue, message)
        if fate == "lost":
            return
        out = {id_.decode() for id_ in self.client.zrange(f"extractor:{{{T}}}:queued:{queue.split('.')[1]}", 0, -1)}
        turn = self.ledger.run(self.ledger.jobs.turn(T, priority_of(queue)))
        in_bulk = queue == queue_name("bulk")
        mine = {i for i, j in self.known.items() if j.status == "queued" and (j.batch is not None) == in_bulk}
        if turn is None:
            assert mine <= out, "who is in line is found"
        else:
            assert turn[0] == T
            assert turn[1] in mine
            if fate != "dies":
                self.claim(turn[1])

    @rule(job_id=jobs)
    def claim(self, job_id: str) -> None:
        """Also for a message that comes again: whatever the job's state is by now."""
        job = self.known.get(job_id)
        claimed = self.ledger.run(self.ledger.jobs.claim(T, job_id, "w", alone=True))
        if job is None or job.status != "queued":
            assert claimed is None
        elif job.withdrawn:
            assert claimed is None
            self._end(job_id, "cancelled")
        else:
            job.status, job.attempt, job.tries = "running", job.attempt + 1, job.tries + 1
            assert isinstance(claimed, Claim)
            assert (claimed.attempt, len(claimed.document)) == (job.attempt, job.size)

    @rule(job_id=jobs, late=st.integers(0, 1), how=st.sampled_from(["succeed", "succeed", "fail", "cancelled"]))
    def finish(self, job_id: str, late: int, how: str) -> None:
        job = self.known.get(job_id)
        attempt = job.attempt - late if job is not None else 1
        result = {"data": f"{job_id} {attempt}"}
        match how:
            case "succeed":
                accepted, status = self.ledger.run(self.ledger.jobs.succeed(T, job_id, attempt, result)), "succeeded"
            case "fail":
                accepted, status = self.ledger.run(self.ledger.jobs.fail(T, job_id, attempt, {"code": "x"})), "failed"
            case _:
                accepted, status = self.ledger.run(self.ledger.jobs.cancelled(T, job_id, attempt)), "cancelled"
        if job is None or job.status != "running" or late:
            assert not accepted
            return
        assert accepted == (not job.withdrawn or how == "cancelled")
        self._end(job_id, status)
        if job.status == "succeeded":
            job.result = result

    @rule(job_id=jobs, counts=st.booleans())
    def release(self, job_id: str, counts: bool) -> None:
        job = self.known.get(job_id)
        status = self.ledger.run(
            self.ledger.jobs.release(T, job_id, job.attempt if job else 1, detail="", counts=counts)
        )
        if job is None or job.status != "running":
            assert status is None
            return
        if job.withdrawn or (counts and job.tries == 3):
            self._end(job_id, "failed")
        else:
            job.status = "queued"
            job.tries -= not counts
        assert status == job.status

    # ---- whoever stops, erases, repairs ----

    @rule(job_id=jobs, erase=st.booleans())
    def stop_one(self, job_id: str, erase: bool) -> None:
        job = self.known.get(job_id)
        if erase:
            assert self.ledger.run(self.ledger.jobs.delete(T, job_id)) == (job is not None)
            if job is not None:
                self._forget(job_id)
            return
        status = self.ledger.run(self.ledger.jobs.cancel(T, job_id))
        if job is not None and job.status == "queued":
            self._end(job_id, "cancelled")
        elif job is not None and job.status == "running":
            job.cancel = True
        assert status == (job.status if job is not None else None)

    @rule(upload=uploads, how=st.sampled_from(["cancel", "erase"]), sweeps=st.booleans())
    def stop_all(self, upload: Upload, how: Any, sweeps: bool) -> None:
        """`sweeps`: the one who asked does the rest too; else it died, and the reconciler does."""
        batch = upload.batch
        outcome = self.ledger.run(self.ledger.batches.end(T, batch.id, how, "requested"))
        if batch.erased:
            assert outcome is None
            return
        if how == "cancel" and self._finished(batch) and batch.cancel is None:
            assert outcome == "finished"
            return
        assert outcome == "ending"
        if batch.cancel is None and not self._finished(batch):
            batch.cancel = "requested"
        batch.erased = how == "erase"
        if sweeps:
            self._sweep(batch.id)
            if batch.fleeting:
                time.sleep(0.003)
                self._sweep(batch.id)
            self._swept(batch)

    @precondition(lambda self: self.batches or self.known)
    @rule()
    def time_passes(self) -> None:
        """The reconciler's turn: leases have ended, lost messages are old, short lives are over."""
        time.sleep(0.003)
        Reconciler(self.ledger, self.queue, self.ledger.settings, "w").tick()
        self._sweep(None)
        for job_id in self._open_jobs():
            job = self.known[job_id]
            if job.status == "running" and (job.withdrawn or job.tries == 3):
                self._end(job_id, "failed")
            elif job.status == "running":
                job.status = "queued"
            if job.mortal and job.status == "queued":
                self._end(job_id, "expired")
        # An end within the tick starts the clock of a short result: it may be over in this tick or in the next.
        time.sleep(0.003)
        self._sweep(None)
        for batch in list(self.batches):
            due = batch.cancel is not None or batch.erased or (batch.brief and not batch.received)
            if due or (batch.fleeting and self._finished(batch)):
                self._swept(batch)

    @rule(seconds=SECONDS)
    def clock_steps(self, seconds: int) -> None:
        """Time has not passed."""
        SHARED["clock"].step(seconds)

    # ---- what holds after every step ----

    @invariant()
    def counts_agree(self) -> None:
        now = Counter(job.status for job in self.known.values())
        counts = self.ledger.run(self.ledger.jobs.counts(T))
        assert all(count >= 0 for count in counts.values())
        assert counts["accepted"] == self.accepted == sum(counts[status] for status in STATUSES)
        assert {s: counts[s] for s in TERMINAL} == {s: self.ended[s] for s in TERMINAL}
        assert {s: counts[s] for s in ("queued", "running")} == {s: now[s] for s in ("queued", "running")}
        assert counts["bytes"] == sum(self.known[job_id].size for job_id in self._open_jobs())
        jobs = [int(self.client.hget(key, "kept")) for key in self.client.scan_iter("*:job:*")]
        batches = [key for key in self.client.scan_iter("*:batch:*") if key.count(b":") == 3]
        held = [int(self.client.hget(key, "held")) for key in batches]
        assert counts["kept"] == sum(jobs) + sum(held)
        assert all(count >= 1500 for count in jobs), "no job is without its keys"

    @invariant()
    def jobs_agree(self) -> None:
        """Also: a result that was given is never another, and a document is kept as long as it may be needed."""
        for job_id, known in self.known.items():
            job = self.ledger.run(self.ledger.jobs.get(T, job_id))
            assert job is not None
            assert (job.status, job.attempt, job.result) == (known.status, known.attempt, known.result)
        assert self._named("doc:") == set(self._open_jobs())
        assert self._named("job:") == self.known.keys()
        prefix = f"extractor:{{{T}}}:"
        for name, ids in (
            ("index", self.known.keys()),
            ("open", set(self._open_jobs())),
            ("running", {i for i, j in self.known.items() if j.status == "running"}),
            *((f"index:status:{s}", {i for i, j in self.known.items() if j.status == s}) for s in STATUSES),
        ):
            assert {member.decode() for member in self.client.zrange(prefix + name, 0, -1)} == ids, name
        queued = [id_ for p in PRIORITIES for id_ in self.client.zrange(f"{prefix}waiting:{p}", 0, -1)]
        out = [id_ for p in PRIORITIES for id_ in self.client.zrange(f"{prefix}queued:{p}", 0, -1)]
        assert set(out) <= set(queued)
        assert sorted(map(bytes.decode, queued)) == sorted(i for i, j in self.known.items() if j.status == "queued")

    @invariant()
    def batches_agree(self) -> None:
        live = [batch for batch in self.batches if not batch.erased]
        ids = self.ledger.run(self.ledger.batches.ids(T, None, 1000))
        assert set(ids) == {batch.id for batch in live}
        for known in live:
            batch = self.ledger.run(self.ledger.batches.get(T, known.id))
            assert batch is not None
            mine = Counter(job.status for job in self.known.values() if job.batch is known)
            expected: dict[str, int] = {s: mine[s] + known.gone[s] for s in STATUSES}
            assert batch.counts == {"accepted": len(known.jobs), **expected}
            assert batch.counts["accepted"] == sum(batch.counts[name] for name in COUNTS if name != "accepted")
            assert (batch.lines, batch.refused, batch.cancel) == (known.lines, len(known.refused), known.cancel)
            assert (batch.finished_at is not None) == self._finished(known)
            assert (batch.received_at is not None) == known.received
            held = self.ledger.run(self.ledger.jobs.list(T, batch=known.id, limit=1000)).jobs
            assert len({job.custom_id for job in held}) == len(held)
        traces = {key.split(":")[1] for key in self._keys() if key.startswith("batch:")}
        assert traces == {batch.id for batch in self.batches}, "of an erased batch nothing is left"

    def _keys(self) -> list[str]:
        prefix = f"extractor:{{{T}}}:"
        return [key.decode().removeprefix(prefix) for key in self.client.keys(prefix + "*")]

    def _named(self, kind: str) -> set[str]:
        return {key.removeprefix(kind) for key in self._keys() if key.startswith(kind)}

    # ---- and at the end ----

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:
            self._complete()
            self._erase_everything()

    def _complete(self) -> None:
        """Uploads come to their end, workers work: then every line is answered exactly once."""
        for batch in list(self.batches):
            if not batch.received and batch.cancel is None and not batch.erased:
                upload = Opened(batch.id, batch.upload, batch.lines, "", False)
                self.add(Upload(upload, batch, batch.lines), 3, 0, "")
                self.ledger.run(self.ledger.batches.seal(T, upload))
                batch.received = True
        for _ in range(5):
            self.time_passes()
            while sum(self.queue.waiting().values()):
                self.take("claim")
            missing = self.ledger.run(self.ledger.upkeep.missing(self.queue.waiting()))
            for message in [*missing.messages, *self.ledger.run(self.ledger.upkeep.stale(T, missing.surplus))]:
                self.queue.publish(T, message.job_id, message.priority)
            assert int(self.client.hget(f"extractor:{{{T}}}:counts", "orphans") or 0) == 0, "no message, no orphan"
            for job_id in self._open_jobs():
                self.finish(job_id, 0, "succeed")
        assert not self._open_jobs(), "no message was lost for good"
        self.counts_agree()
        self.jobs_agree()
        self.batches_agree()
        for batch in self.batches:
            erased = {line for line, job_id in batch.jobs.items() if job_id not in self.known}
            for order in ("input", "finished"):
                results = list(self._results(batch, order))
                refused = [line for line, _ in self.ledger.run(self.ledger.batches.errors(T, batch.id, 0))]
                blank = {n for n in range(1, batch.lines + 1) if content(batch.text, n) is None}
                once = sorted([*results, *refused, *erased, *blank])
                assert once == list(range(1, batch.lines + 1))
                assert order == "finished" or results == sorted(results)

    def _results(self, batch: KnownBatch, order: Any) -> Iterator[int]:
        after: int | None = 0
        while after is not None:
            page = self.ledger.run(self.ledger.batches.results(T, batch.id, order, after))
            yield from (line_of(job.id) for job in page.jobs)
            after = page.after

    def _erase_everything(self) -> None:
        for batch in list(self.batches):
            self.ledger.run(self.ledger.batches.end(T, batch.id, "erase", "deleted"))
        self._sweep(None)
        for job_id, job in self.known.items():
            assert self.ledger.run(self.ledger.jobs.delete(T, job_id)) == (job.batch is None)
        time.sleep(0.003)
        self.ledger.run(self.ledger.upkeep.expire(T))
        assert set(self._keys()) == {"counts"}
        counts = self.ledger.run(self.ledger.jobs.counts(T))
        assert (counts["bytes"], counts["kept"]) == (0, 0)
        assert self.ledger.run(self.ledger.upkeep.tenants()) == ()


def test_any_order_of_uploads_work_and_faults() -> None:
    with tempfile.TemporaryDirectory() as folder, Valkey(Path(folder)) as valkey:
        options = WorkerSettings(redis_url=valkey.url, lease_s=0.001, republish_after_s=0.001)
        queue = JobQueue(options)
        with Ledger(settings=options) as ledger, valkey.client() as client, steps(valkey, exact=True) as clock:
            SHARED.update(valkey=valkey, queue=queue, ledger=ledger, client=client, clock=clock)
            machines.run(BatchMachine, examples=25, steps=30)
        queue.close()
