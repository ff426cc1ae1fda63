"""A page of a PDF as it is shown, and what is found on it. Coordinates of the file run upwards, before the page is
turned; those of the page as it is shown run downwards from its left top corner."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from extractor.documents.pdf.visible import Cover
from extractor.documents.placement import Glyph, RuledLines

UNMAPPED = "\ufffd"  # a character whose meaning the file does not tell


@dataclass(frozen=True)
class Frame:
    """The page as it is shown: its visible box in the file's coordinates, and by how many quarters it is turned."""

    left: float
    bottom: float
    right: float
    top: float
    turns: int

    @cached_property
    def width(self) -> float:
        return self.top - self.bottom if self.turns % 2 else self.right - self.left

    @cached_property
    def height(self) -> float:
        return self.right - self.left if self.turns % 2 else self.top - self.bottom

    def shown(self, x: float, y: float) -> tuple[float, float]:
        """A point of the file, from the left top corner of the page as it is shown, y downwards."""
        if self.turns == 0:
            return x - self.left, self.top - y
        if self.turns == 1:
            return y - self.bottom, x - self.left
        if self.turns == 2:
            return self.right - x, y - self.bottom
        return self.top - y, self.right - x


@dataclass
class Contents:
    """`glyphs` by the way they run, in degrees clockwise from upright, rounded where it is askew; in the
    coordinates of a page turned so that they run to the right; characters whose meaning the file does not tell are
    UNMAPPED. `pictured`: the share of the page that pictures cover. `paths`: how many drawn shapes there are.
    `faint`: whether there is text that nobody sees on white paper; `backgrounds`: what such text may stand on, in
    points of the page as it is shown. `covers`: boxes that were painted over some of the text objects `texts`.
    `off`: addresses of text objects on layers that are switched off.
    `images`: pictures, each an ImageOnPage of images.py. `inkless`: where text for search is, as in a scan.
    `hidden`: how many characters were left out because nobody sees them. `ideographic`: whether there may be
    Chinese or Japanese."""

    frame: Frame
    glyphs: dict[int, list[Glyph]] = field(default_factory=dict)
    rules: RuledLines = field(default_factory=RuledLines)
    pictured: float = 0.0
    paths: int = 0
    faint: bool = False
    backgrounds: list[tuple[float, float, float, float]] = field(default_factory=list)
    covers: list[Cover] = field(default_factory=list)
    texts: list[Any] = field(default_factory=list)
    off: frozenset[int] = frozenset()
    images: list[Any] = field(default_factory=list)
    inkless: list[tuple[float, float, float, float]] = field(default_factory=list)
    hidden: int = 0
    ideographic: bool = False


def fractions(box: tuple[float, float, float, float], frame: Frame) -> tuple[float, float, float, float]:
    """A box in points of the shown page as fractions of it."""
    left, top, right, bottom = box
    width, height = frame.width, frame.height
    if left >= 0.0 and top >= 0.0 and right <= width and bottom <= height:
        return left / width, top / height, right / width, bottom / height
    return (
        min(max(left / width, 0.0), 1.0),
        min(max(top / height, 0.0), 1.0),
        min(max(right / width, 0.0), 1.0),
        min(max(bottom / height, 0.0), 1.0),
    )


def turned(box: tuple[float, float, float, float], turns: int, frame: Frame) -> tuple[float, float, float, float]:
    """A box of the shown page on a page turned back by `turns` quarters, so that text there runs to the right."""
    left, top, right, bottom = box
    if turns == 1:  # it runs downwards
        return top, frame.width - right, bottom, frame.width - left
    if turns == 2:
        return frame.width - right, frame.height - bottom, frame.width - left, frame.height - top
    if turns == 3:  # it runs upwards
        return frame.height - bottom, left, frame.height - top, right
    return box
