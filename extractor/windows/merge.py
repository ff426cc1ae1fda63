"""The answers of windows → one. Pure: knows answers as trees, and of the schema what is taken whole.

Objects are merged field by field, values by evidence and confidence (values.py), lists in the document's order
(rows.py). What a schema makes one thing, one of several kinds of object or a list whose places have meanings, is taken
whole from the window that knows most of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from extractor.windows.rows import distinct, joined
from extractor.windows.shapes import ANY, Shapes, Steps
from extractor.windows.tree import ListNode, Node, ObjectNode, ValueNode, data_of, leaves
from extractor.windows.values import MOST_OTHERS, merged_value
from extractor.windows.window import Window


def merged(answers: Sequence[Node], windows: Sequence[Window], shapes: Shapes | None = None) -> Node:
    """`answers[i]` is that of `windows[i]`, which are in the document's order; there is at least one."""
    return _Merge(windows, shapes or Shapes()).node(list(enumerate(answers)), ())


class _Merge:
    def __init__(self, windows: Sequence[Window], shapes: Shapes) -> None:
        self._windows, self._shapes = windows, shapes

    def node(self, found: list[tuple[int, Node]], path: Steps) -> Node:
        """What windows, by number, say at a path."""
        some = [(at, node) for at, node in found if not isinstance(node, ValueNode) or node.value is not None]
        if not some:
            return merged_value([node for _, node in found if isinstance(node, ValueNode)])
        if path in self._shapes.whole:
            return _fullest([node for _, node in some])
        kind = type(max(some, key=lambda one: _knowledge(one[1]))[1])
        if kind is ValueNode:
            return merged_value([node for _, node in found if isinstance(node, ValueNode)])
        if kind is ObjectNode:
            return self._record([(at, node) for at, node in some if isinstance(node, ObjectNode)], path)
        return self._rows([(at, node) for at, node in some if isinstance(node, ListNode)], path)

    def _record(self, records: list[tuple[int, ObjectNode]], path: Steps) -> ObjectNode:
        """Its keys in the order in which they first come."""
        members: dict[str, Node] = {}
        for key in dict.fromkeys(key for _, record in records for key in record.members):
            below = self._below(path, key)
            one = self.node([(at, record.members[key]) for at, record in records if key in record.members], below)
            if not (below in self._shapes.optional and isinstance(one, ValueNode) and one.value is None):
                members[key] = one
        left_out = self._more_than_allowed(members, path)
        kept = {key: one for key, one in members.items() if key not in left_out}
        return ObjectNode(kept, frozenset(key for key in kept if _nowhere(key, records)), len(left_out))

    def _below(self, path: Steps, key: str) -> Steps:
        is_free = path in self._shapes.open and (*path, key) not in self._shapes.declared
        return (*path, ANY if is_free else key)

    def _more_than_allowed(self, members: dict[str, Node], path: Steps) -> set[str]:
        """Keys of an object that holds too many. Properties that the schema declares stay."""
        more = len(members) - self._shapes.most.get(path, len(members))
        free = [key for key in members if (*path, key) not in self._shapes.declared]
        if more <= 0:
            return set()
        kept = _most_printed([members[key] for key in free], len(free) - more)
        return {key for at, key in enumerate(free) if at not in kept}

    def _rows(self, lists: list[tuple[int, ListNode]], path: Steps) -> ListNode:
        at_of = {id(item): at for at, rows in lists for item in rows.items}

        def merge(row: list[Node]) -> Node:
            return self.node([(at_of[id(node)], node) for node in row], (*path, ANY))

        rows = joined(lists, self._windows, merge)
        rows = distinct(rows) if path in self._shapes.unique else rows
        most = self._shapes.most.get(path, len(rows.items))
        if len(rows.items) <= most:
            return rows
        kept = _most_printed(rows.items, most)
        return ListNode([one for at, one in enumerate(rows.items) if at in kept], len(rows.items) - len(kept))


def _nowhere(key: str, records: list[tuple[int, ObjectNode]]) -> bool:
    """Whether none of the windows that have the key prints it."""
    return all(key in record.unprinted for _, record in records if key in record.members)


def _most_printed(nodes: Sequence[Node], most: int) -> set[int]:
    """The first of them by number, those that the document prints before the others."""
    ranked = sorted(range(len(nodes)), key=lambda at: not _knowledge(nodes[at])[0])
    return set(ranked[: max(0, most)])


def _knowledge(node: Node) -> tuple[int, int]:
    """How many of its values are printed, and how many there are."""
    found = [leaf for _, leaf in leaves(node) if leaf.value is not None]
    return sum(bool(leaf.places) for leaf in found), len(found)


def _fullest(nodes: list[Node]) -> Node:
    """One of them; the others are told at its first value."""
    best = max(nodes, key=_knowledge)
    data = data_of(best)
    others = [node for node in nodes if data_of(node) != data and _knowledge(node)[0]]
    return _with_others(best, [ValueNode(data_of(node)) for node in others[:MOST_OTHERS]]) if others else best


def _with_others(node: Node, others: list[ValueNode]) -> Node:
    if isinstance(node, ValueNode):
        return replace(node, others=tuple(others))
    if isinstance(node, ObjectNode) and node.members:
        key, first = next(iter(node.members.items()))
        return replace(node, members={**node.members, key: _with_others(first, others)})
    if isinstance(node, ListNode) and node.items:
        return replace(node, items=[_with_others(node.items[0], others), *node.items[1:]])
    return node
