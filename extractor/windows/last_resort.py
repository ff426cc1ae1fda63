"""Values that must be there and that no window of a document gave: a document that is read at once always has them,
because its grammar leaves the model no other choice. As the last resort the likeliest windows are left none either, and
what they say is marked. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from extractor.errors import FieldError
from extractor.grammar.nullable import required_at
from extractor.result import Mark
from extractor.windows.in_question import Likely
from extractor.windows.of_fields import of_fields
from extractor.windows.outcome import WindowAnswer, WindowOutcome
from extractor.windows.tree import Node, ObjectNode, Path, ValueNode
from schemas import Schema
from schemas.errors import parts_of, pointer

ASKED = 2  # windows, for each value


def untold(errors: Sequence[FieldError], whole: Node, json_schema: dict[str, Any]) -> list[Path]:
    """The values that are missing in the merged answer `whole`, where all its `errors` are of such: in no list, for
    none knows which rows there are."""
    placed = of_fields(errors, whole, json_schema)
    paths = [tuple(parts_of(error.pointer)) for error in placed]
    return list(dict.fromkeys(paths)) if all(_is_untold(whole, path) for path in paths) else []


def _is_untold(node: Node | None, path: Path) -> bool:
    for step in path:
        if not isinstance(node, ObjectNode):
            return False
        node = node.members.get(str(step))
        if node is None:
            return True
    return isinstance(node, ValueNode) and node.value is None


def likeliest(paths: Iterable[Path], likely: Likely) -> dict[int, list[Path]]:
    """Which windows have to say which of them. `likely`: all windows, the most likely first: where the text of none
    speaks of a field, the document's first, which say what it is."""
    found: dict[int, list[Path]] = {}
    for path in paths:
        for window in list(likely(path))[:ASKED]:
            found.setdefault(window, []).append(path)
    return found


def without_null(schema: Schema, paths: Iterable[Path]) -> Schema:
    """Of a window's answer: it may not leave these out."""
    steps = [[str(step) for step in path] for path in paths]
    names = ["\0".join(one) for one in steps]
    return replace(
        schema, json_schema=required_at(schema.json_schema, steps), sha256="/".join([schema.sha256, "told", *names])
    )


def with_values(before: WindowOutcome, after: WindowOutcome, paths: Iterable[Path]) -> WindowOutcome:
    """What the window said, with what it says now at these places, and no more."""
    if before.answer is None or after.answer is None:
        return before
    answer = before.answer
    for path in paths:
        answer = _with(answer, after.answer, path)
    return replace(before, answer=answer)


def _with(answer: WindowAnswer, other: WindowAnswer, path: Path) -> WindowAnswer:
    where, value = pointer(*path), other.data
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    if value is None or where not in other.fields:
        return answer
    unprinted = [one for one in other.unprinted if one.pointer == where]
    return replace(
        answer,
        data=_put(answer.data, path, value),
        fields={**answer.fields, where: other.fields[where]},
        unprinted=[*answer.unprinted, *unprinted],
    )


def _put(data: Any, path: Path, value: Any) -> Any:
    """A copy with it there."""
    if not path:
        return value
    data = data if isinstance(data, dict) else {}
    return {**data, path[0]: _put(data.get(path[0]), path[1:], value)}


def marked(marks: Sequence[Mark], paths: Iterable[Path], fields: Mapping[str, Any]) -> Iterator[Mark]:
    """With a mark for each of these values, in place of one that says less."""
    pointers = [pointer(*path) for path in paths]
    yield from (one for one in marks if one["code"] != "low_confidence" or one["pointer"] not in pointers)
    for where in pointers:
        sure = fields[where]["confidence"] if where in fields else None
        how = "" if sure is None else f" (confidence {sure:.2f})"
        detail = f"no part of the document was found to say it; the likeliest had to name one{how}"
        yield {"pointer": where, "code": "low_confidence", "detail": detail, "severity": "low"}
