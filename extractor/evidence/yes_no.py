"""Where a document says yes or no to a label: by a box that is the label's, or in a word behind it. Yes and no are said
all over a text, so neither counts by itself."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property

from extractor.evidence.answer_columns import says
from extractor.evidence.checkbox_labels import CheckboxAnswer, CheckboxLabels
from extractor.evidence.form_lines import NO, WORD, YES
from extractor.evidence.key_match import Match, match
from extractor.evidence.locate import DocumentIndex
from extractor.evidence.occurrence import Fragment, Occurrence
from extractor.evidence.printed_labels import PrintedLabels
from extractor.evidence.spans import Span, overlap
from extractor.evidence.word_index import plain

_BESIDE = 12  # characters between a label and a yes or no
_LONG = 3  # letters of what may be a label
_ASKS = ":?=|\t\n"  # between them, where there are words too, and the yes or no is a word of sentences
_SENTENCES = ("on", "off", "no", "si")
_EITHER = r"(?:yes|y|ja|oui|s[iìí]|sim) ?[/|] ?(?:no|n|nein|non|não|nee)\b"
_CHOICE = re.compile(rf"\b(?:{_EITHER}|n/a\b)", re.IGNORECASE)
_OFFERED = re.compile(rf"\s*[(\[]?{_EITHER}[)\]]?", re.IGNORECASE)  # `Paid (yes/no): no`


class YesNo:
    """One document's."""

    def __init__(self, index: DocumentIndex, printed: PrintedLabels) -> None:
        self._index, self._printed = index, printed

    @cached_property
    def _checkboxes(self) -> CheckboxLabels:
        return CheckboxLabels(self._index.text)

    def find(self, value: bool, name: str, key: list[str], labels: list[Span], since: int) -> list[Occurrence]:
        """Where `value` of the field `name` is said, of which `key` are the words; `labels`: where the document prints
        that. What stands behind `since` comes first."""
        answers = self._by_checkboxes([plain(word) for word in key])
        if answers:
            return [(Fragment(one.start, one.stop, 0),) for one in answers if one.says is value]
        found = self._index.find(value, since)
        said = [one for one in found if any(self._answers(stop, one[0]) for _, stop in labels)]
        if said:
            return said
        cells = [one.there for one in self._printed.of(name) if one.there]
        cells = [cell for cell in cells if says(self._index.text[slice(*cell)]) is value]
        return [(Fragment(*cell, 2),) for cell in cells]

    def beside(self, value: bool, labels: list[Span]) -> list[Occurrence]:
        """Where `value` is said of what stands at `labels`, words in the same line."""
        answers = [one for one in self._checkboxes.answers if any(overlap(one.label, label) for label in labels)]
        if answers:
            return [(Fragment(one.start, one.stop, 0),) for one in answers if one.says is value]
        found = self._index.find(value, min((start for start, _ in labels), default=0))
        return [one for one in found if any(self._answers_in_line(stop, one[0]) for _, stop in labels)]

    def _answers_in_line(self, label: int, fragment: Fragment) -> bool:
        return "\n" not in self._index.text[label : fragment.start] and self._answers(label, fragment)

    def _by_checkboxes(self, key: list[str]) -> list[CheckboxAnswer]:
        """Of the boxes whose labels name it best."""
        named: defaultdict[Match, list[CheckboxAnswer]] = defaultdict(list)
        for answer in self._checkboxes.answers:
            label = map(plain, WORD.findall(self._index.text[slice(*answer.label)]))
            if (how := match(key, label)) is not None:
                named[how].append(answer)
        return named[min(named)] if named else []

    def _answers(self, label: int, fragment: Fragment) -> bool:
        """Whether a yes or no answers a label that ends at `label`: not the `on` of `paid by card on`, not what stands
        behind another label, not the two to choose from."""
        text, said = self._index.text, self._index.text[fragment.start : fragment.stop].lower()
        if offered := _OFFERED.match(text, label):
            label = offered.end()
        if not 0 <= fragment.start - label <= _BESIDE or self._checkboxes.covers(fragment.start):
            return False
        if any(one.end() > fragment.start for one in _CHOICE.finditer(text, label, fragment.stop + _BESIDE)):
            return False
        between = text[label : fragment.start]
        if any(word.lower() in YES | NO for word in WORD.findall(between)) or self._is_of_its_line(between, fragment):
            return False
        return said not in _SENTENCES or any(mark in between for mark in _ASKS) or not any(map(str.isalpha, between))

    def _is_of_its_line(self, between: str, fragment: Fragment) -> bool:
        """Whether it belongs to something else of its line, when that is below the label's."""
        _, broken, before = between.rpartition("\n")
        if any(len(word) >= _LONG for word in WORD.findall(before)):  # longer than the `A.` of an answer
            return bool(broken)
        behind = (
            self._index.text[fragment.stop :].split("\n", 1)[0]
            if broken and fragment.stop - fragment.start == 1
            else ""
        )
        return any(map(str.isalnum, behind))
