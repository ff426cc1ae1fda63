"""Workers before and after a change of a schema, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fleet import Fleet
from tests.support.valkey import Valkey
from workers.worker import settle

LACKS = {"SCRIPTED_LACKS": "invoice@1"}


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Valkey(tmp_path / "valkey") as valkey, Fleet(valkey, tmp_path, slots=1) as started:
        yield started


def test_a_document_goes_to_a_worker_that_has_its_schema(fleet: Fleet) -> None:
    """One that has nothing to do and lacks it takes them, too."""
    fleet.environ = LACKS
    fleet.start()
    fleet.environ = {}
    fleet.start()
    jobs = fleet.wait([fleet.submit(f"document {number} sleep=0.3") for number in range(12)], 90)
    assert [job.status for job in jobs] == ["succeeded"] * 12
    assert max(job.attempt for job in jobs) > 1, "some were claimed by the other one"


def test_where_no_other_worker_runs_it_fails_at_once(fleet: Fleet) -> None:
    fleet.environ = LACKS
    fleet.start()
    (job,) = fleet.wait([fleet.submit("a document")], 30)
    assert job.error is not None
    assert (job.status, job.error["code"], job.attempt) == ("failed", "unknown_schema", 1)


def test_where_none_of_them_has_it_it_fails_in_the_end(fleet: Fleet) -> None:
    fleet.environ = LACKS
    fleet.start(2)
    (job,) = fleet.wait([fleet.submit("a document")], 90)
    assert job.error is not None
    assert (job.status, job.error["code"], job.attempt) == ("failed", "unknown_schema", settle._CLAIMS)
