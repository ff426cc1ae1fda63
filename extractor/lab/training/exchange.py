"""Other values in the marks of a document written by hand, each in the notation of the one that stood there.

What is equal in a document stays equal, wherever and however it is printed, days stay as far apart as they were,
columns stay where spaces can keep them. Sums do not stay sums: what is read is copied, not computed. Knows nothing of
schemas or prompts.
"""

from __future__ import annotations

import re
import string
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from functools import cache
from random import Random

from extractor.lab.training import other_days
from extractor.lab.training.other_days import Printed
from extractor.lab.training.written import NAMES, NUMBERS, SHAPES, WORDS, Written, WrittenMark, documents
from extractor.notation import possible

_KEPT = 0.25  # of a document's values stay as they were written
_RUN = re.compile(r"\d+|[^\W\d_]+|[^\w]+|_+")
_LONG_RUN = re.compile(r"(?<!\d)[0-9]{4,}(?!\d)")
_CLOCK = re.compile(r"(\d\d?)(\D{1,3})(\d\d)(.*)", re.DOTALL)
_YEARS = (1950, 2026)  # a count between them may be a year
_YEARS_APART = 8
_COPY = 4  # letters that a text has at least to be the same wherever it stands
_COPY_DIGITS = 5  # or digits, where it is of nothing else
_TIED_BEFORE = re.compile(r"(?:[\w@]|[\w@][./-])\Z")
_TIED_BEHIND = re.compile(r"[\w@]|[./-]\w")

Key = tuple[str, str, str]  # type, printed, value


@dataclass(frozen=True)
class Pool:
    """What training may put into marks: the values that its documents print, by type and language. `misread`: those of
    documents as a recogniser of characters reads them, for such documents only."""

    values: dict[tuple[str, str], list[str]]
    misread: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def of(self, type_: str, language: str, misread: bool = False) -> list[str]:
        key = (type_, language)
        return [*self.values.get(key, []), *(self.misread.get(key, []) if misread else [])]


@cache
def pool(held_out: bool) -> Pool:
    by_side: dict[bool, dict[tuple[str, str], dict[str, None]]] = {False: defaultdict(dict), True: defaultdict(dict)}
    for file, one in documents(held_out):
        parts = _parts(one)
        for mark in one.marks:
            type_ = file.fields[mark.path].type
            whole = len(parts[mark.path, mark.row]) == 1 and mark.value == mark.printed
            if type_ in NAMES | WORDS and "\n" not in mark.printed and whole:
                by_side["ocr" in one.traits][type_, one.language][mark.printed] = None
    clean, misread = ({key: list(values) for key, values in by_side[noisy].items()} for noisy in (False, True))
    return Pool(clean, misread)


def exchanged(written: Written, types: dict[str, str], rng: Random, values: Pool) -> Written:
    """`types`: of each path. The same document with other values in its marks."""
    days = {} if rng.random() < _KEPT else other_days.moved(written, types, rng)
    fresh: dict[Key, Printed] = {}
    same: dict[tuple[str, str], list[WrittenMark]] = defaultdict(list)
    for mark in written.marks:
        if types[mark.path] == "date":
            old = (mark.printed, mark.value)
            fresh["date", *old] = days.get(old, old)
        else:
            same[types[mark.path], _meaning(types[mark.path], mark.value)].append(mark)
    parts = _parts(written)
    years = _years(written, types, rng)
    for (type_, _), marks in same.items():
        names = type_ in NAMES and any(len(parts[mark.path, mark.row]) > 1 for mark in marks)
        kind = "code" if names else type_  # of a part of a value only the numbers change
        year = type_ == "count" and _is_year(marks[0])
        kept, seed = rng.random() < _KEPT and not year, rng.getrandbits(32)
        others = values.of(type_, written.language, "ocr" in written.traits)
        pairs = {(mark.printed, mark.value): mark for mark in marks}
        redrawn = {
            old: None if kept else _other(mark, kind, Random(seed), others, years) for old, mark in pairs.items()
        }
        whole = len({new and _meaning(type_, new[1]) for new in redrawn.values()}) == 1
        for old, new in redrawn.items():
            fresh[type_, *old] = new if new and whole else old
    return _rewritten(written, types, fresh, _other_runs(written, rng))


def _other_runs(written: Written, rng: Random) -> dict[str, str]:
    """Other digits for the long numbers of a text that no value has, years aside. Who writes by hand repeats the digits
    he likes, so that they would tell what is no value."""
    values = "\n".join(f"{mark.printed}\n{mark.value}" for mark in written.marks)
    found = sorted(set(_LONG_RUN.findall(written.text)))
    runs = [run for run in found if run not in values and (len(run) > 4 or not _within(int(run)))]
    return {run: "".join(rng.choice(string.digits) for _ in run) for run in runs}


def _meaning(type_: str, value: str) -> str:
    """The same for what means the same: `5.2` and `5.20`."""
    if type_ in NUMBERS:
        try:
            return f"{Decimal(value).normalize():f}"
        except InvalidOperation:
            pass
    return value


def _parts(written: Written) -> dict[tuple[str, int], set[str]]:
    """What is printed of each value: more than one text where it stands in parts."""
    parts: dict[tuple[str, int], set[str]] = defaultdict(set)
    for mark in written.marks:
        parts[mark.path, mark.row].add(mark.printed)
    return parts


def _years(written: Written, types: dict[str, str], rng: Random) -> int:
    """By how much the document's counts that may be years move: all by the same, and none to what may be no year."""
    found = [int(mark.value) for mark in written.marks if types[mark.path] == "count" and _is_year(mark)]
    least, most = (_YEARS[0] - min(found), _YEARS[1] - max(found)) if found else (0, 0)
    return 0 if rng.random() < _KEPT else rng.randint(max(least, -_YEARS_APART), min(most, _YEARS_APART))


def _is_year(mark: WrittenMark) -> bool:
    return mark.printed == mark.value and bool(re.fullmatch(r"\d{4}", mark.value)) and _within(int(mark.value))


def _within(year: int) -> bool:
    return _YEARS[0] <= year <= _YEARS[1]


def _other(mark: WrittenMark, type_: str, rng: Random, others: list[str], years: int) -> Printed | None:
    """(printed, value), None where the mark keeps what it has. `others`: the names that there are."""
    if type_ in NAMES | WORDS:
        return _named(mark, others, rng)
    if type_ in SHAPES:
        printed = _shaped(mark.printed, rng)
        return (printed, " ".join(printed.split())) if mark.value == " ".join(mark.printed.split()) else None
    if type_ == "count" and _is_year(mark):
        return (str(int(mark.value) + years),) * 2
    draw: Callable[[WrittenMark, Random], Printed | None] | None = {
        "amount": _number, "number": _number, "percent": _number, "count": _number, "time": _clock,
    }.get(type_)  # fmt: skip
    return draw(mark, rng) if draw else None


def _named(mark: WrittenMark, others: list[str], rng: Random) -> Printed | None:
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


def _number(mark: WrittenMark, rng: Random) -> Printed | None:
    """Digits for digits; none where the new text could be read otherwise than the old."""
    digits = [char for char in mark.printed if char.isdecimal()]
    if not digits or any(not char.isascii() for char in digits):
        return None
    first = next((at for at, char in enumerate(digits) if char != "0"), None)
    if first is None:
        return None
    fresh = digits[:first]  # 0,95 stays below one
    fresh += [rng.choice("123456789"), *(rng.choice(string.digits) for _ in digits[first + 1 :])]
    kept = iter(fresh)
    printed = "".join(next(kept) if char.isdecimal() else char for char in mark.printed)
    before = [char for char in mark.value if char.isdecimal()]
    if before != digits[len(digits) - len(before) :] and before != digits[: len(before)]:
        return None
    kept = iter(fresh[: len(before)] if before == digits[: len(before)] else fresh[len(digits) - len(before) :])
    value = "".join(next(kept) if char.isdecimal() else char for char in mark.value)
    read = value in possible.numbers(printed) or mark.value not in possible.numbers(mark.printed)
    return (printed, value) if read and (value in possible.numbers(printed) or value.lstrip("-") in printed) else None


def _clock(mark: WrittenMark, rng: Random) -> Printed | None:
    found = _CLOCK.fullmatch(mark.printed)
    if not found or re.search("[apAP]", found[4]):
        return None
    hour, minute = rng.randint(6, 22), rng.randint(0, 59)
    printed = f"{hour:0{len(found[1])}}{found[2]}{minute:02}{found[4]}"
    return printed, f"{hour:02}:{minute:02}{mark.value[5:]}"


def _rewritten(written: Written, types: dict[str, str], fresh: dict[Key, Printed], runs: dict[str, str]) -> Written:
    """`runs`: what stands now for numbers that no mark holds."""
    text, marks, last = "", [], 0
    owed = 0  # characters by which the last value grew, to be taken from the gap behind it
    for start, stop, mark, new in sorted(_changes(written, types, fresh, runs), key=lambda change: change[:2]):
        between, owed = _closed(written.text[last:start], owed)
        text += between
        if mark:
            marks.append(replace(mark, printed=new[0], value=new[1], start=len(text)))
        text += new[0]
        owed += len(new[0]) - (stop - start)
        last = stop
    between, _ = _closed(written.text[last:], owed)
    return replace(written, text=text + between, marks=tuple(marks))


def _changes(
    written: Written, types: dict[str, str], fresh: dict[Key, Printed], runs: dict[str, str]
) -> Iterator[tuple[int, int, WrittenMark | None, Printed]]:
    """(from where, to where, the mark or None where there is none, what stands there now)."""
    held: list[tuple[int, int]] = []
    for mark in written.marks:
        held.append((mark.start, mark.start + len(mark.printed)))
        yield *held[-1], mark, fresh[types[mark.path], mark.printed, mark.value]
    for old, new in sorted(_copies(fresh).items(), key=lambda copy: -len(copy[0])):
        for start in _found(written.text, old):
            stop = start + len(old)
            if all(end <= start or stop <= begin for begin, end in held):
                held.append((start, stop))
                yield start, stop, None, (new, "")
    for found in _LONG_RUN.finditer(written.text):
        if found.group() in runs and all(found.end() <= begin or end <= found.start() for begin, end in held):
            yield *found.span(), None, (runs[found.group()], "")


def _found(text: str, printed: str) -> Iterator[int]:
    """Where it stands as whole words, and not within an address of the net."""
    at = text.find(printed)
    while at >= 0:
        if not _TIED_BEFORE.search(text[max(0, at - 2) : at]) and not _TIED_BEHIND.match(text, at + len(printed)):
            yield at
        at = text.find(printed, at + 1)


def _copies(fresh: dict[Key, Printed]) -> dict[str, str]:
    """What stands now wherever else a marked text is printed, whole or in capitals."""
    copies: dict[str, set[str]] = defaultdict(set)
    for (_, old, _), (new, _) in fresh.items():
        digits = sum(char.isdecimal() for char in old)
        if len(old) >= _COPY and (any(char.isalpha() for char in old) or digits >= _COPY_DIGITS):
            copies[old].add(new)
            if old.upper() != old:
                copies[old.upper()].add(new.upper())
    return {old: next(iter(new)) for old, new in copies.items() if len(new) == 1 and old not in new}


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
