"""How much each window of a document has to do with a field: BM25 of what speaks for the field, weighed by how few
windows print it. Pure; the same for the same document and schema."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from extractor.windows.speaks_for import Terms
from extractor.windows.terms import LABEL, Term, kinds_of, labels_of, term_of

_K1, _B = 1.2, 0.75  # BM25's own


class WindowRanking:
    """Of one document's windows, by their `texts`, for these `fields`."""

    def __init__(self, texts: Sequence[str], fields: Iterable[Terms]) -> None:
        self._windows = len(texts)
        wanted = {one for terms in fields for term in terms for one in (term, *((word,) for word in term))}
        self._spelled: list[str] = []  # a window's words
        self._lengths: list[int] = []
        self._printed: defaultdict[Term, dict[int, int]] = defaultdict(dict)  # how often, by window
        for at, text in enumerate(texts):
            words = term_of(text)
            self._spelled.append(f" {' '.join(words)} ")
            self._lengths.append(len(words))
            counts = Counter[Term]((word,) for word in words) + Counter(dict(kinds_of(text, words)))
            for label in labels_of(text):
                counts.update({label, *((LABEL, word) for word in label[1:])})
            for term in counts.keys() & wanted:
                self._printed[term][at] = counts[term]
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

    def _where(self, term: Term) -> dict[int, int]:
        if term in self._printed or len(term) < 2 or term[0] == LABEL:
            return self._printed.get(term, {})
        rarest = min((self._printed.get((word,), {}) for word in term), key=len)
        spelled = f" {' '.join(term)} "
        found = {at: count for at in rarest if (count := self._spelled[at].count(spelled))}
        self._printed[term] = found
        return found
