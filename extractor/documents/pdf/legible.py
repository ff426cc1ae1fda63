"""Whether the text of a page of a PDF says what people see on it, or the page is better looked at."""

from __future__ import annotations

import re
from collections.abc import Sequence

from extractor.documents.pdf.frame import UNMAPPED, Contents
from extractor.documents.placement import Word

_FEW = 8  # characters: a page with fewer says nothing by itself
_PICTURED = 0.02  # share of the page that pictures cover
_DRAWN = 40  # shapes: letters may be drawn too
_UNMAPPED = 0.1  # share of characters without a meaning
_SPOILED, _SPOILED_SHARE = 2, 0.01  # words that lack some of their letters
_SCANNED = 0.6  # share of the page that a scan covers at least
_MARGIN = 0.08  # of the page's height
_NOTES = 15  # words between the margins, at most, of a scan whose own words are in its picture
_ODD_SHARE = 0.04  # of the words of a scan that were badly recognised by whoever made the file
_ODD = re.compile(r"[^\W\d_][^\w\s'’.,/&@:·()\u00ad\u2013\u2014-]+[^\W\d_]|[«»^~|<>{}\\]")


def says_little(words: Sequence[Word], contents: Contents) -> bool:
    """A page that is a picture, or whose letters have no meaning in the file, or a scan under bad text, or under little
    more than what programs print on scans: a number at the foot, whose envelope it came in, who signed it."""
    text = "".join(word.text for word in words)
    shown = len(text) - text.count(UNMAPPED)
    if len(text) > _FEW and len(text) - shown > _UNMAPPED * len(text):
        return True
    if shown < _FEW:
        return contents.pictured > _PICTURED or contents.paths > _DRAWN or shown < len(text)
    spoiled = sum(UNMAPPED in word.text and word.text.strip(UNMAPPED)[:1].isalpha() for word in words)
    if spoiled >= max(_SPOILED, _SPOILED_SHARE * len(words)):
        return True
    if contents.pictured > _SCANNED and sum(_is_in_the_middle(word) for word in words) <= _NOTES:
        return True
    odd = sum(_ODD.search(word.text) is not None for word in words)
    return contents.pictured > _SCANNED and odd > _ODD_SHARE * len(words)


def _is_in_the_middle(word: Word) -> bool:
    _, top, _, bottom = word.glyphs[0].box
    return _MARGIN < (top + bottom) / 2 < 1 - _MARGIN


def meaningful(words: Sequence[Word]) -> list[Word]:
    """Without symbols that have no meaning and stand by themselves: bullets and the like."""
    return [word for word in words if word.text.strip(UNMAPPED)]
