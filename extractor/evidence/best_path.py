"""One choice of each of several, so that the steps between them are likely: the path of least cost (Viterbi, 1967)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def path(choices: Sequence[Sequence[T]], step: Callable[[T, T], float]) -> list[T]:
    """One of each of `choices`, none of which is empty: those whose steps cost least in all; of equals the first."""
    costs: list[float] = []
    steps: list[list[int]] = []  # for each choice, which one of those before it is best
    for at, each in enumerate(choices):
        ways = [_best(costs, choices[at - 1], one, step) if at else (0.0, 0) for one in each]
        costs = [cost for cost, _ in ways]
        steps.append([before for _, before in ways])
    chosen: list[T] = []
    best = min(range(len(costs)), key=costs.__getitem__, default=0)
    for each, before in zip(reversed(choices), reversed(steps), strict=True):
        chosen.append(each[best])
        best = before[best]
    return chosen[::-1]


def _best(costs: Sequence[float], before: Sequence[T], one: T, step: Callable[[T, T], float]) -> tuple[float, int]:
    return min((cost + step(other, one), at) for at, (cost, other) in enumerate(zip(costs, before, strict=True)))
