"""What all windows of a document say together, and what a person is told of those that were not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from extractor.documents import Document
from extractor.engine.limits.limits import Why
from extractor.result import Mark, Other, WindowRead
from extractor.review.marks import duplicate_marks, ended_marks
from extractor.windows.outcome import WindowOutcome
from extractor.windows.tree import Flat, Node, ValueNode
from extractor.windows.window import Window

UNLIKELY = "unlikely"  # code of a window that was left out
_NAMED = 5  # properties of a part


@dataclass(frozen=True)
class WholeAnswer:
    """What all windows say together, as a `tree` and as an `answer`, and what became of each. `ended`: values that did
    not end by themselves; of one in a list, the list. `invented`: how many items were left out, by pointer of such a
    list. `schema_parts`: the pointers of the properties of each part of the schema, where there are several.
    `unlikely`: how many windows were left out. `again`: other values of keys that a window writes more than
    once, by pointer."""

    tree: Node
    answer: Flat
    windows: list[WindowRead]
    ended: list[tuple[str, Why]]
    invented: Counter[str]
    schema_parts: list[list[str]] = field(default_factory=list)
    unlikely: int = 0
    again: dict[str, list[Other]] = field(default_factory=dict)

    def marks(self) -> list[Mark]:
        """Values that did not end by themselves, windows that say different things, what they say more than the schema
        allows, and what was not read."""
        of_values = [*ended_marks(self.ended, self.invented), *duplicate_marks(self.again), *self._disagreements()]
        return [*of_values, *self._left_out(), *self._not_read(), *self._passed_over()]

    def _disagreements(self) -> Iterator[Mark]:
        for where, others in self.answer.disagreements.items():
            detail = f"another part of the document says otherwise ({len(others)} other value{'s'[: len(others) > 1]})"
            shown = [_other(leaf) for leaf in others]
            yield {"pointer": where, "code": "windows_disagree", "detail": detail, "severity": "low", "others": shown}

    def _left_out(self) -> Iterator[Mark]:
        for where, count in self.answer.left_out.items():
            detail = f"holds as many as the schema allows; {count:,} more that the document's windows gave left out"
            yield {"pointer": where, "code": "cut_off", "detail": detail, "severity": "high"}

    def _not_read(self) -> Iterator[Mark]:
        """Windows that were tried and not read, or not to their end; those that follow each other are one."""
        attempted = [one for one in self.windows if one["state"] != "skipped"]
        grouped = groupby(attempted, key=lambda one: (one.get("schema_part"), one["state"], one["code"]))
        for (part, state, code), some in grouped:
            if state in ("failed", "truncated"):
                what = self._what(part, list(some), [one for one in attempted if one.get("schema_part") == part])
                how = "were not read" if state == "failed" else "were not read to their end"
                yield {"pointer": "", "code": "not_read", "detail": f"{what} {how} ({code})", "severity": "high"}

    def _passed_over(self) -> Iterator[Mark]:
        """Windows that were too many."""
        if self.unlikely:
            detail = (
                f"{self.unlikely:,} windows were not read ({UNLIKELY}): all would be more than EXTRACTOR_MAX_WINDOWS, "
                "and others have more to do with what is asked for"
            )
            yield {"pointer": "", "code": "not_read", "detail": detail, "severity": "low"}

    def _what(self, part: int | None, some: list[WindowRead], of_part: list[WindowRead]) -> str:
        """Pages of the document, or properties of the schema where none of the pages was read for them."""
        if part is None:
            return _stretch(some)
        properties = named(self.schema_parts[part - 1])
        return properties if len(some) == len(of_part) else f"{_stretch(some)}, of which {properties} were asked for,"


def named(pointers: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(pointers) - _NAMED
    return ", ".join(pointers[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def windows_read(document: Document, outcomes: Sequence[WindowOutcome], *, of_several: bool) -> list[WindowRead]:
    """Unlikely windows of a part that follow each other are one entry, so that there are about as many entries as
    windows that were read. `of_several`: parts of the schema."""
    entries: list[WindowRead] = []
    for (_, unlikely), some in groupby(outcomes, key=lambda one: (one.part, one.unlikely)):
        stretch = [_window_read(document, one, of_several=of_several) for one in some]
        entries += [_joined(stretch)] if unlikely else stretch
    return entries


def _window_read(document: Document, one: WindowOutcome, *, of_several: bool) -> WindowRead:
    code = UNLIKELY if one.unlikely else one.error.code if one.error is not None else None
    entry: WindowRead = {
        "start": one.window.fresh,
        "stop": one.window.stop,
        "pages": _pages_of(document, one.window),
        "state": one.state,
        "code": code,
    }
    return {**entry, "schema_part": one.part + 1} if of_several else entry


def _joined(stretch: Sequence[WindowRead]) -> WindowRead:
    """From the first to the last."""
    first, last = stretch[0], stretch[-1]
    pages = [first["pages"][0], last["pages"][1]] if first["pages"] and last["pages"] else None
    return {**first, "stop": last["stop"], "pages": pages}


def window_name(document: Document, window: Window, number: int, of: int) -> str:
    """What the prompt says of a window."""
    return ", ".join(filter(None, (f"part {number} of {of}", _pages(_pages_of(document, window)))))


def _pages_of(document: Document, window: Window) -> list[int] | None:
    """The first and the last; None where the document has no pages."""
    found = [page.number for page in document.pages if page.start < window.stop and window.fresh < page.stop]
    return [found[0], found[-1]] if found and len(document.pages) > 1 else None


def _stretch(windows: list[WindowRead]) -> str:
    """From the first to the last of windows that follow each other."""
    first, last = windows[0], windows[-1]
    if first["pages"] is not None and last["pages"] is not None:
        return _pages([first["pages"][0], last["pages"][1]])
    return f"characters {first['start']:,} to {last['stop']:,}"


def _pages(pages: list[int] | None) -> str:
    if pages is None:
        return ""
    return f"pages {pages[0]}-{pages[1]}" if pages[0] < pages[1] else f"page {pages[0]}"


def _other(leaf: ValueNode) -> Other:
    known = leaf.known
    evidence, confidence = ([], None) if known is None else (known["evidence"], known["confidence"])
    return {"value": leaf.value, "evidence": evidence, "confidence": confidence}
