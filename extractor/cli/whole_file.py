"""The file that a command writes at its end: there whole or not at all, where a link leads, and never in the place of a
device or a pipe."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from extractor.cli.output import fail


def check_writable(path: Path) -> None:
    """Before anything is worked for. Raises Exit."""
    if path.is_dir() or not path.parent.is_dir():
        fail(f"{path} cannot be written: {'it is a folder' if path.is_dir() else 'there is no such folder'}")


def check_replaceable(path: Path) -> None:
    """What is there is replaced, and `/dev/null` is everybody's. Raises Exit."""
    if path.exists() and not path.is_file() and not path.is_dir():
        fail(f"{path} is a device or a pipe, and no file that could be replaced by the output")


def replace_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Raises Exit when it cannot be written."""
    target = Path(os.path.realpath(path))
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        fail(f"Cannot write {path}: {error.strerror}")
