"""What became of each window of a document, and of each part of its schema → one answer. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile

from extractor.documents import Document
from extractor.engine.limits.limits import Why
from extractor.result import Other
from extractor.schema_parts.join import PartAnswer, united
from extractor.schema_parts.planner import ReadingPlan
from extractor.windows.invented import endless_lists, without_invented
from extractor.windows.merge import merged
from extractor.windows.outcome import WindowOutcome
from extractor.windows.shapes import ANY, Shapes, Steps
from extractor.windows.translate import others_of, translated
from extractor.windows.tree import Node, flat, grown
from extractor.windows.whole_answer import WholeAnswer, windows_read
from schemas.errors import pointer

_IN_A_LIST = re.compile(r"/\d+(?:/.*)?$")


def put_together(
    document: Document, plan: ReadingPlan, outcomes: Sequence[WindowOutcome], shapes: Shapes
) -> WholeAnswer:
    """`outcomes`: in order; at least one has an answer. `shapes`: how answers to the schema are merged. The values of
    the tree come from windows by their numbers here."""
    answers, left_out = [], Counter[str]()
    for number, part in enumerate(plan.parts):
        mine = [(at, one) for at, one in enumerate(outcomes) if one.part == number]
        tree, invented = _merged(document, mine, shapes)
        answers.append(PartAnswer(part.tree, tree))
        left_out += invented
    (first, *others) = answers
    whole = united(plan.root, answers) if others else first.answer
    assert whole is not None
    reads = windows_read(document, outcomes, of_several=plan.of_several)
    parts = [part.pointers for part in plan.parts] if plan.of_several else []
    unlikely = sum(one.unlikely for one in outcomes)
    again = _again(document, outcomes)
    return WholeAnswer(whole, flat(whole), reads, _ended(outcomes), left_out, parts, unlikely, again)


def _merged(
    document: Document, outcomes: Sequence[tuple[int, WindowOutcome]], whole: Shapes
) -> tuple[Node | None, Counter[str]]:
    """With how many items of lists were left out, by pointer. None where none was read."""
    answered = [(number, one.window, one.answer) for number, one in outcomes if one.answer is not None]
    trees: list[Node] = []
    endless: set[Steps] = set()
    left_out: Counter[str] = Counter()
    if not answered:
        return None, left_out
    for _, _, answer in answered:
        endless |= endless_lists(answer.data, answer.ended)
    for number, window, answer in answered:
        fields, places = translated(answer.fields, window, document)
        grew = grown(answer.data, fields, answer.unprinted, window=number, places=places, text=document.text)
        tree, invented = without_invented(grew, endless)
        trees.append(tree)
        for path, count in invented.items():
            left_out[pointer(*takewhile(lambda step: step != ANY, path))] += count
    return merged(trees, [window for _, window, _ in answered], whole), left_out


def _ended(outcomes: Sequence[WindowOutcome]) -> list[tuple[str, Why]]:
    """Each once. Rows of a list are others in the whole."""
    ended = [one for reading in outcomes if reading.answer is not None for one in reading.answer.ended]
    return list(dict.fromkeys((_IN_A_LIST.sub("", where), why) for where, why in ended))


def _again(document: Document, outcomes: Sequence[WindowOutcome]) -> dict[str, list[Other]]:
    """By pointer, of what is in a list by that of the list."""
    found: dict[str, list[Other]] = {}
    for one in outcomes:
        for where, others in (one.answer.again if one.answer is not None else {}).items():
            found.setdefault(_IN_A_LIST.sub("", where), []).extend(others_of(others, one.window, document))
    return found
