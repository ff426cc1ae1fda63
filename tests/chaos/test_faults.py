"""The long runs of `make chaos`: each prints what it injected and what it counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from extractor.config import Settings
from tests.chaos import scenarios, store_scenarios
from tests.chaos.ledgerwatch import FaultRun
from tests.support.fleet import Fleet
from tests.support.valkey import Valkey

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]
Open = Callable[..., Any]
DEFAULTS = {"lease_s": 30.0, "pulse_s": 2.0, "reconcile_s": 5.0, "republish_after_s": 20.0}


@pytest.fixture
def fleet(tmp_path: Path) -> Open:
    @contextmanager
    def start(**settings: Any) -> Iterator[Fleet]:
        with Valkey(tmp_path / "valkey", aof=True) as valkey, Fleet(valkey, tmp_path, **settings) as started:
            yield started

    return start


def test_twenty_kills_under_load(fleet: Open, tell: Callable[[FaultRun], None]) -> None:
    with fleet() as f:
        report = scenarios.worker_kills(f, kills=20, documents=400)
        tell(report)
        assert report.measured["runs_cut_short"] >= 20, "the kills hit work"


def test_kills_while_files_and_pictures_are_read(fleet: Open, tell: Callable[[FaultRun], None]) -> None:
    with fleet(max_attempts=12) as f:  # of pictures the first in line may be the one that is hit, again and again
        report = scenarios.reader_kills(f, kills=12, files=100, scans=30)
        tell(report)
        assert report.measured["cut_short"] >= 12, "the kills hit work"


def test_two_hundred_kills_over_twenty_thousand_documents(fleet: Open, tell: Callable[[FaultRun], None]) -> None:
    with fleet(**DEFAULTS) as f:
        short = (0.02, 0.12)
        report = scenarios.worker_kills(f, kills=200, documents=20_000, seed=2, backlog=500, seconds=short)
        tell(report)
        assert report.measured["accepted"] >= 20_000
        assert report.measured["recovered_p99_s"] <= 90
        assert report.measured["longest_s"] <= 180, "one that was lost between queue and worker is missed too"


def test_recovery_with_the_default_leases(fleet: Open, tell: Callable[[FaultRun], None]) -> None:
    with fleet(**DEFAULTS) as f:
        report = scenarios.recovery(f)
        tell(report)
        assert report.measured["recovered_s"] <= 90


def test_erased_while_the_store_is_killed(fleet: Open, tell: Callable[[FaultRun], None]) -> None:
    with fleet(erase_within_s=5.0) as f:
        tell(store_scenarios.erased(f, documents=2000, kills=20))


def test_stale_worker(fleet: Open, tell: Callable[[FaultRun], None]) -> None:
    with fleet() as f:
        tell(scenarios.stale_worker(f))


def test_poison_among_a_thousand(fleet: Open, tell: Callable[[FaultRun], None]) -> None:
    with fleet() as f:
        tell(scenarios.poison(f, neighbours=1000))


def test_engines_that_hang_with_full_pipes(fleet: Open, tell: Callable[[FaultRun], None]) -> None:
    with fleet(extractor_factory="tests.support.scripted_engine:make", **DEFAULTS) as f:
        f.environ["ENGINE_SILENT_S"] = str(Settings().engine_silent_s)
        report = scenarios.engine_hung(f, hangs=4, documents=40)
        tell(report)
        assert report.measured["noticed_s"] <= 15, "whatever timeouts documents have"


def test_every_message_twice(fleet: Open, tell: Callable[[FaultRun], None]) -> None:
    with fleet() as f:
        tell(scenarios.every_message_twice(f, documents=500))


def test_store_killed_again_and_again(fleet: Open, tell: Callable[[FaultRun], None]) -> None:
    with fleet() as f:
        tell(store_scenarios.store_killed(f, documents=150, away_s=5.0, kills=3))


def test_store_frozen_for_45_seconds(fleet: Open, tell: Callable[[FaultRun], None]) -> None:
    with fleet(**DEFAULTS) as f:
        report = store_scenarios.store_frozen(f, documents=60, frozen_s=45.0)
        tell(report)
        assert report.measured["all_done_after_s"] <= 60


def test_store_full(fleet: Open, tell: Callable[[FaultRun], None]) -> None:
    with fleet() as f:
        tell(store_scenarios.store_full(f, documents=60))


def test_sigterm_to_every_worker(fleet: Open, tell: Callable[[FaultRun], None]) -> None:
    with fleet(shutdown_s=1.0) as f:
        tell(scenarios.sigterm(f, documents=120, rounds=5))


def test_ten_times_the_lease(fleet: Open, tell: Callable[[FaultRun], None]) -> None:
    with fleet() as f:
        tell(scenarios.longer_than_lease(f, seconds=20))


def test_connections_cut_and_blackholed(fleet: Open, tell: Callable[[FaultRun], None]) -> None:
    with fleet(redis_timeout_s=2.0, redis_connect_timeout_s=1.0) as f:
        tell(store_scenarios.network(f, documents=200))
