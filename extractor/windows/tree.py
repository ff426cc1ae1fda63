"""A window's answer as a tree whose leaves know what is known of them, and such a tree as data and fields. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from extractor.result import Known
from extractor.windows.window import Piece
from schemas.errors import pointer

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class ValueNode:
    """A value of the window number `window`. `places`: where the document prints it. `unprinted`: it was looked for and
    stands nowhere. Of a merged value, `others` are those that other windows gave, best first."""

    value: Any
    known: Known | None = None
    places: tuple[Piece, ...] = ()
    unprinted: bool = False
    window: int = 0
    others: tuple[ValueNode, ...] = ()


@dataclass(frozen=True)
class ObjectNode:
    members: dict[str, Node]


@dataclass(frozen=True)
class ListNode:
    items: list[Node]


Node = ValueNode | ObjectNode | ListNode


@dataclass
class Flat:
    """`unprinted`: pointers; `disagreements`: by pointer, the values of windows that say otherwise."""

    data: Any
    fields: dict[str, Known] = field(default_factory=dict)
    unprinted: list[str] = field(default_factory=list)
    disagreements: dict[str, tuple[ValueNode, ...]] = field(default_factory=dict)


def grown(
    data: Any,
    fields: Mapping[str, Known],
    unprinted: Iterable[str] = (),
    *,
    window: int = 0,
    places: Mapping[str, tuple[Piece, ...]] | None = None,
) -> Node:
    """`fields` and `unprinted` are by pointer into `data`; so are `places`, which are else those of the evidence."""
    lost = frozenset(unprinted)

    def node(value: Any, path: Path) -> Node:
        if isinstance(value, dict):
            return ObjectNode({key: node(one, (*path, key)) for key, one in value.items()})
        if isinstance(value, list):
            return ListNode([node(one, (*path, at)) for at, one in enumerate(value)])
        where = pointer(*path)
        known = fields.get(where)
        if places is not None:
            found = places.get(where, ())
        else:
            found = tuple(Piece(one["start"], one["stop"]) for one in known["evidence"]) if known else ()
        return ValueNode(value, known, found, where in lost, window)

    return node(data, ())


def flat(tree: Node) -> Flat:
    flattened = Flat(data_of(tree))
    for path, leaf in leaves(tree):
        where = pointer(*path)
        if leaf.known is not None:
            flattened.fields[where] = leaf.known
        if leaf.unprinted:
            flattened.unprinted.append(where)
        if leaf.others:
            flattened.disagreements[where] = leaf.others
    return flattened


def data_of(tree: Node) -> Any:
    if isinstance(tree, ObjectNode):
        return {key: data_of(one) for key, one in tree.members.items()}
    return [data_of(one) for one in tree.items] if isinstance(tree, ListNode) else tree.value


def leaves(tree: Node, path: Path = (), *, lists: bool = True) -> Iterator[tuple[Path, ValueNode]]:
    """`lists` false: of those only that stand in no list within."""
    if isinstance(tree, ValueNode):
        yield path, tree
    elif isinstance(tree, ObjectNode):
        for key, one in tree.members.items():
            yield from leaves(one, (*path, key), lists=lists)
    elif lists:
        for at, one in enumerate(tree.items):
            yield from leaves(one, (*path, at))


def has_lists(tree: Node) -> bool:
    return isinstance(tree, ListNode) or (isinstance(tree, ObjectNode) and any(map(has_lists, tree.members.values())))
