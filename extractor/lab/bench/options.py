"""What the command lines of the measurements share: types of options, and how a fault is told."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from extractor.errors import ExtractorError

MTP = "0.80,0.62,0.47,0.36"  # assumed: how likely a chain of an MTP drafter is right up to each of its places


def command(parser: ArgumentParser, arguments: list[str], work: Callable[[Namespace], int]) -> int:
    """`work`'s exit code; 2, after one line that says why, for what it was asked wrongly. Usage ends in argparse."""
    options = parser.parse_args(arguments)
    try:
        return work(options)
    except (ExtractorError, ValueError) as error:
        print(f"{parser.prog}: {' '.join(str(error).split())}", file=sys.stderr)
        return 2


def natural(text: str, least: int = 0) -> int:
    try:
        number = int(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no whole number") from None
    if number < least:
        raise ArgumentTypeError(f"{number} is less than {least}")
    return number


def positive(text: str) -> int:
    return natural(text, 1)


def positives(text: str) -> tuple[int, ...]:
    """At least one, separated by commas."""
    return tuple(positive(part) for part in text.split(","))


def falling(text: str) -> list[float]:
    """Of a chain, to be right up to each of its places: each above 0, and none above the one before it."""
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is no list of numbers") from None
    if not all(0 < after <= before for before, after in pairwise([1.0, *shares])):
        raise ArgumentTypeError(f"{text!r} does not fall from 1 towards 0")
    return shares


def writable(text: str) -> Path:
    """A file that can be written, so that nobody measures for nothing."""
    path = Path(text)
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ArgumentTypeError(f"{text} cannot be written")
    return path
