"""Characters and rules of a page → its text, laid out as on the page.

glyphs.py    characters → words          columns.py   the order of columns of prose
lines.py     words → lines → segments    place.py     segments → text in columns
ruled.py     tables with lines           wrap.py      lines that were broken for want of room
bidi.py      lines that run to the left
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from extractor.documents.placement.bidi import in_reading_order, runs_leftward
from extractor.documents.placement.columns import in_order
from extractor.documents.placement.glyphs import Glyph, Word, is_ideographic, runs_of, word_of, words
from extractor.documents.placement.lines import parted_at_edges, rejoined, rows_of, segments_of
from extractor.documents.placement.place import PlacedText, joined_lines, placed
from extractor.documents.placement.ruled import RuledLines, ruled_rows

__all__ = [
    "Glyph",
    "PlacedText",
    "RuledLines",
    "Word",
    "is_ideographic",
    "joined_lines",
    "lay_out",
    "runs_of",
    "word_of",
    "words",
]


def lay_out(found: Sequence[Word], rules: RuledLines) -> Iterator[PlacedText]:
    """The text of a page, a line at a time."""
    rules = rules.merged()
    leftward = any(runs_leftward(word.text) for word in found)
    rows, loose = ruled_rows(found, rules, leftward)
    segments = [segment for row in rows for segment in row.segments]
    for line in rows_of(loose):
        top, bottom = min(word.top for word in line), max(word.bottom for word in line)
        segments += segments_of(line, rules.bars(top, bottom))
    segments = parted_at_edges(rejoined(segments))
    for segment in segments:
        if not segment.cell:
            segment.words = in_reading_order(segment.words, leftward)
    for region in in_order(segments, rules):
        yield from placed(region)
