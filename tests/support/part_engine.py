"""An engine that answers what its prompt's schema asks from what its document prints, as a model that makes no mistake
would: so that a schema can be read in parts without a model.

A value is printed as `name: value`, a row of a list as `name> first; second`, its fields in the schema's order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from extractor.engine import Request
from tests.support.window_engine import WindowEngine

_FIELD = re.compile(r" *(\w+): (.*?)(?: # .*)?$")


class PartEngine(WindowEngine):
    """`asked`: the names of each request's top-level properties; `texts`: what it answered."""

    def __init__(self, encoder: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(encoder, *args, **kwargs)
        self.asked: list[list[str]] = []

    def _completion(self, request: Request, text: str) -> Any:  # noqa: ARG002 -- what its prompt says it reads itself
        prompt = self._encoder.decode(request.prompt)
        schema = prompt.partition("\n\nSchema ")[2].partition("\n\n")[0].splitlines()[1:]
        found = _object(iter(schema), request.source.decode())
        self.asked.append(list(found))
        return super()._completion(request, json.dumps(found, ensure_ascii=False, separators=(",", ":")))


def _object(lines: Iterator[str], text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in lines:
        field = _FIELD.match(line)
        if field is None:
            break  # a closing bracket
        name, kind = field[1], field[2]
        if kind == "{":
            found[name] = _object(lines, text)
        elif kind == "[":
            kinds = _kinds(lines)
            rows = [row.split("; ") for row in re.findall(rf"(?m)^{name}> (.+)$", text)]
            found[name] = [
                {key: _value(one, kind) for (key, kind), one in zip(kinds.items(), row, strict=True)} for row in rows
            ]
        else:
            printed = re.search(rf"(?m)^{name}: (.+)$", text)
            found[name] = _value(printed[1], kind) if printed else None
    return found


def _kinds(lines: Iterator[str]) -> dict[str, str]:
    """Of a row's fields."""
    found: dict[str, str] = {}
    for line in lines:
        field = _FIELD.match(line)
        if field is None:
            break
        found[field[1]] = field[2]
    return found


def _value(printed: str, kind: str) -> Any:
    return json.loads(printed) if kind.startswith(("number", "integer", "boolean")) else printed
