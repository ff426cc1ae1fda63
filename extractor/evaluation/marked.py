"""A document's text as HTML with marks where values stand. The text may hold anything: nothing of it becomes markup,
and characters that change how others are shown are shown themselves."""

from __future__ import annotations

import html
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

MOST_CHARACTERS = 60_000  # of a text that is shown in full; of a longer one what stands around its marks
_AROUND = 600
_SIGN = "�"
_UNSEEN = [(0, 8), (0x0B, 0x1F), (0x7F, 0x9F), (0x061C, 0x061C), (0x200B, 0x200B), (0x200E, 0x200F), (0x2028, 0x202E),
           (0x2060, 0x206F), (0xD800, 0xDFFF), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0x180E, 0x180E),
           (0xE0000, 0xE007F)]  # fmt: skip
_SHOWN = {one: _SIGN for first, last in _UNSEEN for one in range(first, last + 1)}
_RANK = ("exact", "normalised", "null_right", "missing", "invented", "wrong")  # of two that overlap the later is shown


@dataclass(frozen=True)
class Marked:
    """A stretch of the text: `anchor` to point at, `kind` what became of the value, `title` what is said of it."""

    start: int
    stop: int
    anchor: str
    kind: str
    title: str


def escape(text: object) -> str:
    """For text between tags and for attributes in double quotes."""
    return html.escape(str(text).translate(_SHOWN), quote=True)


def marked_text(text: str, marks: Sequence[Marked], pages: Sequence[tuple[int, str]]) -> str:
    """`pages`: where each begins, and what it is called; none of a document without."""
    marks = [mark for mark in marks if 0 <= mark.start < mark.stop <= len(text)]
    shown = list(_shown(len(text), marks))
    parts: list[str] = []
    for at, (start, stop) in enumerate(shown):
        gap = start - (shown[at - 1][1] if at else 0)
        if gap:
            parts.append(f'<bdi class="page">… {gap:,} characters …</bdi>')
        parts += _stretch(text, start, stop, marks, pages)
    if shown and shown[-1][1] < len(text):
        parts.append(f'<bdi class="page">… {len(text) - shown[-1][1]:,} characters …</bdi>')
    return "".join(parts)


def _shown(length: int, marks: Sequence[Marked]) -> Iterator[tuple[int, int]]:
    if length <= MOST_CHARACTERS:
        yield 0, length
        return
    near = [(0, _AROUND), *sorted((max(0, one.start - _AROUND), min(length, one.stop + _AROUND)) for one in marks)]
    start, stop = near[0]
    for begin, end in near[1:]:
        if begin > stop:
            yield start, stop
            start = begin
        stop = max(stop, end)
    yield start, stop


def _stretch(
    text: str, start: int, stop: int, marks: Sequence[Marked], pages: Sequence[tuple[int, str]]
) -> Iterator[str]:
    """Cut wherever a mark or a page begins or ends, so that marks may overlap."""
    inside = sorted((one for one in marks if one.start < stop and start < one.stop), key=lambda one: one.start)
    names = {begin: name for begin, name in pages if start <= begin < stop}
    edges = {start, stop, *names, *(max(start, one.start) for one in inside), *(min(stop, one.stop) for one in inside)}
    cuts = sorted(edges)
    begins = [one.start for one in inside]
    longest = max((one.stop - one.start for one in inside), default=0)
    for begin, end in pairwise(cuts):
        if begin in names:
            yield f'<bdi class="page">{escape(names[begin])}</bdi>'
        first = bisect_right(begins, begin - longest - 1)
        here = [one for one in inside[first : bisect_right(begins, begin)] if one.stop > begin]
        yield _mark(escape(text[begin:end]), [one for one in here if one.start == begin], here)


def _mark(written: str, beginning: list[Marked], here: list[Marked]) -> str:
    if not here:
        return written
    anchors = "".join(f'<a id="{escape(one.anchor)}"></a>' for one in beginning)
    title = escape("; ".join(dict.fromkeys(one.title for one in here)))
    kind = max((one.kind for one in here), key=_RANK.index)
    return f'<mark class="{kind}" title="{title}">{anchors}{written}</mark>'
