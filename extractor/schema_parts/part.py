"""A part of a schema: some of its properties, and what of an answer is theirs. Pure: knows JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from extractor.grammar.narrow.meeting import admits_null
from extractor.schema_parts.definitions import pruned
from extractor.schema_parts.objects import REST, Name, OpenObject, Refs, opened
from schemas.errors import pointer

JSON = dict[str, Any]
Path = tuple[Name, ...]
Tree = dict[Name, Any]  # properties of a part → those within them, where the property itself is cut; else empty

_NOTHING = object()


def tree_of(paths: Iterable[Path]) -> Tree:
    tree: Tree = {}
    for path in paths:
        node = tree
        for name in path:
            node = node.setdefault(name, {})
    return tree


def only(root: JSON, tree: Tree) -> JSON:
    """A gathered schema with these properties only, and the definitions that they need."""
    return pruned(_only(root, root, tree, ()))


def _only(root: JSON, node: Any, tree: Tree, refs: Refs) -> JSON:
    cut = opened(root, node, refs)
    assert cut is not None  # nothing else is cut
    return cut.with_only(
        {
            name: _only(root, one, tree[name], cut.refs) if tree[name] else one
            for name, one in cut.properties.items()
            if name in tree
        }
    )


def holds(tree: Tree, path: Sequence[str | int]) -> bool:
    """Whether what stands at `path` of an answer is the part's, or a part of it is; that of a whole schema is `{}`."""
    if not tree or not path:
        return True
    name = str(path[0]) if path[0] in tree else REST
    return name in tree and holds(tree[name], path[1:])


def pointer_of(path: Path) -> str:
    """`*` for what no property is declared for."""
    return pointer(*("*" if name is REST else name for name in path))


def share_of(root: JSON, answer: Any, tree: Tree) -> Any:
    """What of an answer to the whole is the part's."""
    return _share(root, root, answer, tree, ())


def _share(root: JSON, node: Any, answer: Any, tree: Tree, refs: Refs) -> Any:
    cut = opened(root, node, refs) if tree else None
    if cut is None or not isinstance(answer, dict):
        return answer
    found: JSON = {}
    for key, value in answer.items():
        name = key if key in cut.properties else REST
        if name in tree:
            found[key] = value if name is REST else _share(root, cut.properties[name], value, tree[name], cut.refs)
    return found


def blank(root: JSON, tree: Tree) -> JSON:
    """The answer to a part of which nothing was read: null where the schema allows it; what may not be null is not
    there."""
    cut = opened(root, root)
    assert cut is not None
    return blank_within(root, cut, tree)


def blank_within(root: JSON, cut: OpenObject, tree: Tree) -> JSON:
    """The same of an object within the answer, where it may not be null."""
    found: JSON = {}
    for name, one in cut.properties.items():
        if name is REST or (tree and name not in tree):
            continue
        value = _blank(root, one, tree.get(name, {}), cut.refs)
        if value is not _NOTHING:
            found[name] = value
    return found


def _blank(root: JSON, node: Any, tree: Tree, refs: Refs) -> Any:
    if admits_null(root, node):
        return None
    cut = opened(root, node, refs)
    return _NOTHING if cut is None else blank_within(root, cut, tree)
