"""Finds the schemas: the files beside this one, and the folders, files or modules a caller adds.

A schema file is Python with a pydantic model. Which one: `__extract__ = Model` if the file says so, else the last
model defined in it. Its name is the file's; its version the file's or the model's `__version__`, else "1". A file that
cannot be used is a line in `problems` and never an exception; what one prints goes to stderr, because stdout is for
answers. Environment variables are the callers' business.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel

from schemas.errors import SchemaProblem, UnknownSchema
from schemas.schema import Schema, of_model

HERE = Path(__file__).parent
_MACHINERY = "__init__ check errors examples jsontext keywords limits patterns registry schema types"
MACHINERY = frozenset(_MACHINERY.split())
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


class Registry:
    """Schemas by name. `problems` says for each file (or module) that could not be used why not."""

    def __init__(self) -> None:
        self._schemas: dict[str, Schema] = {}
        self._failed: dict[str, str] = {}  # by the name a schema would have had: its file, and why it has not
        self.problems: dict[str, str] = {}

    @classmethod
    def discover(cls, extra: Sequence[str] = ()) -> Registry:
        """The built-in schemas and those of each entry of `extra`: a folder, a .py file, or a module or package."""
        registry = cls()
        for path in sorted(HERE.glob("*.py")):
            if path.stem not in MACHINERY:
                registry._add(path.name, path.stem, lambda path=path: importlib.import_module(f"schemas.{path.stem}"))
        for entry in filter(None, map(str.strip, extra)):
            try:
                registry._add_from(entry)
            except (OSError, RuntimeError) as error:  # nobody's home folder, or one we may not look into
                registry.problems[entry] = _reason(error)
        return registry

    def get(self, ref: str) -> Schema:
        """The schema called `name` or `name@version`. Raises UnknownSchema."""
        name, _, version = ref.partition("@")
        schema = self._schemas.get(name)
        if schema is None and name in self._failed:
            raise UnknownSchema(f"schema {name!r} could not be loaded: {self._failed[name]}")
        if schema is None:
            raise UnknownSchema(f"there is no schema {name[:64]!r}; there are: {', '.join(self._schemas) or 'none'}")
        if version and version != schema.version:
            raise UnknownSchema(f"schema {name!r} is at version {schema.version!r}, not {version[:32]!r}")
        return schema

    def list(self) -> list[Schema]:
        """All schemas by name."""
        return [self._schemas[name] for name in sorted(self._schemas)]

    def _add_from(self, entry: str) -> None:
        path = Path(entry).expanduser()
        if path.is_dir():
            files = sorted(path.glob("*.py"))
            if not files:
                self.problems[entry] = "the folder holds no .py file"
            for file in files:
                if not file.stem.startswith("_"):
                    self._add(file.name, file.stem, lambda file=file: _load_file(file))
        elif path.suffix == ".py" or path.exists():
            self._add(path.name, path.stem, lambda: _load_file(path))
        else:
            try:
                with redirect_stdout(sys.stderr):
                    names = list(_modules(entry))
            except (Exception, SystemExit) as error:
                self.problems[entry] = f"is neither a folder nor a module that loads: {_reason(error)}"
                return
            for name in names:
                self._add(name, name.rpartition(".")[2], lambda name=name: importlib.import_module(name))

    def _add(self, label: str, name: str, load: object) -> None:
        assert callable(load)
        try:
            with redirect_stdout(sys.stderr):
                schema = _schema_of(load(), name)
            if name in self._schemas:
                raise SchemaProblem(f"the name {name!r} is taken by another file")
        except (Exception, SystemExit) as error:  # a user's file may raise anything at all; it must not take us along
            why = _reason(error)
            self.problems[label if label not in self.problems else f"{label} (again)"] = why
            self._failed[name] = f"{label}: {why}"
        else:
            self._schemas[name] = schema


def of_file(path: Path) -> Schema:
    """The schema of one Python file, outside any registry. Raises SchemaProblem saying why it cannot be used."""
    try:
        with redirect_stdout(sys.stderr):
            return _schema_of(_load_file(path), path.stem)
    except SchemaProblem:
        raise
    except (Exception, SystemExit) as error:  # the user's code again
        raise SchemaProblem(_reason(error)) from None


def _schema_of(module: ModuleType, name: str) -> Schema:
    if not _NAME.fullmatch(name):
        raise SchemaProblem("the file's name must be lower-case letters, digits and underscores")
    model = getattr(module, "__extract__", None)
    if model is None:
        own = [item for item in vars(module).values() if _is_model(item) and item.__module__ == module.__name__]
        if not own:
            raise SchemaProblem("defines no pydantic model")
        model = own[-1]
    if not _is_model(model):
        raise SchemaProblem("__extract__ is not a pydantic model")
    version = getattr(module, "__version__", None) if _names_version(module) else None
    return of_model(model, name=name, version=None if version is None else str(version))


def _names_version(module: ModuleType) -> bool:
    """Whether its own text does: `from pydantic import *` brings pydantic's."""
    path = str(module.__file__)
    return "__version__" in compile(Path(path).read_bytes(), path, "exec").co_names


def _is_model(item: object) -> bool:
    return isinstance(item, type) and issubclass(item, BaseModel)


def _load_file(path: Path) -> ModuleType:
    """The module of a file, under a name of its own that is gone from sys.modules when it has run (pydantic looks
    its annotations up there while it runs)."""
    name = f"_schema_file_{path.stem}_{abs(hash(path.resolve()))}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise SchemaProblem("is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # the folder is the user's: leave nothing in it
    try:
        spec.loader.exec_module(module)
        for item in vars(module).values():
            if _is_model(item) and item.__module__ == name:
                item.model_rebuild()  # models that named a later one
    finally:
        sys.dont_write_bytecode = writes
        del sys.modules[name]
    return module


def _modules(entry: str) -> Iterator[str]:
    """The module itself, or each module of the package, that may hold a schema."""
    module = importlib.import_module(entry)
    if not hasattr(module, "__path__"):
        yield entry
        return
    for found in pkgutil.iter_modules(module.__path__):
        if not found.name.startswith("_"):
            yield f"{entry}.{found.name}"


def _reason(error: BaseException) -> str:
    """One line for a person: what, and where in the file."""
    if isinstance(error, SchemaProblem):
        return error.detail
    line = error.lineno if isinstance(error, SyntaxError) else None
    if line is None and error.__traceback__ is not None:
        line = traceback.extract_tb(error.__traceback__)[-1].lineno
    text = str(error).splitlines()
    return f"{type(error).__name__}: {text[0] if text else ''} (line {line})"
