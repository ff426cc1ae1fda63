"""Whose turn it is: tenants take turns by their weights, each in the order in which it came; and what becomes of a turn
that nobody makes use of."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from pydantic import ValidationError

from tests.support.ledger_support import make, new, open_ledger
from tests.support.valkey import Valkey
from tests.workers.ledger.batch_support import whole
from workers.config import WorkerSettings
from workers.ledger.ledger import ALONE, Claim, Ledger, Priority
from workers.ledger.upkeep import Message

NONE: dict[Priority, int] = {"interactive": 0, "bulk": 0}


def row(ledger: Ledger, count: int, tenant: str = "acme") -> list[str]:
    """Jobs in their order: ids of one millisecond have none among them."""
    ids = []
    for _ in range(count):
        ids.append(make(ledger, tenant))
        time.sleep(0.002)
    return ids


def turn(ledger: Ledger, priority: Priority = "interactive", of: str = "acme") -> tuple[str, str] | None:
    return ledger.run(ledger.jobs.turn(of, priority))


def take(ledger: Ledger, priority: Priority = "interactive", of: str = "acme") -> str:
    """A turn, claimed: whose it was."""
    whose = turn(ledger, priority, of)
    assert whose is not None
    assert isinstance(ledger.run(ledger.jobs.claim(*whose, "w")), Claim)
    return whose[0]


def takes(ledger: Ledger, count: int, priority: Priority = "interactive") -> str:
    return "".join(take(ledger, priority)[0] for _ in range(count))


def alone(ledger: Ledger, tenant: str = "acme") -> str:
    """One whose next attempt is its last: whoever takes it has to be alone."""
    (job_id,) = row(ledger, 1, tenant)
    for attempt in (1, 2):
        ledger.run(ledger.jobs.claim(tenant, job_id, "w", alone=True))
        ledger.run(ledger.jobs.release(tenant, job_id, attempt, detail="its engine died"))
    return job_id


def test_a_tenant_with_ten_waits_for_none_of_anothers_thousands(ledger: Ledger) -> None:
    many, few = row(ledger, 20), row(ledger, 3, "zeta")
    for _ in range(200):
        make(ledger)
    order = [whose for _ in range(8) if (whose := turn(ledger))]
    assert [job_id for tenant, job_id in order if tenant == "zeta"] == few
    assert [job_id for tenant, job_id in order if tenant == "acme"] == many[:5]
    assert Counter(tenant for tenant, _ in order[:6]) == {"acme": 3, "zeta": 3}


def test_weights_are_turns_for_one_of_another(valkey: Valkey) -> None:
    with open_ledger(valkey, tenant_weights="heavy:3, light:0.5") as ledger:
        for tenant in ("heavy", "light", "usual"):
            for _ in range(60):
                make(ledger, tenant)
        assert Counter(take(ledger, of="usual") for _ in range(45)) == {"heavy": 30, "usual": 10, "light": 5}


def test_who_was_away_has_saved_nothing(ledger: Ledger) -> None:
    for _ in range(60):
        make(ledger)
    takes(ledger, 30)  # zeta has nothing waiting meanwhile
    for _ in range(30):
        make(ledger, "zeta")
    assert sorted(Counter(takes(ledger, 20)).values()) == [10, 10]


def test_who_always_has_one_waiting_only_is_not_before_everybody(ledger: Ledger) -> None:
    """It comes anew after every turn, and has had its turns all the same."""
    for _ in range(40):
        make(ledger)
    order = ""
    for _ in range(20):
        if order[-1:] != "a":
            make(ledger, "zeta")
        order += takes(ledger, 1)
    assert 9 <= Counter(order)["a"] <= 11


def test_what_is_withdrawn_or_put_off_holds_up_nobody(ledger: Ledger) -> None:
    first, second, third = row(ledger, 3)
    ledger.run(ledger.jobs.cancel("acme", first))
    ledger.run(ledger.jobs.claim("acme", second, "w"))
    ledger.run(ledger.jobs.release("acme", second, 1, detail="busy", delay_s=0.2))
    assert turn(ledger) == ("acme", third)
    assert turn(ledger) is None
    time.sleep(0.25)
    later = make(ledger)
    assert ledger.run(ledger.upkeep.stale("acme", 0)) == (Message("acme", second, "interactive"),)
    assert [turn(ledger), turn(ledger)] == [("acme", second), ("acme", later)], "at its old place"


def test_a_job_that_comes_back_is_before_those_that_came_later(ledger: Ledger) -> None:
    first, *others = row(ledger, 6)
    ledger.run(ledger.jobs.claim("acme", first, "w"))
    assert ledger.run(ledger.jobs.release("acme", first, 1, detail="the worker stopped", counts=False)) == "queued"
    assert turn(ledger) == ("acme", first)
    assert turn(ledger) == ("acme", others[0])


def test_lines_of_a_batch_are_taken_in_their_order(ledger: Ledger) -> None:
    _, ids = whole(ledger, 30)
    assert [turn(ledger, "bulk") for _ in ids] == [("acme", job_id) for job_id in ids]


def test_priorities_have_lines_and_turns_of_their_own(ledger: Ledger) -> None:
    bulk = make(ledger, priority="bulk")
    assert turn(ledger) is None
    urgent = make(ledger, "zeta")
    assert turn(ledger, "interactive") == ("zeta", urgent)
    assert turn(ledger, "bulk", "zeta") == ("acme", bulk), "whoever's message it was"


def test_a_turn_whose_worker_dies_is_somebody_elses(valkey: Valkey) -> None:
    with open_ledger(valkey, republish_after_s=0.2) as ledger:
        first, second = row(ledger, 2)
        assert turn(ledger) == ("acme", first)
        assert ledger.run(ledger.upkeep.stale("acme", 0)) == ()
        assert turn(ledger) == ("acme", second)
        time.sleep(0.25)
        assert {message.job_id for message in ledger.run(ledger.upkeep.stale("acme", 0))} == {first, second}
        assert [turn(ledger), turn(ledger), turn(ledger)] == [("acme", first), ("acme", second), None]


def test_one_that_must_be_alone_is_in_one_workers_hands(ledger: Ledger) -> None:
    """Others go on meanwhile, and it is claimed by whoever had its turn."""
    job_id, (other,) = alone(ledger), row(ledger, 1)
    assert turn(ledger) == ("acme", job_id)
    assert ledger.run(ledger.jobs.claim("acme", job_id, "w")) == ALONE
    assert turn(ledger) == ("acme", other)
    assert turn(ledger) is None
    assert isinstance(ledger.run(ledger.jobs.claim("acme", job_id, "w", alone=True)), Claim)


def test_a_tenant_that_waits_for_room_leaves_its_turns_to_others(ledger: Ledger) -> None:
    """As for the readers of pictures: each of its jobs is put off once, and is not looked at again until it is due."""
    for _ in range(3):
        ledger.run(ledger.jobs.create("acme", new(form="picture")))
    mine = make(ledger, "zeta")
    found = [turn(ledger) for _ in range(4)]
    assert ("zeta", mine) in found
    for whose in found:
        assert whose is not None
        claimed = ledger.run(ledger.jobs.claim(*whose, "w", pictures=False))
        assert isinstance(claimed, Claim) == (whose[0] == "zeta")
    assert turn(ledger) is None


def test_jobs_of_an_earlier_version_have_their_turns(valkey: Valkey, ledger: Ledger) -> None:
    """It knew no turns, and had every queued job in `queued`."""
    mine, theirs = make(ledger), make(ledger, "zeta")
    with valkey.client() as client:
        client.delete("extractor:turns:interactive")
        for tenant, job_id in (("acme", mine), ("zeta", theirs)):
            client.zadd(f"extractor:{{{tenant}}}:queued:interactive", {job_id: 1})
        assert turn(ledger, of="zeta") == ("zeta", theirs), "by its own message"
        assert turn(ledger, of="zeta") is None
        assert ledger.run(ledger.upkeep.stale("acme", 0)) == (), "it has a message"
        assert turn(ledger, of="zeta") == ("acme", mine), "by the reconciler"


def test_only_as_many_messages_are_published_as_are_missing_for_long(valkey: Valkey) -> None:
    with open_ledger(valkey, republish_after_s=0.2) as ledger:
        ids = {make(ledger) for _ in range(5)} | {make(ledger, "zeta") for _ in range(5)}
        upkeep = ledger.upkeep
        assert ledger.run(upkeep.missing({"interactive": 7, "bulk": 3})).messages == ()
        time.sleep(0.25)
        found = ledger.run(upkeep.missing({"interactive": 8, "bulk": 0})).messages
        assert len(found) == 2, "the fewest that were missing"
        assert {message.job_id for message in found} <= ids
        assert ledger.run(upkeep.missing({"interactive": 10, "bulk": 4})).surplus == 4
        ledger.run(upkeep.missing(NONE))
        time.sleep(0.25)
        assert ledger.run(upkeep.missing({"interactive": 10, "bulk": 0})).messages == (), "they were on their way"
        assert ledger.run(upkeep.missing(NONE)).messages == (), "for a moment only"
        time.sleep(0.25)
        assert {message.job_id for message in ledger.run(upkeep.missing(NONE)).messages} == ids


def test_what_is_missing_comes_in_slices_without_another_grace(valkey: Valkey) -> None:
    with open_ledger(valkey, republish_after_s=0.2, reconcile_batch=1) as ledger:  # ten a look
        for _ in range(25):
            make(ledger, priority="bulk")
        lost = make(ledger)
        ledger.run(ledger.upkeep.missing(NONE))
        time.sleep(0.25)
        found = ledger.run(ledger.upkeep.missing(NONE)).messages
        assert Counter(message.priority for message in found) == {"bulk": 10, "interactive": 1}
        assert {message.job_id for message in found if message.priority == "interactive"} == {lost}
        assert len(ledger.run(ledger.upkeep.missing({"interactive": 1, "bulk": 10})).messages) == 10
        assert len(ledger.run(ledger.upkeep.missing({"interactive": 1, "bulk": 20})).messages) == 5
        assert ledger.run(ledger.upkeep.missing({"interactive": 1, "bulk": 25})).messages == ()


@pytest.mark.parametrize("text", ["acme", "acme:", "acme:0", "acme:-1", "acme:nan", ":2", "acme:1e9", "a:1,a:2"])
def test_weights_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="tenant"):
        WorkerSettings(tenant_weights=text)
