"""What is wrong with the whole of a merged answer, as the `ValueError` of a check in the top model says, told of the
fields that it may be a matter of: no window is asked for all of its answer again. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from extractor.errors import FieldError
from extractor.windows.tree import ListNode, Node, ObjectNode, Path, ValueNode
from schemas.errors import parts_of, pointer
from schemas.nodes import nodes_at

JSON = dict[str, Any]

_NO_NAMES = re.compile(r"^Value error, |\bthe value\b")  # what pydantic and the JSON Schema validator call any


def of_fields(errors: Iterable[FieldError], whole: Node, json_schema: JSON) -> list[FieldError]:
    """Each of the errors that has a place, and for one that has none one for each field that it names: by its key, with
    spaces for underscores or without. Where it names none, for each value that stands in no list, or where there is no
    such value, for each list."""
    found: list[FieldError] = []
    for error in errors:
        if parts_of(error.pointer):
            found.append(error)
        else:
            paths = _fields(f"{error.pointer} {error.detail}", whole, json_schema)
            found += [FieldError(pointer(*path), error.detail) for path in paths]
    return found


def _fields(text: str, whole: Node, json_schema: JSON) -> Sequence[Path]:
    text = _NO_NAMES.sub(" ", text.strip())
    nodes = dict(_outside_lists(whole, ()))
    declared = [(key,) for node in nodes_at(json_schema, ()) for key in node.get("properties", ())]
    named = [path for path in dict.fromkeys([*nodes, *declared]) if _names(text, str(path[-1]))]
    values = [path for path, node in nodes.items() if isinstance(node, ValueNode) and node.value is not None]
    lists = [path for path, node in nodes.items() if isinstance(node, ListNode) and node.items]
    return named or values or lists


def _outside_lists(node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    """What stands within it and in no list, with what it is itself."""
    for key, one in node.members.items() if isinstance(node, ObjectNode) else ():
        yield (*path, key), one
        yield from _outside_lists(one, (*path, key))


def _names(text: str, key: str) -> bool:
    spelled = {re.escape(key), re.escape(key.replace("_", " "))}
    return bool(key) and re.search(rf"(?<!\w)(?:{'|'.join(spelled)})(?!\w)", text, re.IGNORECASE) is not None
