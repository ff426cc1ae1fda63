"""How much to draft: what a draft token is likely to earn against what it costs, both as measured while running.

A draft token that stands with chance p earns p tokens. It costs time: one more position to verify, and for an MTP token
a share of a drafter step. At the rate tokens are written just now, that time is worth so many tokens; this is its
price. A token is drafted while its chance is above its price. With many rows verification is compute-bound, the price
nears one, and nothing is drafted; with one row on a GPU positions are almost free. Knows no model and no text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence as Many

from cachetools import LRUCache

from extractor.engine.sequence import Draft

PRIOR = 0.7  # of a drafter that has not drafted yet
WEIGHT = 8.0  # how many observations the prior is worth
MEMORY = 0.99  # a step ago counts this much; what is never drafted drifts back to its prior and is tried again
PLACES = 4  # positions in a draft that are told apart, the last with all that follow
GRAMMARS = 256
RETRY = 50  # steps after which a drafter found too dear is tried again: it may have been measured in a bad moment
OUTLIER = 4.0  # a time longer than so many times the expected counts as that


Place = tuple[str, int]  # a drafter, and where in a draft its token is
Judged = dict[Place, tuple[int, int]]  # how many tokens there were judged, and how many of them stood


def judged(draft: Draft, accepted: int) -> Judged:
    """What a verified draft tells. Tokens after the first rejected one were never judged and teach nothing."""
    counts: Judged = {}
    for at, source in enumerate(draft.sources[: accepted + 1]):
        key = source, min(at, PLACES - 1)
        reached, stood = counts.get(key, (0, 0))
        counts[key] = reached + 1, stood + (at < accepted)
    return counts


class Acceptance:
    """The running chance that a drafter's token stands at a place in the draft, given that all before it did."""

    def __init__(self, like: Acceptance | None = None) -> None:
        """`like`: what is believed until it is known better."""
        self._like = like
        self._steps = 0
        self._seen: dict[Place, tuple[float, float, int]] = {}  # reached, stood, as of which step
        self._rates: dict[Place, float] = {}  # as of the steps `_rates_at`
        self._rates_at = 0, 0

    def rate(self, drafter: str, place: int) -> float:
        now = self._steps, self._like._steps if self._like else 0
        if now != self._rates_at:  # most rows of a step ask the same
            self._rates, self._rates_at = {}, now
        key = drafter, min(place, PLACES - 1)
        if key not in self._rates:
            prior = self._like.rate(drafter, place) if self._like else PRIOR
            reached, stood = self._counts(key)
            self._rates[key] = (stood + WEIGHT * prior) / (reached + WEIGHT)
        return self._rates[key]

    def chances(self, sources: Many[str]) -> list[float]:
        """For each token of a draft with these sources, the chance that it and all before it stand."""
        chances, chance, last = [], 1.0, ""
        for place, source in enumerate(sources):
            if source != last or place < PLACES:
                rate, last = self.rate(source, place), source
            chance *= rate
            chances.append(chance)
        return chances

    def learn(self, judged: Judged) -> None:
        self._steps += 1
        for key, (more, right) in judged.items():
            reached, stood = self._counts(key)
            self._seen[key] = reached + more, stood + right, self._steps

    def _counts(self, key: Place) -> tuple[float, float]:
        """(reached, stood), as far as they are remembered."""
        if key not in self._seen:
            return 0.0, 0.0
        reached, stood, step = self._seen[key]
        kept = MEMORY ** (self._steps - step)
        return reached * kept, stood * kept


class Acceptances:
    """One a grammar: what is easy to draft is a property of what is written. A new one believes what all others saw."""

    def __init__(self) -> None:
        self._all = Acceptance()
        # By their hashes: the grammar of what a document prints holds its words, which are not to be kept with it.
        self._kept: LRUCache[int, Acceptance] = LRUCache(GRAMMARS)

    def of(self, grammar: str | None) -> Acceptance:
        key = hash(grammar)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = Acceptance(self._all)
        return found

    def learn(self, grammar: str | None, draft: Draft, accepted: int) -> None:
        lesson = judged(draft, accepted)
        self._all.learn(lesson)
        self.of(grammar).learn(lesson)


class LinearFit:
    """Seconds as a line over a count: least squares over the recent past, leaning towards "one more costs a fiftieth"
    where the counts hardly vary."""

    def __init__(self) -> None:
        # Sums over what was learned, of one each, counts, seconds, squares and products; the older, the less it counts.
        self._n = self._x = self._y = self._xx = self._xy = 0.0

    def learn(self, count: float, seconds: float) -> None:
        if self._n:
            seconds = min(seconds, OUTLIER * self.at(count))
        self._n = self._n * MEMORY + 1
        self._x = self._x * MEMORY + count
        self._y = self._y * MEMORY + seconds
        self._xx = self._xx * MEMORY + count**2
        self._xy = self._xy * MEMORY + count * seconds

    @property
    def each(self) -> float:
        """Seconds one more costs; 0 while nothing is known."""
        if not self._n:
            return 0.0
        mean_x, mean_y = self._x / self._n, self._y / self._n
        spread = self._xx / self._n - mean_x**2
        leaning = 1.0
        slope = self._xy / self._n - mean_x * mean_y + leaning * mean_y / 50
        return max(slope / (spread + leaning), mean_y / 1000)

    def at(self, count: float) -> float:
        return max(0.0, self._y / self._n + self.each * (count - self._x / self._n)) if self._n else 0.0


class StepCosts:
    """The measured times of steps, and the prices that follow from them."""

    def __init__(self) -> None:
        self._verify, self._chain = LinearFit(), LinearFit()
        self._earned: defaultdict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])  # by rows: tokens, seconds
        self._cold = True
        self._unchained = 0  # steps since the last chain

    def verified(self, positions: int, seconds: float) -> None:
        self._verify.learn(positions, seconds)

    def chained(self, rows: int, seconds: float) -> None:
        """One step of the MTP drafter. The first ever is slow for reasons of its own."""
        if self._unchained > RETRY:
            self._chain = LinearFit()
        if not self._cold:
            self._chain.learn(rows, seconds)
        self._cold = False
        self._unchained = 0

    def stepped(self, rows: int, tokens: int, seconds: float) -> None:
        """A whole decode step."""
        self._unchained += 1
        earned = self._earned[rows]
        earned[0] = earned[0] * MEMORY + tokens
        earned[1] = earned[1] * MEMORY + seconds

    def rate(self, rows: int) -> float:
        """Tokens a second with so many rows; 0 while unknown."""
        tokens, seconds = self._earned.get(rows, (0.0, 0.0))
        return tokens / seconds if seconds else 0.0

    def position(self, rows: int) -> float:
        """The price of one more position of one row, in tokens."""
        return self._verify.each * self.rate(rows)

    def chain(self, rows: int) -> float:
        """The price of one step of the MTP drafter for all rows, in tokens; now and then it is free."""
        if self._unchained > RETRY:
            return 0.0
        return self._chain.at(rows) * self.rate(rows)
