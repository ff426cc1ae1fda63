"""Where a prompt says what an answer says: the line of the schema a value answers, and where in the document it stands,
character by character. It is what two heads are taught to look at.

A value is looked for as it was printed. One that stands there more than once is the one nearest its label, or, in a
table, nearest the longest cell of its row. What cannot be told apart is left out: this teaches, it never decides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from extractor.lab.training.values import MONTHS

_BEHIND = 20  # a value before its label is taken for this much farther away than one after it
_DATE = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")


@dataclass(frozen=True)
class Origin:
    """One value of an answer: as printed, as the JSON text it stands for, and what leads to it."""

    printed: str
    json: str
    label: str = ""
    row: int = -1  # of its table; -1 outside of tables
    at: int | None = None  # where it starts in the document, where that is known


def places(document: str, origins: list[Origin | None]) -> list[int | None]:
    """Where each value starts in `document`; None when it has no origin or cannot be found."""
    found: list[int | None] = [None] * len(origins)
    after = -1  # where the row before begins last
    for several in _together(origins):
        cells = {at: one for at in several if (one := origins[at]) is not None}
        first = next(iter(cells.values()), None)
        if first is None:
            continue
        if first.at is not None or first.row < 0:
            found[several[0]] = _labelled(document, first) if first.at is None else first.at
            continue
        for at, place in zip(cells, _row(document, list(cells.values()), after if first.row else -1), strict=True):
            found[at] = place
        after = max((place for at in several if (place := found[at]) is not None), default=-1)
    return found


def _together(origins: list[Origin | None]) -> Iterator[list[int]]:
    """Where the values of a row are, with its empty cells; any other value by itself."""
    several: list[int] = []
    row = -1
    for at, one in enumerate(origins):
        same = one is None or (one.at is None and one.row == row)
        if several and not (row >= 0 and same):
            yield several
            several = []
        if not several:
            row = one.row if one is not None and one.at is None else -1
        several.append(at)
    if several:
        yield several


def aligned(one: Origin) -> list[tuple[int, int]]:
    """(character of the value, character of the printed text it comes from), in order; both without their quotes."""
    value = one.json.strip('"')
    if value == one.printed:
        return [(i, i) for i in range(len(value))]
    if one.json.startswith('"') and (spread := _spread(value, one.printed)):
        return spread
    mine = [i for i, char in enumerate(value) if char.isdigit()]
    theirs = [i for i, char in enumerate(one.printed) if char.isdigit()]
    found = _DATE.fullmatch(value)
    if found and one.json.startswith('"') and [value[i] for i in mine] != [one.printed[i] for i in theirs]:
        return _dated(found, one.printed) or [(0, 0)]
    if mine and [value[i] for i in mine] == [one.printed[i] for i in theirs[: len(mine)]]:
        return list(zip(mine, theirs, strict=False))
    return [(0, 0)]


def _spread(value: str, printed: str) -> list[tuple[int, int]]:
    """Of a text over several lines or cells, word by word; nothing where a word is missing."""
    pairs: list[tuple[int, int]] = []
    place = 0
    for word in re.finditer(r"\S+", value):
        place = printed.find(word.group(), place)
        if place < 0:
            return []
        pairs += [(word.start() + i, place + i) for i in range(len(word.group()))]
        place += len(word.group())
    return pairs


def lines(rendered: str, answer: str) -> list[int]:
    """For each value of `answer` the end (its newline) of the line of `rendered` that asks for it. `rendered` is what
    the prompt shows of the schema, from the end of its head line on, without examples."""
    ends: dict[tuple[str, ...], int] = {}
    above: list[str] = []
    for found in re.finditer(r"\n( *)(.+?): [^\n]*", rendered):
        above = [*above[: len(found.group(1)) // 2], found.group(2)]
        ends.setdefault(tuple(above), found.end())
    return [ends[path] for path in _paths(json.loads(answer))]


def _paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The keys that lead to each scalar, in order."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, path)
    else:
        yield path


def _occurrences(text: str, document: str) -> Iterator[int]:
    """Where `text` stands as a whole word or number, a sign by itself where it does so anywhere."""
    if not any(map(str.isalnum, text)):
        alone = [found.start() for found in re.finditer(rf"(?<!\S){re.escape(text)}(?!\S)", document)]
        return iter(alone or [found.start() for found in re.finditer(re.escape(text), document)])
    before, after = r"(?<!\w)" if text[:1].isalnum() else "", r"(?!\w)" if text[-1:].isalnum() else ""
    before += r"(?<!\d[.,'])" if text[:1].isdigit() else ""
    after += r"(?![.,']\d)" if text[-1:].isdigit() else ""
    return (found.start() for found in re.finditer(before + re.escape(text) + after, document))


def _labelled(document: str, one: Origin) -> int | None:
    found = list(_occurrences(one.printed, document)) if one.printed else []
    if len(found) < 2:
        return found[0] if found else None
    label, low = one.label.lower(), document.lower()
    names = {label, label.replace(" ", "_")} - {""}
    labels = [spot for name in names for spot in _occurrences(name, low)]
    if not labels:
        return None

    def distance(start: int) -> int:
        return min(
            start - spot - len(label) if start > spot else spot - start - len(one.printed) + _BEHIND for spot in labels
        )

    return min(found, key=distance)


def _row(document: str, cells: list[Origin], after: int) -> list[int | None]:
    """Behind `after`: the longest cell first, each other one beside it, in its line where it is there, and none within
    another."""
    starts: list[int | None] = [None] * len(cells)
    taken: list[tuple[int, int]] = []
    for at in sorted(range(len(cells)), key=lambda at: -len(cells[at].printed)):
        text = cells[at].printed
        found = [
            place
            for place in (_occurrences(text, document) if text else ())
            if place > after and all(place >= stop or place + len(text) <= start for start, stop in taken)
        ]
        if not found and not taken:
            break  # without its longest cell a row is not told from others
        anchor = taken[0][0] if taken else -1
        starts[at] = min(found, key=lambda place: _away(document, anchor, place), default=None)
        if (place := starts[at]) is not None:
            taken.append((place, place + len(text)))
    return starts


def _away(document: str, anchor: int, place: int) -> tuple[bool, int]:
    """Whether in another line, and how far; of the first cell of a row where it is."""
    if anchor < 0:
        return False, place
    return "\n" in document[min(anchor, place) : max(anchor, place)], abs(place - anchor)


def _dated(value: re.Match[str], printed: str) -> list[tuple[int, int]]:
    """Year, month and day of an ISO date, each in the number or name it was printed as."""
    numbers = list(re.finditer(r"\d+", printed))
    used: set[int] = set()
    pairs: list[tuple[int, int]] = []
    for part, text in enumerate(value.groups(), 1):
        if text is None:
            continue
        # a year is written out, or short and then last
        start, short = value.start(part), text[2:] if part == 1 else text.lstrip("0")
        wanted = [(n, form) for form in (text, short) for n in (numbers[::-1] if part == 1 else numbers)]
        spot = next((n for n, form in wanted if n.start() not in used and n.group() == form), None)
        name = _month(int(text), printed) if part == 2 else None
        if name is not None:
            pairs += [(start, name), (start + 1, name)]
        elif spot:
            used.add(spot.start())
            more = len(text) - len(spot.group())
            pairs += [(start + i, spot.start() + max(0, i - more)) for i in range(len(text))]
    return pairs


def _month(number: int, printed: str) -> int | None:
    low = printed.lower()
    starts = {name[:3].lower() for names in MONTHS.values() for name in (names[number - 1],)}
    return min((found for start in starts if (found := low.find(start)) >= 0), default=None)
