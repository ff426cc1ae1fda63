"""The boxes of a text and whether they are ticked: `☑`, `[x]`, `( )`, `[yes]`, `__`, a cross at the start of a line.
One sign means different things in different forms, so what else the document has decides: beside `☑` a `☒` says no,
beside `☐` it says yes; where both are, nobody can tell, and it says neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

MOST = 5_000  # of a document

_TICKS, _CHECKED = "✓✔🗸", "☑✅🗹▣◉⦿"
_OPEN = "☐▢⬜◻◽❏❑□🔲"
_BOXED_CROSSES, _CROSSES = "☒🗷🗵⊠❎", "✗✘✕✖❌"
_SOLID, _RING, _DISC = "■◼◾⬛", "○◯⚪", "●⚫"  # bullets too, unless a form has the empty and the full one
_SIGN = re.compile(f"[{_TICKS}{_CHECKED}{_OPEN}{_BOXED_CROSSES}{_CROSSES}{_SOLID}{_RING}{_DISC}]\\ufe0f?")
_WITHIN = f"[xX{_TICKS}{_CROSSES}vV•●*+oO-]"
_BRACKETED = re.compile(
    rf"(?<![\w\])])(?:\[[ \u00a0]{{0,3}}({_WITHIN}|_{{1,3}})?[ \u00a0]{{0,3}}\](?![(\[])"
    rf"|\([ \u00a0]{{0,3}}({_WITHIN}|_{{1,3}})?[ \u00a0]{{0,3}}\)(?![\w(\[]))"
)
_WORDED = re.compile(
    r"(?<![\w\])])(?:\[(?:(yes|y|ja|oui|s[iìí]|sim|true)|(?:no|n|nein|non|nee|não|false))\]"
    r"|\((?:(yes|ja|oui|s[iìí]|sim|true)|(?:no|nein|non|nee|não|false))\))(?![\w(\[])",
    re.IGNORECASE,
)
_SURE = frozenset("xX" + _TICKS)
_LINED = re.compile(rf"(?<!\w)(?:_+[xX{_TICKS}]_*|_*[xX{_TICKS}]_+)(?!\w)")
_LINES = re.compile(r"(?:^|(?<=[ \t|]))_{1,6}(?=[ \t]?[^\W_])", re.MULTILINE)
_LEADING = re.compile(r"^[ \t]*([xX])(?=[ \t|]+[^\W\d_]{2})", re.MULTILINE)
_IN_CELL = re.compile(r"(?:\t|\||[^\s|x] {2,})[ \t]*([xX])(?=[ \t]*(?:\||\t|$| {2}))", re.MULTILINE)
_LETTERED = re.compile(r"\((?:ix|xi|w|y)\)")  # then `(x)` is one of a list of points


class Checkbox(NamedTuple):
    """`text[start:stop]`; `ticked` is None where it cannot be told."""

    start: int
    stop: int
    ticked: bool | None


def checkboxes(text: str) -> list[Checkbox]:
    """In the order of `text`, none within another."""
    worded = (Checkbox(*found.span(), bool(found[1] or found[2])) for found in _WORDED.finditer(text))
    found = sorted(
        {*_signs(text), *_brackets(text), *worded, *_letters(text)}, key=lambda mark: (mark.start, -mark.stop)
    )
    apart: list[Checkbox] = []
    for mark in found[:MOST]:
        if not apart or mark.start >= apart[-1].stop:
            apart.append(mark)
    return apart


def _signs(text: str) -> Iterator[Checkbox]:
    signs_there = {found.group()[0] for found in _SIGN.finditer(text)}
    if not signs_there:
        return
    has = {name: bool(signs_there & set(signs)) for name, signs in _KINDS.items()}
    open_ = has["open"] or has["ring"] or re.search(r"\[[ _]?\]|\( \)", text) is not None
    says: dict[str, bool | None] = {**dict.fromkeys(_TICKS + _CHECKED, True), **dict.fromkeys(_OPEN, False)}
    good = has["tick"] or has["checked"]
    boxed = None if has["checked"] and open_ else not has["checked"]
    says |= dict.fromkeys(_BOXED_CROSSES, boxed)
    says |= dict.fromkeys(_CROSSES, None if open_ and not good else False)
    if has["solid"] and has["open"]:
        says |= dict.fromkeys(_SOLID, True)
    if has["ring"] and (has["disc"] or "◉" in signs_there or "⦿" in signs_there):
        says |= dict.fromkeys(_RING, False) | dict.fromkeys(_DISC, True)
    for found in _SIGN.finditer(text):
        if found.group()[0] in says:
            yield Checkbox(*found.span(), says[found.group()[0]])


_KINDS = {
    "tick": _TICKS, "checked": _CHECKED, "open": _OPEN, "solid": _SOLID, "ring": _RING, "disc": _DISC,
}  # fmt: skip


def _brackets(text: str) -> Iterator[Checkbox]:
    found = [(one.span(), one[1] or one[2] or "", one.group()[0]) for one in _BRACKETED.finditer(text)]
    plus = any(within == "+" for _, within, _ in found)
    for kind in "[(":
        mine = [(span, within.strip("_")) for span, within, bracket in found if bracket == kind]
        empty = any(not within for _, within in mine)
        if kind == "(" and not empty and _LETTERED.search(text):
            continue
        for span, within in mine:
            if not within:
                yield Checkbox(*span, False)
            elif within in _SURE:
                yield Checkbox(*span, True)
            elif within in _CROSSES or within == "-":
                yield Checkbox(*span, False if plus or any(one in _TICKS for _, one in mine if one) else None)
            elif empty:  # `[v]`, `(o)`, `[*]`: only where others are empty
                yield Checkbox(*span, True)


def _letters(text: str) -> Iterator[Checkbox]:
    lined = [Checkbox(*found.span(), True) for found in _LINED.finditer(text)]
    yield from lined
    if lined:
        yield from (Checkbox(*found.span(), False) for found in _LINES.finditer(text))
    for pattern in (_LEADING, _IN_CELL):
        yield from (Checkbox(*found.span(1), True) for found in pattern.finditer(text))
