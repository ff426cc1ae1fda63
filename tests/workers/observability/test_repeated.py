"""Trouble that goes on is told now and then."""

from __future__ import annotations

from workers.observability.repeated import Repeated


def test_it_is_told_when_it_begins_and_then_now_and_then() -> None:
    now = [100.0]
    trouble = Repeated(30.0, clock=lambda: now[0])
    assert trouble.unlogged("refused") == 0
    assert [trouble.unlogged("refused") for _ in range(3)] == [None] * 3
    assert trouble.unlogged("frozen") == 0, "another reason is news"
    now[0] += 29.9
    assert trouble.unlogged("refused") is None
    now[0] += 0.2
    assert trouble.unlogged("refused") == 4
    assert trouble.unlogged("refused") is None
