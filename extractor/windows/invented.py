"""Items of lists that a model made up, left out of what is merged. A list that had to be ended in one window, because
its items repeated or stood nowhere, shows that the model does not know when to stop there: then its items that stand
nowhere, or only where others already do, are left out in all windows. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from extractor.engine.limits.limits import Why
from extractor.windows.shapes import ANY, Steps
from extractor.windows.tree import ListNode, Node, ObjectNode, ValueNode, data_of, leaves
from schemas.errors import parts_of


def endless_lists(data: Any, ended: Iterable[tuple[str, Why]]) -> set[Steps]:
    """The lists of an answer that were ended, `ended` being by pointer into `data`."""
    found = set()
    for pointer, why in ended:
        node, path = data, []
        for step in parts_of(pointer):
            in_list = isinstance(node, list)
            path.append(ANY if in_list else step)
            node = node[int(step)] if in_list else node[step]
        if why != "cut_off" and isinstance(node, list):
            found.add(tuple(path))
    return found


def without_invented(tree: Node, lists: Iterable[Steps]) -> tuple[Node, Counter[Steps]]:
    """Without the items of these lists that stand nowhere; how many these were, by list."""
    left_out: Counter[Steps] = Counter()
    wanted = frozenset(lists)

    def node(one: Node, path: Steps) -> Node:
        if isinstance(one, ObjectNode):
            return replace(one, members={key: node(member, (*path, key)) for key, member in one.members.items()})
        if isinstance(one, ValueNode):
            return one
        items = one.items
        if path in wanted:
            items = _founded(items)
            left_out[path] += len(one.items) - len(items)
        return ListNode([node(item, (*path, ANY)) for item in items])

    return (node(tree, ()) if wanted else tree), left_out


def _founded(items: list[Node]) -> list[Node]:
    """Those that are printed, and of the others those of which nothing has to be, each once."""
    kept, seen = [], set()
    for item in items:
        found = [leaf for _, leaf in leaves(item)]
        value = repr(data_of(item))
        if any(leaf.places for leaf in found) or not (value in seen or any(leaf.unprinted for leaf in found)):
            kept.append(item)
        seen.add(value)
    return kept
