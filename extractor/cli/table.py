"""Rows of a batch as lines of a table: nested values in columns of their own (`seller.name`), lists as JSON in a cell,
or one line for each object of one list.

A column is the path of a value, and is named by its keys with points between them. What such a name would not tell
apart, a key with a point in it or one of the columns of ours (`status`), is named by its JSON pointer instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.jsontext import Number, dumps

Path = tuple[str, ...]
Cell = str | int | bool | Number | None
OURS = ("file", "custom_id", "line", "id", "status", "needs_review")
BEHIND = ("error.code", "error.detail")
KNOWN = ("review", "usage.prompt_tokens", "usage.output_tokens", "usage.duration_s")
_TAKEN = frozenset({*OURS, *BEHIND, *KNOWN})


@dataclass
class ResultTable:
    """Learns its columns from all rows (`learn`) before it gives the lines of one (`lines`).

    `items`: the list that has a line for each of its values, by the names of its keys with points between them; a
    document without any has one line. `full`: what is known of each value, too: rows are then as the API has them.
    """

    items: str | None = None
    full: bool = False
    _columns: dict[Path, bool] = field(default_factory=dict)  # and whether anything but null ever stood there
    _ours: dict[str, None] = field(default_factory=dict)
    _found: bool = False  # the list of `items`, in any row

    def learn(self, row: Mapping[str, Any]) -> None:
        self._ours.update(dict.fromkeys(name for name in OURS if name in row))
        for line in self._values(row):
            for path, value in line.items():
                self._columns[path] = self._columns.get(path, False) or value is not None

    @property
    def without_items(self) -> bool:
        """Whether `items` names a list that no row has: a mistake, unless nothing succeeded."""
        return self.items is not None and not self._found and bool(self._columns)

    def header(self) -> list[str]:
        named = [name_of(path) for path in self._paths()]
        known = [*KNOWN, *(f"confidence: {name}" for name in named)] if self.full else []
        return [*self._our_names(), *named, *known, *BEHIND]

    def lines(self, row: Mapping[str, Any]) -> Iterator[list[Cell]]:
        """Each as long as the header."""
        paths, error = self._paths(), row.get("error") or {}
        for number, line in enumerate(self._values(row)):
            ours = [row.get(name) for name in self._our_names()]
            known = self._known(row, paths, number) if self.full else []
            yield [*ours, *map(line.get, paths), *known, error.get("code"), error.get("detail")]

    def _our_names(self) -> list[str]:
        return [name for name in OURS if name in self._ours]

    def _paths(self) -> list[Path]:
        """A path that is null wherever it is no object has no column of its own; `items` stands behind the others."""
        parents = {path[:end] for path in self._columns for end in range(len(path))}
        kept = [path for path, filled in self._columns.items() if filled or path not in parents]
        inside = self._list_path
        return sorted(kept, key=lambda path: bool(inside) and path[: len(inside)] == inside)

    @property
    def _list_path(self) -> Path:
        return tuple(self.items.split(".")) if self.items else ()

    def _values(self, row: Mapping[str, Any]) -> Iterator[dict[Path, Cell]]:
        data = _data_of(row)
        if data is None:
            yield {}
            return
        inside = self._list_path
        rows, rest = _taken_out(data, inside) if inside else (None, data)
        self._found |= rows is not None
        outside = dict(_flat(rest, ()))
        if not rows:
            yield outside
        for value in rows or ():
            yield outside | dict(_flat(value, inside))

    def _known(self, row: Mapping[str, Any], paths: Iterable[Path], number: int) -> list[Cell]:
        result = row.get("result") or {}
        usage, fields, inside = result.get("usage") or {}, result.get("fields") or {}, self._list_path
        marks = "; ".join(f"{mark['pointer'] or '/'}: {mark['code']}" for mark in result.get("review") or ())
        spent = [usage.get(name.partition(".")[2]) for name in KNOWN[1:]]
        places = [_place(path, inside, number) for path in paths]
        return [marks or None, *spent, *((fields.get(pointer(place)) or {}).get("confidence") for place in places)]


def name_of(path: Path) -> str:
    """What a column is called."""
    dotted = ".".join(path)
    plain = all(key and "." not in key and "/" not in key for key in path)
    return dotted if plain and dotted not in _TAKEN and not dotted.startswith("confidence: ") else pointer(path)


def pointer(path: Path) -> str:
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)


def _data_of(row: Mapping[str, Any]) -> Any:
    """Of a short row, or of one as the API has it."""
    return row["data"] if "data" in row else (row.get("result") or {}).get("data")


def _taken_out(data: Any, inside: Path) -> tuple[list[Any] | None, Any]:
    """The list at a path (None: there is none) and the data without it."""
    key, *rest = inside
    if not isinstance(data, dict) or key not in data:
        return None, data
    if rest:
        rows, left = _taken_out(data[key], tuple(rest))
        return rows, data | {key: left}
    if not isinstance(data[key], list):
        return None, data
    return data[key], {name: value for name, value in data.items() if name != key}


def _flat(value: Any, path: Path) -> Iterator[tuple[Path, Cell]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flat(item, (*path, key))
    elif isinstance(value, dict | list):
        yield path, dumps(value)
    else:
        yield path, value


def _place(path: Path, inside: Path, number: int) -> Path:
    """Where in the data the value of a column stands, on the line of a list's `number`th value."""
    within = bool(inside) and path[: len(inside)] == inside
    return (*inside, str(number), *path[len(inside) :]) if within else path
