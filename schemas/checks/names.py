"""What `propertyNames` says of the keys of an object, as a grammar can hold it: a list of names, or a pattern."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from schemas import keywords
from schemas.checks.formats import PATTERNS
from schemas.patterns import for_grammar

_HEX = "[0-9A-Fa-f]"
_FORMATS = {**PATTERNS, "uuid": f"^{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}$"}
_SILENT = frozenset({"type", "title", "description", "default", "examples", "deprecated", "$comment"})
_SILENT |= {keywords.PRINTED}
_LENGTHS = frozenset({"minLength", "maxLength"})


@dataclass(frozen=True)
class Names:
    """Of keys: the `listed` ones alone, or all that have the `pattern` somewhere in them."""

    listed: tuple[str, ...] | None = None
    pattern: str = ""


def names_of(root: Any, node: Any, seen: tuple[str, ...] = ()) -> Names | None:
    """None where a grammar cannot hold it, or where it says nothing."""
    if not isinstance(node, dict):
        return None if node else Names(())
    checked = {key: value for key, value in node.items() if key not in _SILENT}
    if "string" not in node.get("type", "string"):
        return Names(())
    if checked.keys() == {"$ref"} and checked["$ref"] not in seen:
        return names_of(root, keywords.resolve(root, checked["$ref"]), (*seen, checked["$ref"]))
    if checked.keys() in ({"enum"}, {"const"}):
        values = checked["enum"] if "enum" in checked else [checked["const"]]
        return Names(tuple(dict.fromkeys(value for value in values if isinstance(value, str))))
    if checked.keys() == {"pattern"}:
        return Names(pattern=checked["pattern"])
    if checked.keys() == {"format"} and checked["format"] in _FORMATS:
        return Names(pattern=_FORMATS[checked["format"]])
    if checked and checked.keys() <= _LENGTHS:
        least, most = int(checked.get("minLength", 0)), checked.get("maxLength")
        return Names(pattern=f"^[^]{{{least},{'' if most is None else int(most)}}}$")
    if checked.keys() == {"anyOf"}:
        return _either(names_of(root, one, seen) for one in checked["anyOf"])
    return None


def names_in_grammar(root: Any, node: Any) -> Names | None:
    """What `propertyNames` of an object becomes; None where it is only checked in the answer."""
    if "properties" in node or "patternProperties" in node:
        return None
    names = names_of(root, node["propertyNames"])
    return names if names is None or names.listed is not None or for_grammar(names.pattern) is not None else None


def pattern_of(names: Names) -> str:
    """The names as a pattern; of listed ones as every engine reads it, and of the whole name."""
    return names.pattern if names.listed is None else f"^(?:{'|'.join(map(_escaped, names.listed))})$"


def _either(options: Iterator[Names | None]) -> Names | None:
    kept: list[Names] = []
    for one in options:
        if one is None:
            return None
        kept.append(one)
    if all(one.listed is not None for one in kept):
        return Names(tuple(dict.fromkeys(name for one in kept for name in one.listed or ())))
    return Names(pattern="|".join(f"(?:{pattern_of(one)})" for one in kept if one.listed != ()))


def _escaped(name: str) -> str:
    return "".join(char if char.isalnum() else f"\\x{{{ord(char):x}}}" for char in name)
