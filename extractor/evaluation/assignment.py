"""Which of one list belongs to which of another: the assignment with the least cost. Pure.

Kuhn's Hungarian method in its shortest-path form (Jonker and Volgenant 1987), O(n³) at worst and mostly far below.
Where it would take longer than `MOST_STEPS`, the best assignment that keeps both orders is found instead, in O(n·m)."""

from __future__ import annotations

from collections.abc import Sequence

Costs = Sequence[Sequence[float]]
MOST_STEPS = 10_000_000  # entries of the matrix that are looked at: some seconds


def assign(costs: Costs) -> list[int | None]:
    """For each row its column; None for rows that are left over where there are fewer columns."""
    if not costs or not costs[0]:
        return [None] * len(costs)
    rows, columns = len(costs), len(costs[0])
    if rows > columns:
        chosen: list[int | None] = [None] * rows
        for column, row in enumerate(assign([[line[at] for line in costs] for at in range(columns)])):
            if row is not None:
                chosen[row] = column
        return chosen
    return _least(costs) or in_order(costs)


def _least(costs: Costs) -> list[int | None] | None:
    """Of no more rows than columns. None where it takes too long."""
    rows, columns = len(costs), len(costs[0])
    of_row, of_column = [0.0] * rows, [0.0] * (columns + 1)  # potentials
    taken = [-1] * (columns + 1)  # by which row; the last column is where a search begins
    steps = 0
    for row in range(rows):
        taken[columns], here = row, columns
        least, before = [float("inf")] * columns, [columns] * columns
        reached = [columns]
        open_ = list(range(columns))
        while taken[here] >= 0:
            line, base = costs[taken[here]], of_row[taken[here]]
            best, step = columns, float("inf")
            for column in open_:
                reduced = line[column] - base - of_column[column]
                if reduced < least[column]:
                    least[column], before[column] = reduced, here
                if least[column] < step or (least[column] == step and taken[column] < 0 <= taken[best]):
                    best, step = column, least[column]
            steps += len(open_)
            if steps > MOST_STEPS:
                return None
            for column in reached:
                of_row[taken[column]] += step
                of_column[column] -= step
            for column in open_:
                least[column] -= step
            open_.remove(best)
            reached.append(best)
            here = best
        while here != columns:
            taken[here] = taken[before[here]]
            here = before[here]
    chosen: list[int | None] = [None] * rows
    for column, row in enumerate(taken[:columns]):
        if row >= 0:
            chosen[row] = column
    return chosen


def in_order(costs: Costs) -> list[int | None]:
    """The best of those in which no two pairs cross; a row may stay alone where that costs no more than 1."""
    rows, columns = len(costs), len(costs[0])
    above = [0.0] * (columns + 1)  # the greatest gain of the rows so far and the first so many columns
    steps: list[bytearray] = []  # for each entry: 0 leaves the row, 1 leaves the column, 2 pairs them
    for line in costs:
        here, turns = [0.0] * (columns + 1), bytearray(columns + 1)
        for at, cost in enumerate(line, start=1):
            paired = above[at - 1] + 1 - cost
            here[at], turns[at] = above[at], 0
            if here[at - 1] > here[at]:
                here[at], turns[at] = here[at - 1], 1
            if paired > here[at]:
                here[at], turns[at] = paired, 2
        steps.append(turns)
        above = here
    chosen: list[int | None] = [None] * rows
    row, column = rows, columns
    while row and column:
        step = steps[row - 1][column]
        if step == 2:
            chosen[row - 1] = column - 1
        row, column = row - (step != 1), column - (step != 0)
    return chosen
