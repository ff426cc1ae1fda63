"""A window's answer as a tree whose leaves know what is known of them, and such a tree as data and fields. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from extractor.result import Known, Unprinted
from extractor.windows.passage import passage
from extractor.windows.window import Piece
from schemas.errors import pointer

Path = tuple[str | int, ...]


class ValueOrigin(NamedTuple):
    """A window, by number, that gave a value, and where that stands in its own answer."""

    window: int
    path: Path


@dataclass(frozen=True)
class ValueNode:
    """`places`: where the document prints it, and `passage` in which words (passage.py). `unprinted`: it was looked for
    and stands nowhere. `origins`: all that gave this value. Of a merged value, `others` are those that other windows
    gave, best first."""

    value: Any
    known: Known | None = None
    places: tuple[Piece, ...] = ()
    passage: str = ""
    unprinted: bool = False
    origins: tuple[ValueOrigin, ...] = ()
    others: tuple[ValueNode, ...] = ()


@dataclass(frozen=True)
class ObjectNode:
    """`unprinted`: keys that were looked for and stand nowhere. `left_out`: how many more members windows gave than the
    schema allows."""

    members: dict[str, Node]
    unprinted: frozenset[str] = frozenset()
    left_out: int = 0


@dataclass(frozen=True)
class ListNode:
    """`left_out`: how many more items windows gave than the schema allows."""

    items: list[Node]
    left_out: int = 0


Node = ValueNode | ObjectNode | ListNode


@dataclass
class Flat:
    """`disagreements`: by pointer, the values of windows that say otherwise; `left_out`: by pointer of a list or an
    object, how much more of it windows gave than the schema allows."""

    data: Any
    fields: dict[str, Known] = field(default_factory=dict)
    unprinted: list[Unprinted] = field(default_factory=list)
    disagreements: dict[str, tuple[ValueNode, ...]] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)


def grown(
    data: Any,
    fields: Mapping[str, Known],
    unprinted: Iterable[Unprinted] = (),
    *,
    window: int | None = None,
    places: Mapping[str, tuple[Piece, ...]] | None = None,
    text: str = "",
) -> Node:
    """`fields` are by pointer into `data`; so are `places` in the document's `text`, which are else those of the
    evidence. `window`: the number of the one whose answer it is, where it is one's."""
    lost = frozenset(unprinted)

    def node(value: Any, path: Path) -> Node:
        if isinstance(value, dict):
            members = {key: node(one, (*path, key)) for key, one in value.items()}
            return ObjectNode(members, frozenset(key for key in value if Unprinted(pointer(*path, key), True) in lost))
        if isinstance(value, list):
            return ListNode([node(one, (*path, at)) for at, one in enumerate(value)])
        where = pointer(*path)
        known = fields.get(where)
        if places is not None:
            found = places.get(where, ())
        else:
            found = tuple(Piece(one["start"], one["stop"]) for one in known["evidence"]) if known else ()
        origins = () if window is None else (ValueOrigin(window, path),)
        return ValueNode(value, known, found, passage(text, found), Unprinted(where) in lost, origins)

    return node(data, ())


def flat(tree: Node) -> Flat:
    flattened = Flat(data_of(tree))
    for path, leaf in leaves(tree):
        where = pointer(*path)
        if leaf.known is not None:
            flattened.fields[where] = leaf.known
        if leaf.unprinted:
            flattened.unprinted.append(Unprinted(where))
        if leaf.others:
            flattened.disagreements[where] = leaf.others
    for path, node in _containers(tree, ()):
        if node.left_out:
            flattened.left_out[pointer(*path)] = node.left_out
        if isinstance(node, ObjectNode):
            unprinted = [key for key in node.members if key in node.unprinted]
            flattened.unprinted += [Unprinted(pointer(*path, key), key=True) for key in unprinted]
    return flattened


def _containers(tree: Node, path: Path) -> Iterator[tuple[Path, ObjectNode | ListNode]]:
    if isinstance(tree, ValueNode):
        return
    yield path, tree
    for step, one in tree.members.items() if isinstance(tree, ObjectNode) else enumerate(tree.items):
        yield from _containers(one, (*path, step))


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
