"""What a pattern is to each engine, by its text; what is asked again is not read again."""

from __future__ import annotations

from functools import lru_cache

from schemas.patterns.anchors import anchored, holds_both_ends
from schemas.patterns.cursor import PatternError
from schemas.patterns.read import read
from schemas.patterns.tree import Node
from schemas.patterns.write import written


@lru_cache(maxsize=1024)
def fault(pattern: str) -> str:
    """Why it is no pattern that can be used; empty where it is one."""
    found = _read(pattern)
    return found if isinstance(found, str) else ""


@lru_cache(maxsize=1024)
def for_validator(pattern: str) -> str:
    """As it is to be matched anywhere in a text. Of a pattern with a fault, itself."""
    found = _read(pattern)
    return pattern if isinstance(found, str) else written(found)


@lru_cache(maxsize=1024)
def for_grammar(pattern: str) -> str | None:
    """The same for a grammar; None where none can hold it."""
    found = _read(pattern)
    if isinstance(found, str):
        return None
    try:
        return anchored(found)
    except PatternError:
        return None


@lru_cache(maxsize=1024)
def of_whole_text(pattern: str) -> bool:
    """Whether a grammar can hold it, and it says of the whole text what it is."""
    found = _read(pattern)
    try:
        return not isinstance(found, str) and holds_both_ends(found)
    except PatternError:
        return False


@lru_cache(maxsize=1024)
def _read(pattern: str) -> Node | str:
    try:
        return read(pattern)
    except PatternError as error:
        return str(error)
