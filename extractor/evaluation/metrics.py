"""How well confidence says which values are right: calibration error, AUROC, accuracy at a coverage.

Plain numbers in, plain numbers out; knows no schema and no document. A *judgement* is (confidence from 0 to 1, whether
the value is right).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

Judgement = tuple[float, bool]

BINS = 10


@dataclass(frozen=True)
class Bin:
    """Judgements whose confidence is from `low` up to `high` (which counts in the last bin only): how many, their mean
    confidence, and the share that is right."""

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True)
class Reliability:
    """What confidence is worth. None where it cannot be said: of no judgements, and `auroc` where all are right or all
    are wrong.

    `accuracy`: the share that is right. `ece`: expected calibration error (Naeini et al. 2015), the mean distance
    between confidence and accuracy in ten bins of equal width, each weighed by its count. `brier`: the mean squared
    distance. `auroc`: the chance that a right value has more confidence than a wrong one. `at_80`, `at_90`: the share
    that is right of the surest 80 and 90 in a hundred. `bins` without the empty ones, for a reliability plot."""

    count: int
    accuracy: float | None
    ece: float | None
    brier: float | None
    auroc: float | None
    at_80: float | None
    at_90: float | None
    bins: list[Bin]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def reliability(judgements: Iterable[Judgement]) -> Reliability:
    """All of it at once."""
    judged = list(judgements)
    return Reliability(
        count=len(judged),
        accuracy=sum(right for _, right in judged) / len(judged) if judged else None,
        ece=calibration_error(judged),
        brier=sum((sure - right) ** 2 for sure, right in judged) / len(judged) if judged else None,
        auroc=auroc(judged),
        at_80=accuracy_at(judged, 0.8),
        at_90=accuracy_at(judged, 0.9),
        bins=bins(judged),
    )


def left_unmarked(judged: Sequence[Judgement], below: float) -> tuple[float, float | None]:
    """Where all that is less sure than `below` is marked for review: (the share that is marked, the share that is right
    of the rest; None where nothing is left)."""
    rest = [right for sure, right in judged if sure >= below]
    return 1 - len(rest) / len(judged) if judged else 0.0, sum(rest) / len(rest) if rest else None


def bins(judged: Sequence[Judgement], count: int = BINS) -> list[Bin]:
    """Of equal width, those that hold something."""
    held: dict[int, list[Judgement]] = {}
    for one in judged:
        held.setdefault(min(int(one[0] * count), count - 1), []).append(one)
    return [
        Bin(
            at / count,
            (at + 1) / count,
            len(some),
            sum(sure for sure, _ in some) / len(some),
            sum(right for _, right in some) / len(some),
        )
        for at, some in sorted(held.items())
    ]


def calibration_error(judged: Sequence[Judgement], count: int = BINS) -> float | None:
    """Expected calibration error; None of no judgements."""
    if not judged:
        return None
    return sum(each.count * abs(each.confidence - each.accuracy) for each in bins(judged, count)) / len(judged)


def auroc(judged: Sequence[Judgement]) -> float | None:
    """Area under the ROC curve, ties counted half; None where all are right or all are wrong."""
    right = sum(one for _, one in judged)
    wrong = len(judged) - right
    if not right or not wrong:
        return None
    beaten, pairs = 0, 0.0  # wrong ones below; pairs in the right order
    for _, tied in groupby(sorted(judged), key=lambda one: one[0]):
        same = [one for _, one in tied]
        pairs += sum(same) * (beaten + (len(same) - sum(same)) / 2)
        beaten += len(same) - sum(same)
    return pairs / (right * wrong)


def accuracy_at(judged: Sequence[Judgement], coverage: float) -> float | None:
    """The share that is right of the surest `coverage` of all; of those tied at the edge, as many as are needed count
    with the share that is right among them. None of no judgements."""
    if not judged:
        return None
    wanted = left = max(1.0, coverage * len(judged))
    right = 0.0
    for _, tied in groupby(sorted(judged, reverse=True), key=lambda one: one[0]):
        same = [one for _, one in tied]
        taken = min(left, len(same))
        right += taken * sum(same) / len(same)
        left -= taken
        if left <= 0:
            break
    return right / wanted
