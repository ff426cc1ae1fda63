"""Other values in the marks of a document written by hand, each in the notation of the one that stood there.

What is equal in a document stays equal, days stay as far apart as they were, columns stay where spaces can keep them.
Sums do not stay sums: what is read is copied, not computed. Knows nothing of schemas or prompts.
"""

from __future__ import annotations

import re
import string
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from random import Random

from extractor.lab.training.written import NAMES, SHAPES, WORDS, Mark, Written, documents
from extractor.notation import calendar, possible

_KEPT = 0.25  # of a document's values stay as they were written
_RUN = re.compile(r"\d+|[^\W\d_]+|[^\w]+|_+")
_YEAR = re.compile(r"(19|20)\d\d")
_CLOCK = re.compile(r"(\d\d?)(\D{1,3})(\d\d)(.*)", re.DOTALL)


@dataclass(frozen=True)
class Pool:
    """What training may put into marks: the values that its documents print, by type and language."""

    values: dict[tuple[str, str], list[str]]

    def of(self, type_: str, language: str) -> list[str]:
        return self.values.get((type_, language), [])


@cache
def pool(held_out: bool) -> Pool:
    made: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for file, one in documents(held_out):
        parts = _parts(one)
        for mark in one.marks:
            type_ = file.fields[mark.path].type
            whole = len(parts[mark.path, mark.row]) == 1 and mark.value == mark.printed
            if type_ in NAMES | WORDS and "\n" not in mark.printed and whole:
                made[type_, one.language][mark.printed] = None
    return Pool({key: list(values) for key, values in made.items()})


def exchanged(written: Written, types: dict[str, str], rng: Random, values: Pool) -> Written:
    """`types`: of each path. The same document with other values in its marks."""
    shift = timedelta(days=rng.randint(-900, 400))
    fresh: dict[tuple[str, str, str], tuple[str, str]] = {}
    parts = _parts(written)
    for mark in written.marks:
        key = (types[mark.path], mark.printed, mark.value)
        if key not in fresh:
            type_ = types[mark.path]
            if len(parts[mark.path, mark.row]) > 1 and type_ in NAMES:
                type_ = "code"  # a part of a value: only its numbers change
            new = None if rng.random() < _KEPT else _other(mark, type_, written.language, rng, values, shift)
            fresh[key] = new or (mark.printed, mark.value)
    return _rewritten(written, types, fresh)


def _parts(written: Written) -> dict[tuple[str, int], set[str]]:
    """What is printed of each value: more than one text where it stands in parts."""
    made: dict[tuple[str, int], set[str]] = defaultdict(set)
    for mark in written.marks:
        made[mark.path, mark.row].add(mark.printed)
    return made


def _other(
    mark: Mark, type_: str, language: str, rng: Random, values: Pool, shift: timedelta
) -> tuple[str, str] | None:
    """(printed, value), None where the mark keeps what it has."""
    if type_ in NAMES:
        return _named(mark, values.of(type_, language), rng)
    if type_ in SHAPES:
        printed = _shaped(mark.printed, rng)
        return (printed, " ".join(printed.split())) if mark.value == " ".join(mark.printed.split()) else None
    if type_ in WORDS:
        return _named(mark, values.of(type_, language), rng)
    made: Callable[[Mark, Random], tuple[str, str] | None] | None = {
        "amount": _number, "number": _number, "percent": _number, "count": _number, "time": _clock,
    }.get(type_)  # fmt: skip
    if type_ == "date":
        return _day(mark, shift, language)
    if type_ == "count" and _YEAR.fullmatch(mark.printed):
        year = str(int(mark.printed) + shift.days // 365)
        return year, year
    return made(mark, rng) if made else None


def _named(mark: Mark, others: list[str], rng: Random) -> tuple[str, str] | None:
    if not others or mark.value != mark.printed:
        return None
    chosen = rng.choice(others)
    if mark.printed.isupper():
        chosen = chosen.upper()
    elif chosen.isupper() and len(chosen) > 4:
        chosen = chosen.title()
    return chosen, chosen


def _shaped(printed: str, rng: Random) -> str:
    """Digits for digits and capitals for capitals, but in words, which keep their letters."""

    def other(found: re.Match[str]) -> str:
        text = found.group()
        if text.isdecimal():
            return "".join(rng.choice(string.digits) for _ in text)
        return "".join(rng.choice(string.ascii_uppercase) for _ in text) if text.isupper() and len(text) == 1 else text

    return _RUN.sub(other, printed)


def _number(mark: Mark, rng: Random) -> tuple[str, str] | None:
    """Digits for digits; none where the new text could be read otherwise than the old."""
    digits = [char for char in mark.printed if char.isdecimal()]
    if not digits or any(not char.isascii() for char in digits):
        return None
    fresh = [rng.choice(string.digits) for _ in digits]
    first = next((at for at, char in enumerate(digits) if char != "0"), None)
    if first is None:
        return None
    fresh[:first] = digits[:first]  # 0,95 stays below one
    fresh[first] = rng.choice("123456789")
    kept = iter(fresh)
    printed = "".join(next(kept) if char.isdecimal() else char for char in mark.printed)
    before = [char for char in mark.value if char.isdecimal()]
    if before != digits[len(digits) - len(before) :] and before != digits[: len(before)]:
        return None
    kept = iter(fresh[: len(before)] if before == digits[: len(before)] else fresh[len(digits) - len(before) :])
    value = "".join(next(kept) if char.isdecimal() else char for char in mark.value)
    return (printed, value) if value in possible.numbers(printed) or value.lstrip("-") in printed else None


def _clock(mark: Mark, rng: Random) -> tuple[str, str] | None:
    found = _CLOCK.fullmatch(mark.printed)
    if not found or re.search("[apAP]", found[4]):
        return None
    hour, minute = rng.randint(6, 22), rng.randint(0, 59)
    printed = f"{hour:0{len(found[1])}}{found[2]}{minute:02}{found[4]}"
    return printed, f"{hour:02}:{minute:02}{mark.value[5:]}"


def _day(mark: Mark, shift: timedelta, language: str) -> tuple[str, str] | None:
    """The day moved by `shift`, in the notation of the one that was printed."""
    try:
        old = date.fromisoformat(mark.value)
        new = old + shift
    except (ValueError, OverflowError):
        return None
    years = {f"{old.year}": f"{new.year}", f"{old.year % 100:02}": f"{new.year % 100:02}"}
    pieces, wanted = _RUN.findall(mark.printed), {"y", "m", "d"}
    numbers = [at for at, piece in enumerate(pieces) if piece.isdecimal()]
    made = list(pieces)
    for at in sorted(numbers, key=lambda at: -len(pieces[at])):
        if "y" in wanted and len(pieces[at]) == 4 and pieces[at] in years:
            made[at] = years[pieces[at]]
            wanted.discard("y")
    for at, piece in enumerate(pieces):
        if piece.isalpha() and (number := calendar.month(piece)) == old.month and number:
            name = _month_name(piece, old.month, new.month, language)
            if name is None:
                return None
            made[at] = name
            wanted.discard("m")
        elif piece.isalpha() and len(piece) > 1 and not _joins(piece):
            return None  # a weekday, or a word whose meaning is not known
    left = [at for at in numbers if made[at] == pieces[at] and len(pieces[at]) <= 2]
    parts = {"d": (old.day, new.day), "m": (old.month, new.month), "y": (old.year % 100, new.year % 100)}
    for part in ("y", "d", "m"):
        if part not in wanted:
            continue
        order = left[::-1] if part == "y" else left
        spot = next((at for at in order if int(pieces[at]) == parts[part][0]), None)
        if spot is None:
            return None
        left.remove(spot)
        made[spot] = f"{parts[part][1]:0{len(pieces[spot]) if pieces[spot].startswith('0') or part == 'y' else 1}}"
        if len(pieces[spot]) == 2 and part != "y":
            made[spot] = f"{parts[part][1]:02}"
    return ("".join(made), new.isoformat()) if not left else None


def _joins(piece: str) -> bool:
    return piece.lower() in {"de", "del", "of", "st", "nd", "rd", "th", "er", "le", "den", "am", "the", "el"}


def _month_name(piece: str, old: int, new: int, language: str) -> str | None:
    low = piece.lower()
    for names in sorted(calendar.MONTHS.values(), key=lambda names: names != calendar.MONTHS.get(language)):
        name = names[old - 1].lower()
        if name.startswith(low):
            other = names[new - 1].lower()
            made = other if low == name else other[: len(low)] if len(low) == 3 else None
            if made is not None:
                return made.upper() if piece.isupper() else made.title() if piece[0].isupper() else made
    return None


def _rewritten(written: Written, types: dict[str, str], fresh: dict[tuple[str, str, str], tuple[str, str]]) -> Written:
    text, marks, last = "", [], 0
    owed = 0  # characters by which the last value grew, to be taken from the gap behind it
    for mark in written.marks:
        between, owed = _closed(written.text[last : mark.start], owed)
        printed, value = fresh[types[mark.path], mark.printed, mark.value]
        text += between
        marks.append(replace(mark, printed=printed, value=value, start=len(text)))
        text += printed
        owed += len(printed) - len(mark.printed)
        last = mark.start + len(mark.printed)
    between, _ = _closed(written.text[last:], owed)
    return replace(written, text=text + between, marks=tuple(marks))


def _closed(gap: str, owed: int) -> tuple[str, int]:
    """The text between two marks, with spaces taken from or given to its first wide gap of this line, and what is
    still owed at its end."""
    line, newline, rest = gap.partition("\n")
    spaces = re.search("  +", line)
    if spaces and owed:
        width = max(2, len(spaces.group()) - owed)
        owed -= len(spaces.group()) - width
        line = line[: spaces.start()] + " " * width + line[spaces.end() :]
    return line + newline + rest, 0 if newline else owed
