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

from workers.ledger.clock import LedgerClock

T = TypeVar("T")
Arg = str | bytes | int
_SHARED = ("keys", "clock", "durations", "info", "quota", "reads", "hooks", "line", "moves")  # in this order


@dataclass(frozen=True)
class Script:
    """`text` begins with a shebang that holds the script's flags (Redis 7): `allow-oom` for what must work when
    memory is full (a result must land), none for creation (which Redis then refuses). It takes as its last argument
    what time its caller expects, and answers with the time and what the script returned (lua/shared/clock.lua)."""

    name: str
    text: str
    sha1: str


@dataclass(frozen=True)
class Call(Generic[T]):
    """`script` is None where the answer is known without the store."""

    script: Script | None
    prefix: str
    args: tuple[Arg, ...]
    decode: Callable[[Any], T]

    @classmethod
    def answered(cls, value: T) -> Call[T]:
        """A call whose answer is known: running it asks no store."""
        return cls(None, "", (), lambda _: value)

    @property
    def size(self) -> int:
        """Bytes of its arguments, nearly."""
        return sum(len(arg) for arg in self.args if not isinstance(arg, int))

    def sent(self, clock: LedgerClock) -> tuple[Arg, ...]:
        """Its key and its arguments, as EVALSHA takes them."""
        return (self.prefix, *self.args, clock.expected())

    def answer(self, reply: list[Any], clock: LedgerClock) -> T:
        """Decodes what the script returned. Redis leaves out a nil at the end of a list."""
        clock.learn(reply[0])
        return self.decode(reply[1] if len(reply) > 1 else None)


@cache
def script(name: str) -> Script:
    shebang, _, body = source(f"{name}.lua").partition("\n")
    parts = [source(f"shared/{shared}.lua") for shared in _SHARED]
    noting = "" if "no-writes" in shebang else "note_time()"
    text = "\n".join((shebang, *parts, noting, "local function answer()", body, "end", "return { NOW, answer() }"))
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def source(name: str) -> str:
    return _SOURCES[name]


def _sources() -> dict[str, str]:
    """Every file, by its name. They are read when the process starts: where a new version is installed under one that
    still runs, a script that is used for the first time would else be the new one, with an answer in another form."""
    lua = resources.files(__package__) / "lua"
    files = {f"{folder}{one.name}": one for folder in ("", "shared/") for one in (lua / folder).iterdir()}
    return {name: file.read_text("utf-8") for name, file in files.items() if name.endswith(".lua")}


_SOURCES = _sources()
