from __future__ import annotations

import pytest

from workers.queue.fair_queue import FairQueue


def drain(queue: FairQueue[str]) -> list[str]:
    return [queue.take() for _ in range(len(queue))]


def test_tenants_take_turns_and_ones_own_come_in_order() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "a3", "b1", "c1", "b2"):
        queue.put(item[0], item)
    assert drain(queue) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_who_comes_late_waits_for_a_turn_of_each_and_no_more() -> None:
    queue: FairQueue[str] = FairQueue()
    for at in range(1000):
        queue.put("a", f"a{at}")
    assert [queue.take(), queue.take()] == ["a0", "a1"]
    queue.put("b", "b0")
    assert [queue.take(), queue.take()] == ["a2", "b0"]


def test_who_is_removed_is_neither_counted_nor_taken() -> None:
    queue: FairQueue[str] = FairQueue()
    for item in ("a1", "a2", "b1"):
        queue.put(item[0], item)
    assert queue.remove("a", "a1")
    assert not queue.remove("a", "a1")
    assert not queue.remove("nobody", "a1")
    assert (len(queue), queue.waiting("a"), queue.waiting("b"), queue.waiting("c")) == (2, 1, 1, 0)
    assert sorted(queue) == ["a2", "b1"]
    assert drain(queue) == ["a2", "b1"]
    with pytest.raises(KeyError):
        queue.take()
