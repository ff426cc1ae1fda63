"""Where the document says what an answer says, and how sure the model was of it: `fields` of a result.

Evidence is looked up afterwards and in the document alone, so it holds whatever the model was thinking. Of several
places where a value is printed, the one that its label, its row or its neighbours in the answer speak for is taken. A
value that the document does not print has none, which is what evidence is for: it was concluded, or made up.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate, groupby

from extractor import result
from extractor.answer import Scalar, scalars
from extractor.bestpath import path
from extractor.documents import Document, Whereabouts, locations
from extractor.engine.lookup import NAME
from extractor.evidence.said import Said
from extractor.printed import Place, Places, Printed

_SHORTEST = 3  # letters of a label
_NEAR = 8  # characters farther away that are as near: the end of a label may be no part of its key
_FAR = 120  # characters behind its label a value is labelled no longer
_LONGEST = 64  # characters of a key that is looked for as a label
_ELSE = 40  # printed in another way, or where another value of its list is: as if so many farther away
_WIDE = 600  # characters between them, with the spaces of a page's layout
_CHOICES = 12  # of places for a value, between which its neighbours decide
_BACK = 3  # lines, as a power of two, that a step back is as unlikely as
_SPACES = re.compile(" {2,}")
_BEFORE = 20  # a value before its label counts as so many characters farther away


def ground(text: str, document: Document, logprobs: list[float], sizes: list[int]) -> dict[str, result.Known]:
    """For each scalar of the answer `text`, by JSON pointer. Offsets count the characters of `document.text`. The
    confidence is the chance that the model gave the value's tokens; `logprobs` and `sizes` (bytes of the text) are of
    all tokens, in order."""
    found = list(scalars(text))
    places = Evidence(document.text, [page.start for page in document.pages]).of(found)
    chances = _chances(text, found, logprobs, sizes)
    return {
        scalar.pointer: {"evidence": _evidence(document, where), "confidence": chance}
        for scalar, where, chance in zip(found, places, chances, strict=True)
    }


def _evidence(document: Document, where: Places) -> list[result.Evidence]:
    return [
        {
            "start": at.start,
            "stop": at.stop,
            "text": document.text[at.start : at.stop],
            "page": at.page,
            "part": _part(at.part),
            "boxes": [box.as_list() for box in at.boxes],
        }
        for place in where
        for at in locations(document, place.start, place.stop)
    ]


def _part(where: Whereabouts | None) -> result.EvidencePart | None:
    if where is None:
        return None
    return {
        "number": where.number,
        "kind": where.kind,
        "name": where.name,
        "label": where.label,
        "cell": where.cell,
    }


def _chances(text: str, found: list[Scalar], logprobs: list[float], sizes: list[int]) -> list[float | None]:
    """For each scalar the probability of the tokens it is made of; None where the tokens are not this text's."""
    ends = list(accumulate(sizes))
    if len(sizes) != len(logprobs) or not ends or ends[-1] != len(text.encode()):
        return [None] * len(found)
    places = range(len(text) + 1) if text.isascii() else [0, *accumulate(len(char.encode()) for char in text)]
    sums = [0.0, *accumulate(logprobs)]
    made: list[float | None] = []
    for scalar in found:
        first = bisect_left(ends, places[scalar.start] + 1)
        last = bisect_left(ends, places[scalar.stop])
        made.append(round(min(1.0, math.exp(sums[last + 1] - sums[first])), 4))
    return made


class Evidence:
    """Chooses among the places of values."""

    def __init__(self, document: str, breaks: Sequence[int] = ()) -> None:
        """`breaks`: where its pages begin."""
        self._printed = Printed(document, breaks)
        self._said = Said(self._printed)
        self._labels: dict[str | int, list[tuple[int, int]]] = {}
        self._ends = [at.start() for at in re.finditer("\n", document)]  # of lines
        self._place = 0  # where the value before was found
        self._taken: set[int] = set()  # where those of the list so far were
        self._counting: set[tuple[str | int, ...]] = set()

    def of(self, found: list[Scalar]) -> list[Places]:
        """Where each is printed; empty for what is not, and for null."""
        made: list[Places] = []
        self._counting = _counting(found)
        groups = [list(group) for _, group in groupby(found, key=_row)]
        for at, several in enumerate(groups):
            following = groups[at + 1] if at + 1 < len(groups) else []
            if _row(several[0]) and len(several) > 1:
                made += self._of_row(several, following)
            else:
                made += self._in_order(several)
        return _apart(found, made)

    def _candidates(self, scalar: Scalar, since: int) -> list[Places]:
        if scalar.value is None or scalar.value == "":
            return []
        if isinstance(scalar.value, bool):
            words = NAME.findall(_key(scalar)[:_LONGEST])
            return self._said.find(scalar.value, words, self._label(_key(scalar)), since)
        return self._printed.find(scalar.value, since)

    def _in_order(self, several: list[Scalar]) -> list[Places]:
        """Each nearest behind its label; where that leaves a choice, as they follow each other in the document."""
        likely: list[list[Places]] = []
        for scalar in several:
            labels = self._label(_key(scalar))
            candidates = self._candidates(scalar, labels[0][1] if labels else self._place)
            costs = [self._from_label(place, labels) for place in candidates]
            likely.append([place for place, cost in zip(candidates, costs, strict=True) if cost == min(costs)])
            if likely[-1]:
                ahead = (place for place in likely[-1] if place[0].start >= self._place)
                self._place = next(ahead, likely[-1][0])[-1].stop
        likely = _not_within(likely)
        chosen = iter(path([places[:_CHOICES] for places in likely if places], self._step))
        made = [next(chosen) if places else () for places in likely]
        self._place = max((place[-1].stop for place in made[-1:] if place), default=self._place)
        return made

    def _from_label(self, places: Places, labels: list[tuple[int, int]]) -> tuple[int, int]:
        start, stop, off = places[0]
        far = min((self._distance(label, start, stop) for label in labels), default=_FAR)
        return min(far, _FAR) // _NEAR, off

    def _step(self, before: Places, places: Places) -> float:
        """How unlikely it is that a value stands at `places` when the one before it stands at `before`."""
        (first, last, _), (start, stop, _) = before[0], places[0]
        lines = self._line(start) - self._line(first)
        overlap = start < last and first < stop
        return math.log2(1 + abs(lines)) + _BACK * (start < first) + _BACK * overlap

    def _line(self, offset: int) -> int:
        return bisect_right(self._ends, offset)

    def _of_row(self, several: list[Scalar], following: list[Scalar]) -> list[Places]:
        """Of an object in a list, which mostly is a row of a table: what is told best says where the row is. Texts come
        first, so that no number is taken for a part of one of them. `following` begins where this row ends."""
        if not _row(several[0])[-1]:  # the first may stand anywhere
            self._place, self._taken = 0, set()
        found = [self._candidates(one, self._place) for one in several]
        anchor = _anchor(several, found, self._place)
        if anchor is None:
            return self._in_order(several)
        end = self._end_of_row(several, following, anchor)
        chosen: dict[int, Places] = {}
        for at in sorted(range(len(several)), key=lambda at: not isinstance(several[at].value, str)):
            texts = [place for places in chosen.values() for place in places]
            within = (
                found[at] if isinstance(several[at].value, str) else [one for one in found[at] if one[0].start < end]
            )
            chosen[at] = min(within, key=lambda place: self._cost(place, anchor, several[at], texts), default=())
            self._taken.update(place.start for place in chosen[at])
        stops = [place[-1].stop for place in chosen.values() if place and place[-1].start < end]
        self._place = max([self._place, *stops])
        return [chosen[at] for at in range(len(several))]

    def _end_of_row(self, several: list[Scalar], following: list[Scalar], anchor: int) -> int:
        """Where the line of the next row begins; the end of the document where there is none, or none that is told."""
        text = self._printed.text
        end = text.find("\n", anchor) + 1
        if not end or not following or _row(following[0])[:-1] != _row(several[0])[:-1]:
            return len(text)
        found = [self._candidates(one, end) for one in following]
        begin = _anchor(following, found, end)
        return len(text) if begin is None else text.rfind("\n", 0, begin) + 1

    def _cost(self, places: Places, anchor: int, scalar: Scalar, texts: list[Place]) -> tuple[bool, int, int]:
        """Of a place for a value of the row at `anchor`: on another line, unlikely, far."""
        start, stop, off = places[0]
        first, last = sorted((start, anchor))
        within = any(
            text.start <= start and stop <= text.stop and stop - start < text.stop - text.start for text in texts
        )
        unlikely = max(off - 1, 0) + (start in self._taken) + within + self._counts_rows(places[0], scalar)
        return self._printed.text.find("\n", first, last) >= 0, unlikely, last - first

    def _counts_rows(self, place: Place, scalar: Scalar) -> bool:
        """Whether it is the number of the row, which begins its line, and no such number is asked for."""
        text, row = self._printed.text, _row(scalar)[-1]
        if not isinstance(row, int) or _column(scalar) in self._counting:
            return False
        begins = not text[text.rfind("\n", 0, place.start) + 1 : place.start].strip(" |")
        return begins and text[place.start : place.stop].lstrip("0") == str(row + 1)

    def _label(self, key: str) -> list[tuple[int, int]]:
        """Where the document names the field: all words of its key, or as many of the first or of the last as occur."""
        if key not in self._labels:
            words = NAME.findall(key[:_LONGEST])
            names = (name for count in range(len(words), 0, -1) for name in (words[:count], words[-count:]))
            spots = (self._spots(" ".join(name)) for name in names if len("".join(name)) >= _SHORTEST)
            self._labels[key] = next((found for found in spots if found), [])
        return self._labels[key]

    def _distance(self, label: tuple[int, int], start: int, stop: int) -> int:
        """In characters; within a line, what keeps columns apart counts as one, and the next line is a bit farther."""
        if start < label[1]:
            return label[0] - stop + _BEFORE if stop <= label[0] else _FAR
        between = self._printed.text[label[1] : start] if start - label[1] < _WIDE else ""
        lines = between.count("\n")
        return start - label[1] + _NEAR * lines if lines or not between else len(_SPACES.sub(" ", between))

    def _spots(self, name: str) -> list[tuple[int, int]]:
        return [(place.start, place.stop) for place in self._printed.words(name)]


def _apart(found: list[Scalar], made: list[Places]) -> list[Places]:
    """`made` without numbers that are part of a text of another row: no count is said by the `1` of `Milk 1l`."""
    pairs = list(zip(found, made, strict=True))
    texts = sorted((*where[0][:2], at) for at, (one, where) in enumerate(pairs) if where and isinstance(one.value, str))
    kept: list[Places] = []
    for one, where in pairs:
        if where and isinstance(one.value, int | Decimal) and not isinstance(one.value, bool):
            start, stop, _ = where[0]
            behind = bisect_right(texts, start, key=lambda text: text[0])
            first, last, at = texts[behind - 1] if behind else (0, 0, 0)
            if last >= stop and last - first > stop - start and _row(found[at]) != _row(one):
                where = ()
        kept.append(where)
    return kept


def _not_within(likely: list[list[Places]]) -> list[list[Places]]:
    """Without places that are a part of another value's (a town in a name), where a value has others."""
    spans = sorted((place.start, place.stop) for each in likely for places in each for place in places)
    stops = list(accumulate((stop for _, stop in spans), max))

    def within(place: Place) -> bool:
        before = bisect_left(spans, (place.start, 0))
        beside = bisect_right(spans, (place.start, place.stop))
        longer = beside < len(spans) and spans[beside][0] == place.start
        return longer or (before > 0 and stops[before - 1] >= place.stop)

    return [[places for places in each if not within(places[0])] or each for each in likely]


def _key(scalar: Scalar) -> str:
    return next((part for part in reversed(scalar.path) if isinstance(part, str)), "")


def _row(scalar: Scalar) -> tuple[str | int, ...]:
    """The path of the innermost object of a list it is in; () for none."""
    last = max((at for at, part in enumerate(scalar.path[:-1]) if isinstance(part, int)), default=-1)
    return scalar.path[: last + 1]


def _column(scalar: Scalar) -> tuple[str | int, ...]:
    """The path of what it is in every row of its list."""
    row = _row(scalar)
    return (*row[:-1], "", *scalar.path[len(row) :])


def _counting(found: list[Scalar]) -> set[tuple[str | int, ...]]:
    """Of lists of two rows or more, the columns that say 1, 2, 3, …"""
    said: dict[tuple[str | int, ...], list[object]] = {}
    for one in found:
        if _row(one):
            said.setdefault(_column(one), []).append(one.value)
    return {column for column, values in said.items() if len(values) > 1 and values == list(range(1, len(values) + 1))}


def _anchor(several: list[Scalar], found: list[list[Places]], since: int) -> int | None:
    """Where of a row the value stands that is told best, behind `since`."""
    ahead = [[places for places in each if places[0].start >= since] for each in found]
    pairs = zip(several, ahead, strict=True)
    clear = [(len(each), -len(str(one.value)), each[0]) for one, each in pairs if each]
    return min(clear)[2][0].start if clear else None
