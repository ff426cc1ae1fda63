"""Whether to draft at all: whole ways of making a step, compared by the tokens a second they were measured to write.

`pace.py` prices one token more of a draft; what drafting costs besides (text to look up, a chain to set up, a wait for
the device) comes before the first token and grows with rows. So every step is made in one of a few modes: all drafters
that rows allow, all but MTP, none. The fastest is used; the others are tried now and then, the worse the rarer. Knows
no drafter, no model and no text.
"""

from __future__ import annotations

from dataclasses import dataclass

Drafters = frozenset[str]

MEMORY = 0.98  # a step ago counts this much
FEW = 3  # steps in a mode before it is judged by them
FIRST = 5  # steps after which a mode nobody has judged is tried
RETRY = 50  # steps after which one that is about as good is tried again
RAREST = 20.0  # times that for one that is a great deal worse
MARGIN = 1.02  # a mode has to be so much faster than the one in use
OUTLIER = 4.0  # a step longer than so many times the expected counts as that


@dataclass
class Mode:
    """What was written in it, in how many seconds, both fading."""

    asked: Drafters
    tokens: float = 0.0
    seconds: float = 0.0
    steps: int = 0
    waited: int = 0  # steps since it was last used

    @property
    def rate(self) -> float:
        return self.tokens / self.seconds if self.seconds else 0.0

    def learn(self, tokens: int, seconds: float) -> None:
        self.steps += 1
        count = (1.0 - MEMORY**self.steps) / (1.0 - MEMORY)  # steps, as far as they are remembered
        if self.steps > FEW:
            seconds = min(seconds, OUTLIER * self.seconds / (count - 1.0) * MEMORY)
        self.tokens = self.tokens * MEMORY + tokens
        self.seconds = self.seconds * MEMORY + seconds
        self.waited = 0

    def due(self, best: Mode) -> bool:
        """Whether it is time to try it again, though `best` is the fastest."""
        if self.steps < FEW:
            return self.waited >= FIRST
        return self.waited >= RETRY * min((best.rate / self.rate) ** 2, RAREST)


class Table:
    """The modes of steps of one kind."""

    def __init__(self, allowed: Drafters) -> None:
        self._modes = [Mode(asked) for asked in dict.fromkeys((allowed, allowed - {"mtp"}, frozenset[str]()))]
        self._used = self._best = self._modes[0]

    def pick(self) -> Drafters:
        judged = [mode for mode in self._modes if mode.steps >= FEW]
        fastest = max(judged, key=lambda mode: mode.rate, default=self._best)
        if self._best.steps >= FEW and fastest.rate > MARGIN * self._best.rate:
            self._best = fastest
        tried = (mode for mode in self._modes if mode is not self._best and mode.due(self._best))
        self._used = next(tried, self._best)
        return self._used.asked

    def learn(self, tokens: int, seconds: float) -> None:
        for mode in self._modes:
            mode.waited += 1
        self._used.learn(tokens, seconds)


class Modes:
    """A table for each set of drafters that rows allow, and for about so many rows."""

    def __init__(self) -> None:
        self._tables: dict[tuple[Drafters, int], Table] = {}  # as many as there are sets of three drafters and sizes
        self._last: Table | None = None

    def pick(self, allowed: Drafters, rows: int) -> Drafters:
        """Which drafters the next step asks."""
        key = allowed, rows.bit_length()
        if key not in self._tables:
            self._tables[key] = Table(allowed)
        self._last = self._tables[key]
        return self._last.pick()

    def learn(self, tokens: int, seconds: float) -> None:
        """What the step that was picked last wrote, and how long it took from its drafts to its commit."""
        if self._last is not None:
            self._last.learn(tokens, seconds)
