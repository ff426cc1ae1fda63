"""Whether to draft at all: whole ways of making a step, compared by the tokens a second they were measured to write.

`cost.py` prices one token more of a draft; what drafting costs besides (text to look up, a chain to set up, a wait for
the device) comes before the first token and grows with rows. So every step is made in one of a few modes: all drafters
that rows allow, all but MTP, none. The fastest is used; the others are tried now and then, a few steps at a time, the
worse the rarer. Knows no drafter, no model and no text.
"""

from __future__ import annotations

from collections import deque
from statistics import median

Drafters = frozenset[str]

WINDOW = 48  # steps by which a mode is judged, its last ones
TRIAL = 4  # steps of a trial, the fewest to judge by
FIRST = 5  # steps after which a mode nobody has judged is tried
RETRY = 50  # steps after which one that is about as good is tried again, and what was known of it is forgotten
RAREST = 20.0  # times that for one that is a great deal worse
MARGIN = 1.02  # a mode has to be so much faster than the one in use
OUTLIER = 4.0  # a step longer than so many of the usual ones counts as that


class DraftingMode:
    """What its last steps wrote, in how many seconds each."""

    def __init__(self, drafters: Drafters) -> None:
        self.drafters = drafters
        self.trials = 0
        self.waited = 0  # steps since it was last used
        self._tokens: deque[int] = deque(maxlen=WINDOW)
        self._seconds: deque[float] = deque(maxlen=WINDOW)
        self.rate = 0.0  # tokens a second

    @property
    def judged(self) -> bool:
        return len(self._tokens) >= TRIAL

    def begin(self) -> None:
        """A trial: how it was the last time says little of how it is now, all the less if it was cold then."""
        self.trials += 1
        self._tokens.clear()
        self._seconds.clear()

    def learn(self, tokens: int, seconds: float) -> None:
        self._tokens.append(tokens)
        self._seconds.append(seconds)
        most = OUTLIER * median(self._seconds)
        self.rate = sum(self._tokens) / sum(min(one, most) for one in self._seconds)
        self.waited = 0

    def due(self, best: DraftingMode) -> bool:
        """Whether it is time to try it (again), though `best` is the fastest."""
        if not self.trials:
            return self.waited >= FIRST
        worse = (best.rate / self.rate) ** 2 if self.rate else RAREST
        return self.waited >= RETRY * min(worse, self.trials, RAREST)  # the first trial may have been its first steps


class ModeTable:
    """The modes of steps of one kind."""

    def __init__(self, allowed: Drafters) -> None:
        self._modes = [
            DraftingMode(drafters) for drafters in dict.fromkeys((allowed, allowed - {"mtp"}, frozenset[str]()))
        ]
        self._used = self._best = self._modes[0]
        self._left = 0  # steps of the trial that is under way

    def select(self) -> Drafters:
        if not self._left:
            judged = [mode for mode in self._modes if mode.judged]
            fastest = max(judged, key=lambda mode: mode.rate, default=self._best)
            if self._best.judged and fastest.rate > MARGIN * self._best.rate:
                self._best = fastest
            trial = next((mode for mode in self._modes if mode is not self._best and mode.due(self._best)), None)
            if trial:
                trial.begin()
                self._left = TRIAL
            self._used = trial or self._best
        return self._used.drafters

    def learn(self, tokens: int, seconds: float) -> None:
        for mode in self._modes:
            mode.waited += 1
        self._left = max(0, self._left - 1)
        self._used.learn(tokens, seconds)


class Selector:
    """A table for each set of drafters that rows allow, and for about so many rows."""

    def __init__(self) -> None:
        self._tables: dict[tuple[Drafters, int], ModeTable] = {}  # of each set of drafters, by size
        self._last: ModeTable | None = None

    def select(self, allowed: Drafters, rows: int) -> Drafters:
        """Which drafters the next step asks."""
        key = allowed, rows.bit_length()
        if key not in self._tables:
            self._tables[key] = ModeTable(allowed)
        self._last = self._tables[key]
        return self._last.select()

    def learn(self, tokens: int, seconds: float) -> None:
        """What the step that was picked last wrote, and how long it took from its drafts to its commit."""
        if self._last is not None:
            self._last.learn(tokens, seconds)
