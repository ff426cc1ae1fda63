"""Which fields of a schema ask for files: of those what a file is called is a value. As the grammar of printed values
has it (../grammar/printed/mark.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from extractor.evidence.scalars import JsonPath
from extractor.notation.file_names import asks_for_files
from schemas.nodes import nodes_at


class FileFields:
    """Of one schema."""

    def __init__(self, json_schema: dict[str, Any]) -> None:
        self._schema = json_schema
        self._known: dict[JsonPath, bool] = {}

    def __contains__(self, path: JsonPath) -> bool:
        """Whether the field there asks for files: by its key, its title or its description, or by the keys and titles
        of what it is in. The same for all rows of a list."""
        column = tuple(0 if isinstance(part, int) else part for part in path)
        if column not in self._known:
            self._known[column] = any(map(asks_for_files, self._names(column)))
        return self._known[column]

    def _names(self, path: JsonPath) -> Iterator[str]:
        yield from (part for part in path if isinstance(part, str))
        own = max((at for at, part in enumerate(path, 1) if isinstance(part, str)), default=0)
        for length in range(1, len(path) + 1):
            keys = ("title", "description") if length >= own else ("title",)
            for node in nodes_at(self._schema, path[:length]):
                yield from (node[key] for key in keys if isinstance(node.get(key), str))
