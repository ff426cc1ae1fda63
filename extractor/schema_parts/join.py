"""The answers of a schema's parts → one, key by key in the schema's order. Values of two parts may stand at one place,
for each part was read without the others. Pure: knows answers as trees."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from extractor.result import Evidence, Known
from extractor.schema_parts.objects import REST, OpenObject, opened
from extractor.schema_parts.part import Tree, blank, blank_within
from extractor.windows.tree import ListNode, Node, ObjectNode, ValueNode, grown, leaves

JSON = dict[str, Any]

_UNKNOWN: Known = {"evidence": [], "label": None, "confidence": None}


@dataclass(frozen=True)
class PartAnswer:
    """`answer`: None where nothing of it was read."""

    tree: Tree
    answer: Node | None


def united(root: JSON, parts: Sequence[PartAnswer]) -> Node:
    """Of a gathered schema. What was not read is null where the schema allows it, and else not there."""
    whole = opened(root, root)
    assert whole is not None
    shares = [(part.tree, _or_unread(part.answer, blank(root, part.tree))) for part in parts]
    return _without_taken_labels(_object(root, whole, shares))


def _object(root: JSON, cut: OpenObject, shares: list[tuple[Tree, ObjectNode]]) -> ObjectNode:
    members: dict[str, Node] = {}
    unprinted = frozenset().union(*(answer.unprinted for _, answer in shares))
    for name, node in cut.properties.items():
        mine = [(tree[name], answer.members) for tree, answer in shares if name in tree]
        if name is REST:
            members |= {key: one for _, some in mine for key, one in some.items() if key not in cut.properties}
            continue
        below = [(tree, some.get(name)) for tree, some in mine]
        inner = opened(root, node, cut.refs) if any(tree for tree, _ in below) else None
        one = _first(below) if inner is None else _within(root, inner, below)
        if one is not None:
            members[name] = one
    return ObjectNode(members, unprinted & members.keys(), sum(answer.left_out for _, answer in shares))


def _within(root: JSON, inner: OpenObject, below: list[tuple[Tree, Node | None]]) -> Node | None:
    """An object that was cut. Where one part has something to say of it, null is no answer of the others."""
    if not any(isinstance(answer, ObjectNode) for _, answer in below):
        return _first(below)
    shares = [(tree, _or_unread(answer, blank_within(root, inner, tree))) for tree, answer in below]
    return _object(root, inner, shares)


def _first(below: list[tuple[Tree, Node | None]]) -> Node | None:
    return next((answer for _, answer in below if answer is not None), None)


def _or_unread(answer: Node | None, data: JSON) -> ObjectNode:
    """`data`: in place of what is no object."""
    if isinstance(answer, ObjectNode):
        return answer

    def known(node: Node) -> Node:
        if isinstance(node, ObjectNode):
            return ObjectNode({key: known(one) for key, one in node.members.items()})
        return replace(node, known=_UNKNOWN) if isinstance(node, ValueNode) else node

    return ObjectNode({key: known(grown(one, {})) for key, one in data.items()})


def _without_taken_labels(whole: Node) -> Node:
    """Where a null's name is printed, and stands at a value of another part, it is that one's name."""
    taken = [place for _, leaf in leaves(whole) if leaf.value is not None for place in _places(leaf)]
    spans: list[tuple[int, int]] = []  # apart from each other, in order
    for start, stop in sorted((one["start"], one["stop"]) for one in taken):
        if spans and start < spans[-1][1]:
            spans[-1] = spans[-1][0], max(stop, spans[-1][1])
        else:
            spans.append((start, stop))

    def is_taken(place: Evidence) -> bool:
        at = bisect_left(spans, place["stop"], key=lambda span: span[0]) - 1  # the last that begins before its end
        return at >= 0 and spans[at][1] > place["start"]

    def node(one: Node) -> Node:
        if isinstance(one, ObjectNode):
            return replace(one, members={key: node(member) for key, member in one.members.items()})
        if isinstance(one, ListNode):
            return replace(one, items=[node(item) for item in one.items])
        if one.value is not None or one.known is None or (label := one.known["label"]) is None:
            return one
        places: list[Evidence] = [label, *([label["behind"]] if label["behind"] is not None else [])]
        return replace(one, known={**one.known, "label": None}) if any(map(is_taken, places)) else one

    return node(whole)


def _places(leaf: ValueNode) -> list[Evidence]:
    """Where a value stands, and its name."""
    if leaf.known is None:
        return []
    label = leaf.known["label"]
    return [*leaf.known["evidence"], *([label] if label is not None else [])]
