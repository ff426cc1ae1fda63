"""The store's clock is set back or forward, by an hour or a year: it costs a few seconds, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.clock_steps import Steps, steps
from tests.support.ledger_support import new, open_ledger
from tests.support.valkey import FAKETIME, Valkey
from workers.ledger.clock import LedgerClock
from workers.ledger.ledger import Claim, Ledger, Priority, QuotaExceeded, WorkerInfo

T = "acme"
HOUR, DAY, YEAR = 3600, 86_400, 31_536_000
NO_MESSAGES: dict[Priority, int] = {"interactive": 0, "bulk": 0}
COST_S = 5.0  # STEP of lua/shared/clock.lua
either_way = pytest.mark.parametrize("step", [-YEAR, -DAY, -HOUR, -7, 7, HOUR, DAY, YEAR])
back = pytest.mark.parametrize("step", [-YEAR, -HOUR])


@pytest.fixture
def clock(valkey: Valkey) -> Iterator[Steps]:
    with steps(valkey) as stepped:
        yield stepped


def make(ledger: Ledger) -> str:
    return ledger.run(ledger.jobs.create(T, new())).job_id


@either_way
def test_who_is_at_work_stays_so_and_what_is_kept_is_kept(valkey: Valkey, clock: Steps, step: float) -> None:
    info = WorkerInfo("w", "host", 1, True, "ready", 4, 1, 1.5, {})
    with open_ledger(valkey, quota_rate_per_minute=1000) as ledger:
        ended, waits, runs = make(ledger), make(ledger), ledger.run(ledger.jobs.create(T, new(), "key", "hash")).job_id
        claimed = ledger.run(ledger.jobs.claim(T, ended, "w"))
        assert isinstance(claimed, Claim)
        assert ledger.run(ledger.jobs.succeed(T, ended, 1, {"data": 1}))
        ledger.run(ledger.jobs.claim(T, runs, "w"))
        batch = ledger.run(ledger.batches.open(T, "batch", "", None))
        ledger.run(ledger.workers.beat(info))
        assert ledger.run(ledger.upkeep.lead("w", 15))
        clock.step(step)
        assert ledger.run(ledger.workers.alive())[0].id == "w"
        assert not ledger.run(ledger.upkeep.lead("another", 15)), "the one that leads still does"
        assert ledger.run(ledger.upkeep.recover(T)) == (), "no lease has ended"
        ledger.run(ledger.upkeep.missing(NO_MESSAGES))
        assert ledger.run(ledger.upkeep.missing(NO_MESSAGES)).messages == (), "no message is late"
        assert ledger.run(ledger.upkeep.expire(T)) == (0, 0, 0)
        ledger.run(ledger.batches.sweep(T, None))
        found = ledger.run(ledger.batches.get(T, batch.batch_id))
        assert found is not None
        assert found.status == "receiving"
        job = ledger.run(ledger.jobs.get(T, ended))
        assert job is not None
        assert job.result == {"data": 1}
        assert ledger.run(ledger.jobs.create(T, new(), "key", "hash")).job_id == runs, "a key is still known"
        assert ledger.run(ledger.jobs.renew(T, runs, 1)).ok
        assert ledger.run(ledger.jobs.succeed(T, runs, 1, {}))
        assert isinstance(ledger.run(ledger.jobs.claim(T, waits, "w")), Claim)


@back
def test_a_rate_asks_for_no_more_patience_than_before(valkey: Valkey, clock: Steps, step: float) -> None:
    with open_ledger(valkey, quota_rate_per_minute=60) as ledger:
        with pytest.raises(QuotaExceeded):
            [make(ledger) for _ in range(100)]
        clock.step(step)
        with pytest.raises(QuotaExceeded) as rate:
            make(ledger)
        assert rate.value.retry_after_s is not None
        assert rate.value.retry_after_s <= 1 + COST_S
        time.sleep(rate.value.retry_after_s)
        make(ledger)


@back
def test_a_lease_ends_when_it_would_have(valkey: Valkey, step: float) -> None:
    with steps(valkey, exact=True) as clock, open_ledger(valkey, lease_s=0.2, heartbeat_ttl_s=0.2) as ledger:
        job_id = make(ledger)
        ledger.run(ledger.jobs.claim(T, job_id, "w"))
        ledger.run(ledger.workers.beat(WorkerInfo("w", "host", 1, True, "ready", 4, 1, 1.5, {})))
        assert ledger.run(ledger.upkeep.lead("w", 0.2))
        clock.step(step)
        time.sleep(0.25)
        assert [outcome for _, outcome in ledger.run(ledger.upkeep.recover(T))] == ["queued"]
        assert ledger.run(ledger.workers.alive()) == ()
        assert ledger.run(ledger.upkeep.lead("another", 0.2))


@back
def test_what_is_to_end_ends_when_it_would_have(valkey: Valkey, step: float) -> None:
    lives = {"result_ttl_s": 0.2, "open_ttl_s": 0.2, "idempotency_ttl_s": 0.2, "republish_after_s": 0.2}
    with steps(valkey, exact=True) as clock, open_ledger(valkey, **lives) as ledger:
        ended, waits = make(ledger), make(ledger)
        ledger.run(ledger.jobs.cancel(T, ended))
        keyed = ledger.run(ledger.jobs.create(T, new(), "key", "hash")).job_id
        batch = ledger.run(ledger.batches.open(T, None, "", None))
        ledger.run(ledger.upkeep.missing(NO_MESSAGES))
        clock.step(step)
        time.sleep(0.25)
        assert ledger.run(ledger.jobs.get(T, ended)) is None
        assert {one.job_id for one in ledger.run(ledger.upkeep.missing(NO_MESSAGES)).messages} == {waits, keyed}
        assert ledger.run(ledger.upkeep.expire(T)) == (2, 1, 1)
        ledger.run(ledger.batches.sweep(T, None))
        found = ledger.run(ledger.batches.get(T, batch.batch_id))
        assert found is not None
        assert found.cancel == "upload_abandoned"
        job = ledger.run(ledger.jobs.get(T, waits))
        assert job is not None
        assert job.reason == "expired"


def test_a_delayed_retry_is_due_when_it_would_have_been(valkey: Valkey) -> None:
    with steps(valkey, exact=True) as clock, open_ledger(valkey) as ledger:
        job_id = make(ledger)
        ledger.run(ledger.jobs.claim(T, job_id, "w"))
        ledger.run(ledger.jobs.release(T, job_id, 1, detail="", delay_s=0.2))
        clock.step(HOUR)
        assert ledger.run(ledger.jobs.claim(T, job_id, "w")) is None
        clock.step(-2 * HOUR)
        assert ledger.run(ledger.jobs.claim(T, job_id, "w")) is None
        time.sleep(0.25)
        assert isinstance(ledger.run(ledger.jobs.claim(T, job_id, "w")), Claim)


@either_way
def test_lists_stay_in_their_order(valkey: Valkey, clock: Steps, step: float) -> None:
    with open_ledger(valkey) as ledger:
        first = make(ledger)
        time.sleep(1.01)  # the time is written down once a second
        second = make(ledger)
        time.sleep(0.002)  # ids of one millisecond are in no order
        clock.step(step)
        third = make(ledger)
        clock.step(-step)
        time.sleep(0.002)
        fourth = make(ledger)
        assert [job.id for job in ledger.run(ledger.jobs.list(T)).jobs] == [fourth, third, second, first]


@either_way
def test_a_person_is_shown_the_stores_clock(valkey: Valkey, clock: Steps, step: float) -> None:
    with open_ledger(valkey, result_ttl_s=HOUR) as ledger:
        before = make(ledger)
        ledger.run(ledger.jobs.cancel(T, before))
        clock.step(step)
        wall = datetime.now(UTC) + timedelta(seconds=step)
        after = ledger.run(ledger.jobs.create(T, new()))
        assert after.at is not None
        assert abs(after.at - wall) < timedelta(seconds=1)
        ledger.run(ledger.jobs.cancel(T, after.job_id))
        for job_id in (before, after.job_id):
            job = ledger.run(ledger.jobs.get(T, job_id))
            assert job is not None
            assert job.expires_at is not None
            assert abs(job.expires_at - wall - timedelta(hours=1)) < timedelta(seconds=COST_S)


def test_a_pause_that_nobody_measured_counts_as_an_hour_at_most(valkey: Valkey, clock: Steps) -> None:
    with open_ledger(valkey, result_ttl_s=HOUR + 60, open_ttl_s=DAY) as ledger:
        ended, opened = make(ledger), make(ledger)
        ledger.run(ledger.jobs.cancel(T, ended))
    clock.step(YEAR)  # with everything stopped, and a clock that is wrong: nobody can tell
    with open_ledger(valkey, result_ttl_s=HOUR, open_ttl_s=DAY) as ledger:
        assert ledger.run(ledger.upkeep.expire(T)) == (0, 0, 0)
        job = ledger.run(ledger.jobs.get(T, ended))
        assert job is not None
        assert job.expires_at is not None
        left = job.expires_at - datetime.now(UTC) - timedelta(seconds=YEAR)
        assert abs(left.total_seconds() - 60) < 2
        assert ledger.run(ledger.jobs.get(T, opened)) is not None


def test_an_idle_service_knows_how_late_it_is(valkey: Valkey, clock: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was called for a day; the caller's own clock says so too."""
    with open_ledger(valkey, result_ttl_s=HOUR) as ledger:
        ended = make(ledger)
        ledger.run(ledger.jobs.cancel(T, ended))
        clock.step(DAY)
        gone = time.clock_gettime
        monkeypatch.setattr(time, "clock_gettime", lambda which: gone(which) + DAY)
        assert ledger.run(ledger.upkeep.expire(T)) == (0, 1, 0)


def test_one_caller_that_was_told_nothing_holds_nobody_back(valkey: Valkey, clock: Steps) -> None:
    """Whoever is new takes the ledger's time as it finds it."""
    with open_ledger(valkey) as old, open_ledger(valkey) as other:
        make(old)
        for _ in range(5):
            clock.step(HOUR)
            make(old)
            make(other)
        clock.step(-HOUR)
        with open_ledger(valkey) as fresh:
            make(fresh)
        assert abs(int(make(old)[:12], 16) / 1000 - time.time()) < COST_S + 1, "five hours were no time"


def test_what_time_is_expected() -> None:
    clock = LedgerClock()
    assert clock.expected() == ""
    clock.learn(1_000_000)
    time.sleep(0.02)
    assert 1_000_020 <= int(clock.expected()) < 1_005_000


@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed")
@pytest.mark.parametrize("step", [-HOUR, DAY + HOUR])
def test_the_whole_server_is_stepped(tmp_path: Path, step: int) -> None:
    """Its own expiry too."""
    with Valkey(tmp_path, faketime=True) as valkey, open_ledger(valkey, quota_rate_per_minute=60) as ledger:
        kept, runs = make(ledger), ledger.run(ledger.jobs.create(T, new(), "key", "hash")).job_id
        ledger.run(ledger.jobs.cancel(T, kept))
        ledger.run(ledger.jobs.claim(T, runs, "w"))
        ledger.run(ledger.workers.beat(WorkerInfo("w", "host", 1, True, "ready", 4, 1, 1.5, {})))
        with pytest.raises(QuotaExceeded):
            [make(ledger) for _ in range(100)]
        valkey.set_clock(step)
        time.sleep(0.3)  # it looks at its clock ten times a second
        assert abs(int(valkey.client().time()[0]) - time.time() - step) < 2
        with pytest.raises(QuotaExceeded) as rate:
            make(ledger)
        assert (rate.value.retry_after_s or 99) <= 1 + COST_S
        assert ledger.run(ledger.upkeep.recover(T)) == ()
        assert ledger.run(ledger.upkeep.expire(T)) == (0, 0, 0)
        assert ledger.run(ledger.jobs.get(T, kept)) is not None
        assert ledger.run(ledger.workers.alive())[0].id == "w"
        assert ledger.run(ledger.jobs.create(T, new(), "key", "hash")).job_id == runs
        assert ledger.run(ledger.jobs.succeed(T, runs, 1, {}))


@either_way
def test_for_how_long_a_webhook_has_failed_is_no_matter_of_the_clock(valkey: Valkey, clock: Steps, step: float) -> None:
    """Or one failure after a step would be a day of them: the message would be given up."""
    with open_ledger(valkey) as ledger:
        ledger.run(ledger.hooks.new_secret(T, 0)[1])
        job_id = ledger.run(ledger.jobs.create(T, new(webhook={"url": "https://x.example/"}))).job_id
        ledger.run(ledger.jobs.cancel(T, job_id))
        clock.step(step)
        for tries in range(3):
            delivery = ledger.run(ledger.hooks.get(T, job_id))
            assert delivery is not None
            assert delivery.tries == tries
            assert 0.04 * tries <= delivery.failing_s < COST_S + 1
            ledger.run(ledger.hooks.failed(T, job_id, "answered 500", 0))
            clock.step(-step)
            time.sleep(0.05)
