"""Which windows are asked a second time where the merged answer does not stand, and what is in question there: a value
leads to the windows that gave it, what is missing to those whose text speaks of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from extractor.errors import FieldError
from extractor.windows.rank import WindowRanking, wanted_by
from extractor.windows.speaks_for import terms_at
from extractor.windows.terms import terms_of_line
from extractor.windows.tree import ListNode, Node, ObjectNode, Path, ValueNode, ValueOrigin, has_lists, leaves
from schemas.errors import parts_of, pointer

MOST = 8  # windows of a document that are asked again
_LIKELY = 2  # of them, for a value that is missing

Likely = Callable[[Path], Iterable[int]]  # the windows whose text speaks of a field, by number, the most likely first


@dataclass
class Questions:
    """`errors`: what is wrong in which window, by number, with pointers into its own answer. `withdrawn`: where a value
    that is asked for stands in answers of windows that are not asked, because they are too many or cannot be: it is
    wrong, and may not outvote what the others say then."""

    errors: dict[int, list[FieldError]] = field(default_factory=dict)
    withdrawn: dict[int, list[Path]] = field(default_factory=dict)


class LikelyWindows:
    """`texts`: of windows, by number. `pointers`: those of all fields that may be looked for."""

    def __init__(self, texts: Mapping[int, str], json_schema: dict[str, Any], pointers: Iterable[str]) -> None:
        paths: list[Path] = [tuple(parts_of(one)) for one in pointers]  # a check may not have escaped its pointer
        self._texts, self._terms = texts, {path: terms_at(json_schema, path) for path in paths}

    @cached_property
    def _ranking(self) -> WindowRanking:
        lines = [[terms_of_line(line) for line in text.split("\n")] for text in self._texts.values()]
        return WindowRanking(lines, wanted_by(self._terms.values()))

    def for_field(self, path: Path) -> list[int]:
        """Those whose text speaks of it."""
        scores = self._ranking.scores(self._terms[path])
        ranked = sorted(zip(scores, self._texts, strict=True), key=lambda one: (-one[0], one[1]))
        return [number for score, number in ranked if score > 0]


def in_question(whole: Node, errors: Sequence[FieldError], askable: Collection[int], likely: Likely) -> Questions:
    """`errors` are of the merged answer `whole`, and each has a place there. Those that lead to few windows come first,
    and one that leads to more than are left of `MOST` leads to the most likely of them: of a value those whose text
    speaks of it, of a list those that are least sure of what they gave."""
    found = Questions()
    led = [(error, *_led(whole, tuple(parts_of(error.pointer)), likely)) for error in errors]
    for error, node, origins in sorted(led, key=lambda one: len({origin.window for origin in one[2]})):
        windows = _first(MOST, found.errors, [one.window for one in origins if one.window in askable])
        for window, own in origins:
            if window in windows:
                found.errors.setdefault(window, []).append(FieldError(pointer(*own), error.detail))
            elif windows and isinstance(node, ValueNode) and node.value is not None:
                found.withdrawn.setdefault(window, []).append(own)
    return found


def _first(most: int, taken: Collection[int], windows: Iterable[int]) -> set[int]:
    """Of the windows those that are asked anyhow, and as many others as leave no more than `most` in all."""
    others = [window for window in dict.fromkeys(windows) if window not in taken]
    return {*others[: most - len(taken)], *(window for window in windows if window in taken)}


def _led(whole: Node, path: Path, likely: Likely) -> tuple[Node | None, list[ValueOrigin]]:
    """What stands at `path`, and where it comes from, or would have to: where that is many windows, the most likely
    first."""
    nodes = list(_along(whole, path))
    node = nodes[len(path)] if len(nodes) > len(path) else None
    origins = _origins(nodes, path, likely)
    if node is None or len({one.window for one in origins}) <= MOST:
        return node, origins
    rank = _doubtful(node) if has_lists(node) else {window: at for at, window in enumerate(likely(path))}
    return node, sorted(origins, key=lambda one: rank.get(one.window, len(rank)))


def _origins(nodes: Sequence[Node], path: Path, likely: Likely) -> list[ValueOrigin]:
    """Where what stands at `path` comes from, or would have to. `nodes`: those along it."""
    depth = len(nodes) - 1  # how far the path leads
    if depth == len(path) and (given := _within(nodes[-1], depth, not_null=True)):
        return given
    lists = [at for at in range(depth) if isinstance(nodes[at], ListNode)]
    if not lists:
        return [ValueOrigin(number, path) for number in list(likely(path))[:_LIKELY]]
    for at in range(depth, lists[-1], -1):  # of a row, the windows that show it
        if around := _within(nodes[at], at, not_null=False):
            return [ValueOrigin(window, (*own, *path[at:])) for window, own in around]
    return []


def _doubtful(node: Node) -> dict[int, int]:
    """The windows that values within come from, by rank: first those with one that is printed nowhere, or that its
    model was least sure of."""
    least: dict[int, tuple[bool, float]] = {}
    for _, leaf in leaves(node):
        confidence = leaf.known["confidence"] if leaf.known is not None else None
        sure = bool(leaf.places), 0.0 if confidence is None else confidence
        for window, _ in leaf.origins:
            least[window] = min(sure, least.get(window, sure))
    return {window: at for at, window in enumerate(sorted(least, key=lambda one: (least[one], one)))}


def _along(node: Node | None, path: Path) -> Iterator[Node]:
    """The nodes from the outermost on, as far as there are any."""
    for step in (*path, None):
        if node is None:
            return
        yield node
        if isinstance(node, ObjectNode):
            node = node.members.get(str(step)) if step is not None else None
        elif isinstance(node, ListNode) and str(step).isdecimal() and int(str(step)) < len(node.items):
            node = node.items[int(str(step))]
        else:
            node = None


def _within(node: Node, depth: int, *, not_null: bool) -> list[ValueOrigin]:
    """Where the values within come from, without nulls where `not_null`: as the place of `node`, which
    stands so deep."""
    found = [leaf for _, leaf in leaves(node) if not not_null or leaf.value is not None]
    return list(dict.fromkeys(ValueOrigin(window, own[:depth]) for leaf in found for window, own in leaf.origins))
