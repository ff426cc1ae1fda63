"""The Lua scripts as values: each transition of the ledger is one of them, run by Redis as one step. A `Call` is a
script with its arguments and the way its answer is read; the sync and the async ledger run the same calls.
Knows no connection."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Arg = str | bytes | int


@dataclass(frozen=True)
class Script:
    """`text` begins with a shebang that holds the script's flags (Redis 7): `allow-oom` for what must work when
    memory is full (a result must land), none for creation (which Redis then refuses)."""

    name: str
    text: str
    sha1: str


@dataclass(frozen=True)
class Call(Generic[T]):
    script: Script
    prefix: str
    args: tuple[Arg, ...]
    decode: Callable[[Any], T]


@cache
def script(name: str) -> Script:
    folder = resources.files(__package__) / "lua"
    shebang, _, body = (folder / f"{name}.lua").read_text("utf-8").partition("\n")
    text = "\n".join((shebang, (folder / "prelude.lua").read_text("utf-8"), body))
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
