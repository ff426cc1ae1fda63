"""What the tests of the sandbox run in it: a module that does every harm it can."""

from __future__ import annotations

import ctypes
import os
import re
import socket
import time
from pathlib import Path
from typing import Any

from extractor.sandbox import Rejected

_given: Any = None
_seen: list[Any] = []


def setup(value: Any, blob: bytes = b"") -> None:
    global _given
    if value == "broken":
        raise ValueError("no such thing")
    _given = {**value, "blob": len(blob), "last": blob[-1]} if blob else value


def echo(value: Any, blobs: list[bytes]) -> tuple[Any, list[bytes]]:
    return {"value": value, "given": _given}, blobs


def remember(value: Any, _: list[bytes]) -> list[Any]:
    _seen.append(value)
    return _seen


def refuse(value: Any, _: list[bytes]) -> None:
    raise Rejected("too_large", "it is too large", pointer="/a", limit=["max", value])


def fail(value: Any, _: list[bytes]) -> None:
    raise RuntimeError(f"the secret is {value}")


def spin(_: Any, __: list[bytes]) -> None:
    while True:
        pass


def spin_in_native_code(_: Any, __: list[bytes]) -> None:
    re.match(r"(a*)*b", "a" * 64)  # holds the interpreter, so that no Python handler would ever run


def sleep(value: Any, _: list[bytes]) -> None:
    time.sleep(value)


def eat(_: Any, __: list[bytes]) -> int:
    return len([bytearray(1 << 20) for _ in range(1 << 16)])


def die(value: Any, _: list[bytes]) -> None:
    os.kill(os.getpid(), value)


def segfault(_: Any, __: list[bytes]) -> None:
    ctypes.string_at(0)


def flood(value: Any, _: list[bytes]) -> tuple[Any, list[bytes]]:
    return None, [bytes(value)]


def environ(_: Any, __: list[bytes]) -> list[str]:
    return sorted(os.environ)


def pid(_: Any, __: list[bytes]) -> int:
    return os.getpid()


def write(value: Any, _: list[bytes]) -> str:
    try:
        Path(value).write_text("here I was")
    except OSError as error:
        return type(error).__name__
    return "written"


def read(value: Any, _: list[bytes]) -> str:
    try:
        return Path(value).read_text()
    except OSError as error:
        return type(error).__name__


def call_home(value: Any, _: list[bytes]) -> str:
    try:
        with socket.create_connection(("127.0.0.1", value), timeout=2):
            return "connected"
    except OSError as error:
        return type(error).__name__
