"""Where a document names a field, and how far a value stands from that."""

from __future__ import annotations

import re

from extractor.evidence.locate import DocumentIndex
from extractor.evidence.occurrence import Fragment
from extractor.evidence.spans import Span
from extractor.evidence.word_index import plain
from extractor.notation.field_names import names
from extractor.notation.key_words import key_words

FAR = 120  # characters behind its label a value is labelled no longer
NEAR = 8  # characters farther away that are as near: the end of a label may be no part of its key
LONGEST = 64  # characters of a key that is looked for as a label

_SHORTEST = 3  # bytes of a label without marks: letters, or one sign of Chinese or Japanese
_WIDE = 600  # characters between them, with the spaces of a page's layout
_BEFORE = 20  # a value before its label counts as so many characters farther away
_SPACES = re.compile(" {2,}")
_BAR = re.compile(r"(?<!\\)\|")  # between the cells of a table, and around them in Markdown
_RULER = re.compile(r"\n[ ]*\|?(?:[ ]*:?-+:?[ ]*\|)+[^\w\n]*(?=\n)")  # of Markdown, below heads


def may_name(label: str) -> bool:
    """Whether it is long enough to name a field wherever it stands."""
    return len(plain(label).encode()) >= _SHORTEST


class Labels:
    """One document's."""

    def __init__(self, index: DocumentIndex) -> None:
        self._index = index
        self._found: dict[str, list[Span]] = {}
        self._same: dict[str, list[Span]] = {}

    def of(self, key: str) -> list[Span]:
        """All words of a key, else what documents call the same, else as many of its first or of its last words as
        occur."""
        if key not in self._found:
            words = key_words(key[:LONGEST])
            parts = (name for count in range(len(words), 0, -1) for name in (words[:count], words[-count:]))
            part = (self._spans_of(" ".join(name)) for name in parts if may_name("".join(name)))
            self._found[key] = self.same(key) or next((found for found in part if found), [])
        return self._found[key]

    def same(self, key: str) -> list[Span]:
        """All words of a key, else what documents call the same."""
        if key not in self._same:
            words = [plain(word) for word in key_words(key[:LONGEST])]
            found = (name for name in names(words) if may_name(name) and self._index.may_say(name))
            same = map(self._spans_of, found)
            self._same[key] = next((found for found in same if found), [])
        return self._same[key]

    def whole(self, key: str) -> list[Span]:
        """All words of a key, and nothing else."""
        name = " ".join(key_words(key[:LONGEST]))
        return self._spans_of(name) if may_name(name) else []

    def of_list(self, key: str) -> list[Span]:
        """As `of`; a list has its name in the plural, its values perhaps one each."""
        return self.of(key) or self.of(key.removesuffix("s"))

    def distance(self, labels: list[Span], fragment: Fragment) -> int:
        """From the nearest, in characters; within a line what keeps columns apart counts as one, and the next line is
        a bit farther. `FAR` at most."""
        return min((min(self._from(label, fragment.start, fragment.stop), FAR) for label in labels), default=FAR)

    def _from(self, label: Span, start: int, stop: int) -> int:
        if start < label[1]:
            return label[0] - stop + _BEFORE if stop <= label[0] else FAR
        between = self._index.text[label[1] : start] if start - label[1] < _WIDE else ""
        between = _RULER.sub("", between)
        lines = between.count("\n")
        if lines == 1 and (head := self._head(label, start, stop)) is not None:
            return NEAR if head else start - label[1] + 2 * NEAR
        return start - label[1] + NEAR * lines if lines or not between else len(_SPACES.sub(" ", between))

    def _head(self, label: Span, start: int, stop: int) -> bool | None:
        """Whether the label stands right above a value of the next line, or in the cell above it; None where nothing
        does."""
        text = self._index.text
        above, own = text.rfind("\n", 0, label[0]) + 1, text.rfind("\n", 0, start) + 1
        if _is_row(text, above, label[1]) and _is_row(text, own, stop):
            return len(_BAR.findall(text, above, label[0])) == len(_BAR.findall(text, own, start))
        first, last = start - own + above, min(stop - own + above, own - 1)
        if first < label[1] and label[0] < last:
            return True
        return False if text[first:last].strip() else None

    def _spans_of(self, name: str) -> list[Span]:
        return [(fragment.start, fragment.stop) for fragment in self._index.words(name)]


def _is_row(text: str, begin: int, at: int) -> bool:
    """Whether bars part the cells of the line that begins there and goes on at `at`."""
    return at - begin < _WIDE and _BAR.search(text[begin : at + _WIDE].split("\n", 1)[0]) is not None
