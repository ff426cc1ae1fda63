"""Faults injected into real worker processes and a real Valkey: the fast selection; tests/chaos has the long runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos import scenarios, store_scenarios
from tests.support.fleet import Fleet
from tests.support.valkey import Valkey

pytestmark = pytest.mark.timeout(300)  # real processes, on machines that may be busy


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Valkey(tmp_path / "valkey", aof=True) as valkey, Fleet(valkey, tmp_path) as started:
        yield started


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Fleet]:
    with Valkey(tmp_path / "valkey", aof=True) as valkey:
        options = {"redis_timeout_s": 1.0, "redis_connect_timeout_s": 1.0, "lease_s": 1.0, "shutdown_s": 1.0}
        with Fleet(valkey, tmp_path, **options) as started:
            yield started


def test_workers_killed_under_load(fleet: Fleet) -> None:
    print(report := scenarios.worker_kills(fleet, kills=4, documents=60))
    assert report.measured["runs_cut_short"] > 0, "the kills hit nothing"


def test_workers_killed_while_they_read(fleet: Fleet) -> None:
    print(report := scenarios.reader_kills(fleet, kills=2, files=10))
    assert report.measured["cut_short"] > 0, "the kills hit nothing"


def test_a_stale_worker_writes_nothing(fleet: Fleet) -> None:
    print(scenarios.stale_worker(fleet))


def test_a_poison_document_harms_no_neighbour(fleet: Fleet) -> None:
    print(scenarios.poison(fleet, neighbours=40))


def test_an_engine_that_hangs_with_a_full_pipe(tmp_path: Path) -> None:
    with (
        Valkey(tmp_path / "valkey", aof=True) as valkey,
        Fleet(valkey, tmp_path, extractor_factory="tests.support.scripted_engine:make") as fleet,
    ):
        fleet.environ["ENGINE_SILENT_S"] = "3"
        print(scenarios.engine_hung(fleet, hangs=1, documents=4))


def test_duplicate_tokens_run_once(fleet: Fleet) -> None:
    print(scenarios.every_message_twice(fleet, documents=60))


def test_the_store_killed_and_restarted(fleet: Fleet) -> None:
    print(store_scenarios.store_killed(fleet, documents=40, away_s=1.0))


def test_the_store_killed_while_every_slot_is_taken(tmp_path: Path) -> None:
    """Nobody reads the queue's connection then, and the acknowledgement that finds it dead is in another thread."""
    with (
        Valkey(tmp_path / "valkey", aof=True) as valkey,
        Fleet(valkey, tmp_path, slots=2, store_patience_s=1.0) as fleet,
    ):
        print(store_scenarios.store_killed_full(fleet))


def test_the_store_frozen_longer_than_a_lease(impatient: Fleet) -> None:
    print(store_scenarios.store_frozen(impatient, documents=12, frozen_s=3.0))


def test_the_store_full(fleet: Fleet) -> None:
    print(store_scenarios.store_full(fleet, documents=12))


def test_sigterm_gives_everything_back(impatient: Fleet) -> None:
    print(scenarios.sigterm(impatient, documents=16, rounds=1))


def test_a_document_longer_than_a_lease_runs_once(fleet: Fleet) -> None:
    print(scenarios.longer_than_lease(fleet, seconds=5))
