"""Finds the schemas: the files of builtin/ and those beside this one, and the folders, files or modules a caller adds.

A schema file is Python with a pydantic model. Which one: `__extract__ = Model` if the file says so, else the last
model defined in it. Its name is the file's; its version the file's or the model's `__version__`, else "1". A caller's
file takes the place of a built-in one of its name. A file that cannot be used is a line in `problems` and never an
exception. Files that come later are found when they are asked for. Environment variables are the callers' business.
"""

from __future__ import annotations

import difflib
import importlib
import logging
import pkgutil
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from types import ModuleType

from schemas.errors import SchemaProblem, UnknownSchema
from schemas.files import find, load_file, of_file, reason
from schemas.schema import Schema

__all__ = ["HERE", "MACHINERY", "Registry", "of_file", "schema_files"]

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
_MACHINERY = "__init__ check doubts errors examples files jsontext keywords limits nodes registry schema types"
MACHINERY = frozenset(_MACHINERY.split())
_NAMED = 20  # schemas in an error


class Registry:
    """Schemas by name. `problems` says for each file (or module) that could not be used why not; `notes`, which are
    logged too, what somebody should know of those that could. Thread-safe."""

    def __init__(self) -> None:
        self._schemas: dict[str, Schema] = {}
        self._failed: dict[str, str] = {}  # by the name a schema would have had: its file, and why it has not
        self._built_in: set[str] = set()
        self._places: dict[Path, str] = {}  # folders and files, and what the caller called them
        self._seen: dict[Path, int] = {}  # files that were tried, and when they had been written
        self._modules = False
        self._lock = threading.RLock()
        self.problems: dict[str, str] = {}
        self.notes: list[str] = []

    @classmethod
    def discover(cls, extra: Sequence[str] = ()) -> Registry:
        """The built-in schemas and those of each entry of `extra`: a folder, a .py file, or a module or package."""
        registry = cls()
        for room, folder in (("schemas.builtin", HERE / "builtin"), ("schemas", HERE)):
            for path in sorted(folder.glob("*.py")):
                if path.stem not in MACHINERY:
                    registry._add(path.name, path.stem, partial(importlib.import_module, f"{room}.{path.stem}"))
        registry._built_in = set(registry._schemas)
        for entry in filter(None, map(str.strip, extra)):
            try:
                registry._add_from(entry)
            except (OSError, RuntimeError) as error:  # nobody's home folder, or one we may not look into
                registry.problems[entry] = reason(error)
        return registry

    def get(self, ref: str) -> Schema:
        """The schema called `name` or `name@version`; one that is not known is looked for. Raises UnknownSchema."""
        name, _, version = ref.partition("@")
        with self._lock:
            if name not in self._schemas:
                self.look()
            schema = self._schemas.get(name)
            if schema is None and name in self._failed:
                raise UnknownSchema(f"schema {name!r} could not be loaded: {self._failed[name]}")
            if schema is None:
                raise UnknownSchema(self._unknown(name))
        if version and version != schema.version:
            raise UnknownSchema(f"schema {name!r} is at version {schema.version!r}, not {version[:32]!r}")
        return schema

    def similar(self, ref: str) -> Sequence[str]:
        """Names of schemas that `ref` may have been meant to be, the nearest first; three at most."""
        with self._lock:
            names = sorted(self._schemas)
        return difflib.get_close_matches(ref.partition("@")[0].lower()[:100], names, n=3, cutoff=0.6)

    def _unknown(self, name: str) -> str:
        meant = f" (did you mean {' or '.join(near)}?)" if (near := self.similar(name)) else ""
        names = ", ".join([*self._schemas][:_NAMED]) or "none"
        more = f" and {len(self._schemas) - _NAMED} more" if len(self._schemas) > _NAMED else ""
        later = "; modules that come later are found after a restart" if self._modules else ""
        return f"there is no schema {name[:64]!r}{meant}; there are: {names}{more}{later}"

    def list(self) -> list[Schema]:
        """All schemas by name, those of files that have come since among them."""
        with self._lock:
            self.look()
            return [self._schemas[name] for name in sorted(self._schemas)]

    def look(self) -> None:
        """Takes in the files that have come into the folders, and those that could not be used and were written anew.
        A schema that is known stays as it is, whatever becomes of its file: what it is must be the same for everybody
        until they are restarted."""
        with self._lock:
            for place, entry in self._places.items():
                files = schema_files(place)
                if files:
                    self.problems.pop(entry, None)  # of a folder that was empty
                for file in files:
                    if self._seen.get(file) != _written(file):
                        self._look_at(file)

    def _look_at(self, file: Path) -> None:
        new = file not in self._seen
        if file.stem not in self._schemas:
            self.problems.pop(file.name, None)
            self._failed.pop(file.stem, None)
            self._add_file(file)
            return
        self._seen[file] = _written(file)
        self._note(f"{file.name}: {'has come' if new else 'was changed'}; it is used after a restart")

    def _add_from(self, entry: str) -> None:
        path = Path(entry).expanduser()
        if path.is_dir() or path.suffix == ".py" or path.exists():
            self._places[path] = entry
            files = schema_files(path)
            if not files:
                self.problems[entry] = "the folder holds no .py file"
            for file in files:
                self._add_file(file)
        else:
            self._modules = True
            try:
                with redirect_stdout(sys.stderr):
                    names = list(_modules(entry))
            except (Exception, SystemExit) as error:
                self.problems[entry] = _no_module(entry, error)
                return
            for name in names:
                self._add(name, name.rpartition(".")[2], partial(importlib.import_module, name))

    def _add_file(self, file: Path) -> None:
        self._seen[file] = _written(file)
        self._add(file.name, file.stem, partial(load_file, file), file)

    def _add(self, label: str, name: str, load: Callable[[], ModuleType], path: Path | None = None) -> None:
        try:
            found = find(load, name, path)
            if name in self._schemas and name not in self._built_in:
                raise SchemaProblem(f"the name {name!r} is taken by another file")
        except SchemaProblem as problem:
            self.problems[label if label not in self.problems else f"{label} (again)"] = problem.detail
            self._failed[name] = f"{label}: {problem.detail}"
            return
        if name in self._built_in:
            self._built_in.remove(name)
            self._note(f"{label} takes the place of the built-in schema {name!r}")
        if found.doubt:
            self._note(f"{label}: {found.doubt}")
        self._schemas[name] = found.schema

    def _note(self, text: str) -> None:
        self.notes.append(text)
        log.warning("schemas: %s", text)


def schema_files(place: Path) -> list[Path]:
    """Those of a folder that may be schemas; else the file itself."""
    if not place.is_dir():
        return [place]
    return [file for file in sorted(place.glob("*.py")) if not file.stem.startswith("_")]


def _no_module(entry: str, error: BaseException) -> str:
    named = isinstance(error, ModuleNotFoundError) and error.name is not None
    if named and f"{entry}.".startswith(f"{error.name}."):  # type: ignore[attr-defined]
        return "there is no such folder, file or module here"
    return f"is neither a folder nor a module that loads: {reason(error)}"


def _written(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _modules(entry: str) -> Iterator[str]:
    """The module itself, or each module of the package, that may hold a schema."""
    module = importlib.import_module(entry)
    if not hasattr(module, "__path__"):
        yield entry
        return
    for found in pkgutil.iter_modules(module.__path__):
        if not found.name.startswith("_"):
            yield f"{entry}.{found.name}"
