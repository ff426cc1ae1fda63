"""A schema out of a user's Python file or module: run it, choose its model, and say for a person why it cannot be used.

A file is code and may do anything when it is run. What it prints goes to stderr, because stdout is for answers;
whatever it raises becomes a SchemaProblem; it leaves nothing in `sys.modules` and nothing in its folder.
"""

from __future__ import annotations

import importlib.util
import logging
import re
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from pydantic import BaseModel

from schemas.errors import SchemaProblem
from schemas.schema import Schema, of_model

log = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MAIL = "email-validator"
_NOISE = re.compile(r'Error building "[\w-]+" validator:|\^+|For further information visit \S+')
_PYTHONS_OWN = ("look-around", "backreferences")  # what a pattern may have in Python, and not in pydantic's own engine
_LONGEST = 600  # characters of a message


@dataclass(frozen=True)
class Found:
    """`doubt`: why it may be another class that was meant; empty where there is none."""

    schema: Schema
    doubt: str = ""


def of_file(path: Path) -> Schema:
    """The schema of one Python file, outside any registry; a doubt is logged. Raises SchemaProblem saying why it cannot
    be used."""
    found = find_in(path)
    if found.doubt:
        log.warning("schemas: %s: %s", path.name, found.doubt)
    return found.schema


def find_in(path: Path) -> Found:
    """What one Python file has to extract. Raises SchemaProblem."""
    return find(lambda: load_file(path), path.stem, path)


def find(load: Callable[[], ModuleType], name: str, path: Path | None = None) -> Found:
    """What the module that `load` returns has to extract, under `name`. Raises SchemaProblem, whatever the code does;
    where `path` is its file, with the line."""
    path = path and path.absolute()  # as Python names it in a traceback
    try:
        with redirect_stdout(sys.stderr):
            return _found(load(), name)
    except SchemaProblem:
        raise
    except (Exception, SystemExit) as error:  # it must not take us along
        raise SchemaProblem(reason(error, path)) from None


def load_file(path: Path) -> ModuleType:
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


def reason(error: BaseException, path: Path | None = None) -> str:
    """One line for a person: what, and where in the file."""
    if isinstance(error, SchemaProblem):
        return error.detail
    if isinstance(error, OSError) and path is not None and error.filename == str(path):
        return f"cannot be read: {error.strerror}"
    line = _line(error, path)
    where = f" (line {line})" if line else ""
    if isinstance(error, ImportError) and _MAIL in str(error):
        return f"an EmailStr needs the package {_MAIL}, which is not installed here: pip install {_MAIL}{where}"
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return (
            f"needs the package {package!r}, which is not installed here ({type(error).__name__}): install it where "
            f"API and workers run{where}"
        )
    text = _in_a_line(str(error.msg) if isinstance(error, SyntaxError) else str(error))
    return f"{type(error).__name__}: {text}{where}"


def _in_a_line(text: str) -> str:
    """All that a message says: pydantic names the field and why a pattern is refused far below its first line."""
    lines = [line.strip().removeprefix("SchemaError: ") for line in text.splitlines()]
    joined = " ".join(line for line in lines if line and not _NOISE.fullmatch(line))
    if any(word in joined for word in _PYTHONS_OWN):
        joined += ': write the pattern without, or let Python match it (model_config = {"regex_engine": "python-re"})'
    return joined if len(joined) <= _LONGEST else joined[: _LONGEST - 1] + "…"


def _line(error: BaseException, path: Path | None) -> int | None:
    """Of the file itself, where that is known: the last frame is often one of a library that it calls."""
    if isinstance(error, SyntaxError):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    if path is not None:
        frames = traceback.StackSummary(frame for frame in frames if Path(frame.filename) == path)
    return frames[-1].lineno if frames else None


def _found(module: ModuleType, name: str) -> Found:
    if not _NAME.fullmatch(name):
        raise SchemaProblem("the file's name must be lower-case letters, digits and underscores")
    own = [item for item in vars(module).values() if _is_model(item) and item.__module__ == module.__name__]
    named = getattr(module, "__extract__", None)
    if named is None and not own:
        raise SchemaProblem("defines no pydantic model")
    model: type[BaseModel] = own[-1] if named is None else named
    if not _is_model(model):
        raise SchemaProblem("__extract__ is not a pydantic model")
    version = getattr(module, "__version__", None) if _names_version(module) else None
    schema = of_model(model, name=name, version=None if version is None else str(version))
    return Found(schema, _doubt(schema, model, own) if named is None else "")


def _doubt(schema: Schema, model: type[BaseModel], own: list[type[BaseModel]]) -> str:
    """The last model is taken. No doubt of it where every other one is a part of it, or what it is derived from."""
    parts = {*schema.json_schema.get("$defs", ()), *(base.__name__ for base in model.__mro__)}
    others = [item.__name__ for item in own if item.__name__ not in parts]
    if not others:
        return ""
    return (
        f"its class {model.__name__} is taken, the last one, of which {', '.join(others)} is no part: write "
        f"__extract__ = {model.__name__}, or the one that is meant"
    )


def _names_version(module: ModuleType) -> bool:
    """Whether its own text does: `from pydantic import *` brings pydantic's."""
    path = str(module.__file__)
    return "__version__" in compile(Path(path).read_bytes(), path, "exec").co_names


def _is_model(item: object) -> bool:
    return isinstance(item, type) and issubclass(item, BaseModel)
