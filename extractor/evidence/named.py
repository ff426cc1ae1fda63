"""Which printed label names a value of an answer: the one it stands at; of a null, one that no other value of the
answer stands at, and what is printed there instead.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from extractor.evidence.counted import CountedThings
from extractor.evidence.described import FieldDescriptions
from extractor.evidence.occurrence import Occurrence
from extractor.evidence.printed_labels import PrintedLabel, PrintedLabels
from extractor.evidence.scalars import Scalar
from extractor.evidence.spans import Span, overlap


class NamingLabels:
    """`found` and where each of it stands: one answer to the document that `labels` and `counted` are of."""

    def __init__(
        self,
        labels: PrintedLabels,
        counted: CountedThings,
        descriptions: FieldDescriptions,
        found: Sequence[Scalar],
        places: Sequence[Occurrence],
    ) -> None:
        self._labels, self._counted, self._descriptions = labels, counted, descriptions
        self._found, self._places = found, places
        # where values outside of lists stand
        self._outside = [
            (fragment.start, fragment.stop)
            for one, where in zip(found, places, strict=True)
            if not any(isinstance(part, int) for part in one.path)
            for fragment in where
        ]
        # where all stand, with the path of the object that each is in
        self._spans = sorted(
            (fragment.start, fragment.stop, one.path[:-1])
            for one, where in zip(found, places, strict=True)
            for fragment in where
        )

    def labels(self) -> list[PrintedLabel | None]:
        """Of each. `behind` only of a null. None where no such label is printed, of a value that stands elsewhere, and
        of what is in a list."""
        return [self._label(one, where) for one, where in zip(self._found, self._places, strict=True)]

    def _label(self, one: Scalar, where: Occurrence) -> PrintedLabel | None:
        key = one.path[-1] if one.path else ""
        if not isinstance(key, str) or any(isinstance(part, int) for part in one.path):
            return None
        if one.value is None:
            label = self._of_null(one, self._printed(one))
            return label if label is not None and label.behind else self._counted_by(one) or label
        if not where:
            return None
        at = (where[0].start, where[-1].stop)
        labels = (each.label for each in self._printed(one) if each.behind and overlap(each.behind, at))
        return next((PrintedLabel(label, None, None) for label in labels), None)

    def elsewhere(self) -> dict[str, PrintedLabel]:
        """By pointer, of values that do not stand at a label of their own: one that is printed elsewhere, and what
        stands there, which no other value is."""
        found = {}
        for one, where in zip(self._found, self._places, strict=True):
            if not where or isinstance(one.value, bool) or any(isinstance(part, int) for part in one.path):
                continue
            at, printed = (where[0].start, where[-1].stop), self._printed(one)
            if any(each.behind and overlap(each.behind, at) for each in printed):
                continue
            label = self._of_null(one, printed)
            if label is not None and label.behind is not None:
                found[one.pointer] = label
        return found

    def _printed(self, one: Scalar) -> list[PrintedLabel]:
        """Those that its key names, or what is said of it in the schema."""
        key = one.path[-1]
        own = self._labels.of(key) if isinstance(key, str) else []
        return own or [each for words in self._descriptions.named(one.path) for each in self._labels.of_words(words)]

    def _of_null(self, one: Scalar, printed: list[PrintedLabel]) -> PrintedLabel | None:
        unused = [
            each
            for each in printed
            if not self._is_said(each.label) and not self._is_said(each.behind) and self._is_of(one, each.label)
        ]
        return next((each for each in unused if each.behind), unused[0] if unused else None)

    def _counted_by(self, one: Scalar) -> PrintedLabel | None:
        found = self._counted.of(one.path)
        return next(
            (each for each in found if not self._is_said(each.label) and not self._is_counted(each.behind)), None
        )

    def _is_counted(self, number: Span | None) -> bool:
        """Whether another value stands there. Not one of a row of a list: the number says how many there are of what
        the word behind it names, and this field asks for that."""
        return number is not None and any(start < number[1] and stop > number[0] for start, stop in self._outside)

    def _is_said(self, span: Span | None) -> bool:
        """Whether another value stands there."""
        if span is None:
            return False
        at = bisect_left(self._spans, (span[1],))
        return any(stop > span[0] for _, stop, _ in self._spans[max(0, at - 2) : at])

    def _is_of(self, one: Scalar, label: Span) -> bool:
        """Of a value in an object of its own: whether what stands before the label is of that object too."""
        at = bisect_left(self._spans, (label[0],))
        return len(one.path) < 2 or (at > 0 and self._spans[at - 1][2][:1] == one.path[:1])
