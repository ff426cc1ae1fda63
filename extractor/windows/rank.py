"""How much each window of a document has to do with a field: BM25 of what speaks for the field, weighed by how few
windows print it. Pure; the same for the same document and schema."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain

from extractor.windows.speaks_for import Terms
from extractor.windows.terms import LABEL, LineTerms, Term

_K1, _B = 1.2, 0.75  # BM25's own
_NOWHERE = Counter[int]()


def wanted_by(fields: Iterable[Terms]) -> set[Term]:
    """All terms that speak for one of them, and their words."""
    return {one for terms in fields for term in terms for one in (term, *((word,) for word in term))}


class WindowRanking:
    """Of one document's windows, by the terms of their lines, for fields of these terms (`wanted`)."""

    def __init__(self, windows: Sequence[Sequence[LineTerms]], wanted: Collection[Term]) -> None:
        self._windows = len(windows)
        self._spelled: list[str] = []  # a window's words
        self._lengths: list[int] = []
        self._printed: defaultdict[Term, Counter[int]] = defaultdict(Counter)  # how often, by window
        for at, lines in enumerate(windows):
            words = [word for line in lines for word in line.words]
            self._spelled.append(f" {' '.join(words)} ")
            self._lengths.append(len(words))
            own = [((word,), count) for word, count in Counter(words).items()]
            for term, count in chain(own, *(line.others for line in lines)):
                if term in wanted:
                    self._printed[term][at] += count
        self._average = max(1.0, sum(self._lengths) / max(1, self._windows))

    def scores(self, terms: Terms) -> list[float]:
        """Of each window, for one of the fields; 0 where nothing in it speaks for that."""
        scores = [0.0] * self._windows
        for term, weight in terms.items():
            printed = self._where(term)
            rare = math.log1p((self._windows - len(printed) + 0.5) / (len(printed) + 0.5))
            for at, count in printed.items():
                long = 1 - _B + _B * self._lengths[at] / self._average
                scores[at] += weight * rare * count * (_K1 + 1) / (count + _K1 * long)
        return scores

    def _where(self, term: Term) -> Mapping[int, int]:
        if term in self._printed or len(term) < 2 or term[0] == LABEL:
            return self._printed.get(term, _NOWHERE)
        rarest = min((self._printed.get((word,), _NOWHERE) for word in term), key=len)
        spelled = f" {' '.join(term)} "
        found = Counter({at: count for at in rarest if (count := self._spelled[at].count(spelled))})
        self._printed[term] = found
        return found
