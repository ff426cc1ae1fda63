"""A part of `make attack`: every kind of charge and of document once, against a service with the bundled pair. Nothing
here is timed; what must hold is that everything is answered and everybody lives."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from extractor.service.plan import ServicePlan
from extractor.service.supervisor import Service
from tests.attack.attack import MARK, Attacker
from tests.attack.schemas import CHARGES, hostile
from tests.attack.watch import ProcessWatch

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def service(log: list[str]) -> Iterator[Service]:
    with Service(ServicePlan(port=0), log.append) as running:
        running.wait_ready(200)
        yield running


def test_every_kind_is_answered_and_nobody_dies(service: Service, log: list[str]) -> None:
    with Attacker(service.url, None) as attacker, ProcessWatch(service.pids) as watch:
        attacker.schemas(len(CHARGES), seed=1)
        attacker.documents(18, seed=1)
        assert attacker.wait_for_all(120) == []
        assert watch.deaths() == []
    assert watch.killed == []
    assert attacker.record.faults == []
    assert not any(MARK in line for line in log)


def test_the_same_seed_gives_the_same_schemas() -> None:
    assert list(hostile(60, 3)) == list(hostile(60, 3))
    assert list(hostile(60, 3)) != list(hostile(60, 4))
