"""Boxes and arrows as an SVG: text, drawn by no library. Positions are in pixels, given by whoever draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_LINE, _PAD = 17, 10
_INK, _EDGE, _QUIET = "#1b1f24", "#57606a", "#57606a"
FILLS = {"plain": "#f6f8fa", "store": "#fff1d6", "engine": "#dcefe3", "end": "#dbe9f9"}


@dataclass(frozen=True)
class Rectangle:
    """A title in bold and lines under it. `kind` is a key of FILLS."""

    left: int
    top: int
    wide: int
    title: str
    lines: Sequence[str] = ()
    kind: str = "plain"

    @property
    def high(self) -> int:
        return 2 * _PAD + _LINE * (1 + len(self.lines)) - 4

    def at(self, side: str) -> tuple[int, int]:
        """The middle of a side: left, right, top, bottom."""
        across = {"left": self.left, "right": self.left + self.wide}.get(side, self.left + self.wide // 2)
        down = {"top": self.top, "bottom": self.top + self.high}.get(side, self.top + self.high // 2)
        return across, down


@dataclass(frozen=True)
class Arrow:
    """Through points, the head at the last; `label` stands beside `label_at`."""

    points: Sequence[tuple[int, int]]
    label: str = ""
    label_at: tuple[int, int] = (0, 0)
    dashed: bool = False


def svg(wide: int, high: int, title: str, boxes: Sequence[Rectangle], arrows: Sequence[Arrow]) -> str:
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" '
        f'role="img" aria-label="{escape(title)}" font-family="sans-serif" font-size="13" fill="{_INK}">',
        '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
        f'orient="auto-start-reverse"><path d="M0 0 10 5 0 10z" fill="{_EDGE}"/></marker></defs>',
        '<rect width="100%" height="100%" fill="white"/>',
        *(line for arrow in arrows for line in _arrow(arrow)),
        *(line for box in boxes for line in _box(box)),
    ]
    return "\n".join([*parts, "</svg>\n"])


def _box(box: Rectangle) -> list[str]:
    styles = ['font-weight="bold"', *[f'fill="{_QUIET}"'] * len(box.lines)]
    texts = [
        f'<text x="{box.left + _PAD}" y="{box.top + _PAD + 12 + _LINE * at}" {style}>{escape(text)}</text>'
        for at, (text, style) in enumerate(zip([box.title, *box.lines], styles, strict=True))
    ]
    return [
        f'<rect x="{box.left}" y="{box.top}" width="{box.wide}" height="{box.high}" rx="6" fill="{FILLS[box.kind]}" '
        f'stroke="{_EDGE}"/>',
        *texts,
    ]


def _arrow(arrow: Arrow) -> list[str]:
    points = " ".join(f"{x},{y}" for x, y in arrow.points)
    dash = ' stroke-dasharray="5 4"' if arrow.dashed else ""
    drawn = [f'<polyline points="{points}" fill="none" stroke="{_EDGE}"{dash} marker-end="url(#head)"/>']
    if arrow.label:
        x, y = arrow.label_at
        drawn.append(f'<text x="{x}" y="{y}" font-size="12" fill="{_QUIET}">{escape(arrow.label)}</text>')
    return drawn
