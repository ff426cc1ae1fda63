"""The lists of several windows → one, in the document's order and without doubles at the seams. Pure.

A row that two windows show is one row: its values stand at the same places of the document. Two rows that say the same
at different places are two. A record with a list of its own (an account with its bookings) may go on in the next
window, which then says of it the same or nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from extractor.answer.canonical import canonical
from extractor.windows.tree import ListNode, Node, ObjectNode, ValueNode, data_of, has_lists, leaves
from extractor.windows.values import overlapping, same
from extractor.windows.window import Piece, Window

Merge = Callable[[list[Node]], Node]
_LOOK_BACK = 64  # rows of the windows before that may be shown again


@dataclass
class _Row:
    """What one window or more say of a row."""

    nodes: list[Node]
    window: int
    places: list[dict[tuple[str | int, ...], tuple[Piece, ...]]] = field(default_factory=list)

    def add(self, node: Node) -> None:
        self.nodes.append(node)
        self.places.append(_places(node))

    @property
    def last(self) -> int | None:
        """Where the last of it begins; the first may stand above several rows, as a day does."""
        return max((one.start for places in self.places for some in places.values() for one in some), default=None)


def joined(lists: Sequence[tuple[int, ListNode]], windows: Sequence[Window], merge: Merge) -> ListNode:
    """`lists`: by the number of their window, in the windows' order. `merge`: what is said of one row → one."""
    placed: list[_Row] = []
    for number, rows in lists:
        window, behind = windows[number], len(placed)
        overlapping = number > 0 and window.start < window.fresh
        for at, node in enumerate(rows.items):
            if _says_nothing(node):
                continue
            row = _Row([node], number, [_places(node)])
            same_row = _goes_on(placed[:behind], node) if at == 0 else None
            if same_row is None and overlapping:
                same_row = _shown_before(placed[max(0, behind - _LOOK_BACK) : behind], row)
            if same_row is not None:
                same_row.add(node)
            else:
                place = _position(placed, row, window) if overlapping else len(placed)
                behind += place < behind
                placed.insert(place, row)
    return ListNode([merge(row.nodes) for row in placed])


def distinct(rows: ListNode) -> ListNode:
    """For a list in which nothing may stand twice."""
    kept: list[Node] = []
    seen: set[bytes | str] = set()
    for item in rows.items:
        key = canonical(data_of(item)) or repr(data_of(item))
        if key not in seen:
            seen.add(key)
            kept.append(item)
    return ListNode(kept)


def _says_nothing(node: Node) -> bool:
    return isinstance(node, ObjectNode) and all(leaf.value is None for _, leaf in leaves(node))


def _places(node: Node) -> dict[tuple[str | int, ...], tuple[Piece, ...]]:
    """By the value's path in the row. What is repeated, such as the name of a column, is no place of a row."""
    found = {path: tuple(one for one in leaf.places if not one.repeated) for path, leaf in leaves(node)}
    return {path: places for path, places in found.items() if places}


def _shown_before(rows: list[_Row], row: _Row) -> _Row | None:
    """The row among those of windows before that is the same."""
    for other in reversed(rows):
        if other.window != row.window and any(_one_row(places, row.places[0]) for places in other.places):
            return other
    if row.places[0]:
        return None
    bare = [other for other in rows if other.window == row.window - 1 and not any(other.places)]
    return next((other for other in reversed(bare) if data_of(other.nodes[0]) == data_of(row.nodes[0])), None)


def _one_row(
    some: dict[tuple[str | int, ...], tuple[Piece, ...]], others: dict[tuple[str | int, ...], tuple[Piece, ...]]
) -> bool:
    """Whether more of its values stand at the same places than at different ones."""
    votes = [1 if overlapping(places, others[path]) else -1 for path, places in some.items() if path in others]
    return sum(votes) > 0


def _goes_on(rows: list[_Row], node: Node) -> _Row | None:
    """The last row of the windows before, where a window's first row goes on with it: it contradicts nothing that was
    said of that, and names nothing new before its own list begins."""
    if not rows or not has_lists(node) or not has_lists(rows[-1].nodes[-1]):
        return None
    own = dict(_own(node))
    begins = min((one.start for path, one in _all_places(node) if path not in own), default=None)
    before = [dict(_own(one)) for one in rows[-1].nodes]
    for path, leaf in own.items():
        values = [one[path].value for one in before if path in one]
        if values and not any(same(leaf.value, one) for one in values):
            return None
        if not values and leaf.places and (begins is None or leaf.places[0].start < begins):
            return None
    return rows[-1]


def _all_places(node: Node) -> Iterator[tuple[tuple[str | int, ...], Piece]]:
    return ((path, one) for path, leaf in leaves(node) for one in leaf.places)


def _own(node: Node) -> Iterator[tuple[tuple[str | int, ...], ValueNode]]:
    """The values that it says of itself."""
    return ((path, leaf) for path, leaf in leaves(node, lists=False) if leaf.value is not None)


def _position(rows: list[_Row], row: _Row, window: Window) -> int:
    """Where a row belongs that the window before did not see, though it showed its lines."""
    place, at = row.last, len(rows)
    if place is None or place >= window.fresh:
        return at
    while at > 0:
        before = rows[at - 1].last
        if before is None or before < window.start or before < place:
            break
        at -= 1
    return at
