"""Where a document says yes or no to a label: by a box that is the label's, or in a word behind it. Yes and no are said
all over a text, so neither counts by itself."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from itertools import chain

from extractor.evidence.answer_columns import says
from extractor.evidence.checkbox_labels import CheckboxAnswer, CheckboxLabels
from extractor.evidence.described import DescribedLabels
from extractor.evidence.form_lines import NO, WORD, YES
from extractor.evidence.key_match import Match, match
from extractor.evidence.locate import DocumentIndex
from extractor.evidence.occurrence import Fragment, Occurrence
from extractor.evidence.printed_labels import PrintedLabel, PrintedLabels
from extractor.evidence.scalars import JsonPath
from extractor.evidence.spans import Span, overlap
from extractor.evidence.word_index import plain

_BESIDE = 12  # characters between a label and a yes or no
_LONG = 3  # letters of what may be a label
_ASKS = ":?=|\t\n"  # between them, where there are words too, and the yes or no is a word of sentences
_SENTENCES = ("on", "off", "no", "si")
_EITHER = r"(?:yes|y|ja|oui|s[iìí]|sim) ?[/|] ?(?:no|n|nein|non|não|nee)\b"
_CHOICE = re.compile(rf"\b(?:{_EITHER}|n/a\b)", re.IGNORECASE)
_OFFERED = re.compile(rf"\s*[(\[]?{_EITHER}[)\]]?", re.IGNORECASE)  # `Paid (yes/no): no`
_SENTENCE = 200  # characters before and behind a label that are looked at for one, and
_APART = 40  # between it and the yes or no
_CLOSE = 8  # between it and what is said right behind it
_SENTENCE_END = re.compile(r"[^\W\d_]{3}[.!?] +(?=[^\W\d_a-z])")
_ENDS = re.compile(r"[.!?;:](?=\s|$)|\n[ \t]*\n|[|\t]")


class YesNo:
    """One document's."""

    def __init__(self, index: DocumentIndex, printed: PrintedLabels) -> None:
        self._index, self._printed = index, printed
        self._described: dict[
            tuple[str, ...], list[tuple[CheckboxAnswer, list[str]]]
        ] = {}  # by what is said of a field

    @cached_property
    def _checkboxes(self) -> CheckboxLabels:
        return CheckboxLabels(self._index.text)

    @cached_property
    def _labelled(self) -> list[tuple[CheckboxAnswer, list[str]]]:
        """The boxes, with the words of their labels."""
        return [(one, self._words_of(one)) for one in self._checkboxes.answers]

    def find(self, value: bool, name: str, key: list[str], labels: list[Span], since: int) -> list[Occurrence]:
        """Where `value` is said of the field `name`, of which `key` are the words; `labels`: where the document prints
        that. What stands behind `since` comes first."""
        answers = self._by_checkboxes([plain(word) for word in key])
        if answers:
            return _those_that_say(value, answers)
        return self._beside_labels(value, labels, self._printed.of(name), since)

    def described(self, value: bool, path: JsonPath, labels: DescribedLabels, since: int) -> list[Occurrence]:
        """Where `value` is said of what the schema calls the field at `path`. Of two names only one may say anything:
        else it may be another field's."""
        texts = tuple(labels.descriptions.texts(path))
        if texts not in self._described:
            self._described[texts] = [
                (one, words) for one, words in self._labelled if labels.descriptions.names(path, words)
            ]
        boxes = [one for one, _ in self._described[texts]]
        names = {tuple(words) for _, words in self._described[texts]}
        found = {
            each.name: self._beside_labels(value, [one.label for one in each.printed], each.printed, since)
            for each in labels.of(path)
        }
        names |= {tuple(name.split()) for name, occurrences in found.items() if occurrences}
        if len(names) > 1:
            return []
        return [*_those_that_say(value, boxes), *chain.from_iterable(found.values())]

    def in_sentences(self, value: bool, labels: list[Span]) -> list[Occurrence]:
        """Where a sentence that has one of the labels says `value` near it: `Under Gift wrap you will find yes.` It may
        say one yes or no only."""
        found: list[Occurrence] = []
        for start, stop in labels:
            first, last = self._sentence(start, stop)
            answers = [one.span() for one in WORD.finditer(self._index.text, first, last) if _is_answer(one.group())]
            offered = [one.span() for one in _CHOICE.finditer(self._index.text, first, last)]
            answers = [one for one in answers if not self._checkboxes.covers(one[0])]
            answers = [one for one in answers if not any(overlap(one, other) for other in offered)]
            answers += [one for one in self._checkboxes.within(stop, last + 1) if self._ends_sentence(stop, one)]
            beside = [one for one in answers if stop < one[0] <= stop + _CLOSE and not self._has_words(stop, one[0])]
            if len(answers := beside or answers) == 1 and says(self._index.text[slice(*answers[0])]) is value:
                first, last = answers[0]
                if 0 < first - stop <= _APART or (last <= start <= last + _APART and self._has_words(last, start)):
                    found.append((Fragment(first, last, 2),))
        return found

    def _beside_labels(
        self, value: bool, labels: list[Span], printed: list[PrintedLabel], since: int
    ) -> list[Occurrence]:
        """In a word behind one of the `labels`; else in the cell that is of one of `printed`."""
        found = self._index.find(value, since)
        beside = [one for one in found if any(self._answers(stop, one[0]) for _, stop in labels)]
        if beside:
            return beside
        cells = [one.there for one in printed if one.there]
        cells = [cell for cell in cells if says(self._index.text[slice(*cell)]) is value]
        return [(Fragment(*cell, 2),) for cell in cells]

    def _sentence(self, start: int, stop: int) -> Span:
        """The one that a label stands in, as far as it is looked at."""
        first, last = max(0, start - _SENTENCE), min(len(self._index.text), stop + _SENTENCE)
        before = [end.end() for end in _ENDS.finditer(self._index.text, first, start)]
        after = _ENDS.search(self._index.text, stop, last)
        return before[-1] if before else first, after.start() if after else last

    def _ends_sentence(self, label: int, box: Span) -> bool:
        """Whether a box behind a label that ends at `label` is the last word of a sentence: `The wrap is [x].`"""
        return self._index.text[box[1] : box[1] + 1] == "." and self._has_words(label, box[0])

    def _has_words(self, start: int, stop: int) -> bool:
        return any(map(str.isalnum, self._index.text[start:stop]))

    def _words_of(self, answer: CheckboxAnswer) -> list[str]:
        """Of the label of a box; of several sentences before it only the last."""
        start, stop = answer.label
        if stop <= answer.start and (ends := list(_SENTENCE_END.finditer(self._index.text, start, stop))):
            start = ends[-1].end()
        return [plain(word) for word in WORD.findall(self._index.text, start, stop)]

    def beside(self, value: bool, labels: list[Span]) -> list[Occurrence]:
        """Where `value` is said of what stands at `labels`, words in the same line."""
        answers = [one for one in self._checkboxes.answers if any(overlap(one.label, label) for label in labels)]
        if answers:
            return _those_that_say(value, answers)
        found = self._index.find(value, min((start for start, _ in labels), default=0))
        return [one for one in found if any(self._answers_in_line(stop, one[0]) for _, stop in labels)]

    def _answers_in_line(self, label: int, fragment: Fragment) -> bool:
        return "\n" not in self._index.text[label : fragment.start] and self._answers(label, fragment)

    def _by_checkboxes(self, key: list[str]) -> list[CheckboxAnswer]:
        """Of the boxes whose labels name it best."""
        named: defaultdict[Match, list[CheckboxAnswer]] = defaultdict(list)
        for answer, words in self._labelled:
            if (how := match(key, words)) is not None:
                named[how].append(answer)
        return named[min(named)] if named else []

    def _answers(self, label: int, fragment: Fragment) -> bool:
        """Whether a yes or no answers a label that ends at `label`: not the `on` of `paid by card on`, not what stands
        behind another label, not the two to choose from."""
        text, printed = self._index.text, self._index.text[fragment.start : fragment.stop].lower()
        if offered := _OFFERED.match(text, label):
            label = offered.end()
        if not 0 <= fragment.start - label <= _BESIDE or self._checkboxes.covers(fragment.start):
            return False
        if any(one.end() > fragment.start for one in _CHOICE.finditer(text, label, fragment.stop + _BESIDE)):
            return False
        between = text[label : fragment.start]
        if any(word.lower() in YES | NO for word in WORD.findall(between)) or self._is_of_its_line(between, fragment):
            return False
        return printed not in _SENTENCES or any(mark in between for mark in _ASKS) or not any(map(str.isalpha, between))

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


def _those_that_say(value: bool, answers: list[CheckboxAnswer]) -> list[Occurrence]:
    return [(Fragment(one.start, one.stop, 0),) for one in answers if one.says is value]


def _is_answer(word: str) -> bool:
    """Whether a word of a sentence is a yes or a no: a letter only when it is a capital."""
    low = word.lower()
    return low in YES | NO and low != "si" and (len(word) > 1 or (word.isupper() and low in "yn"))
