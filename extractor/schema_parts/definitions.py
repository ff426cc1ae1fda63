"""A schema whose references all lead to `$defs`, so that a property can be taken out of it. Pure: knows JSON Schema."""

from __future__ import annotations

import re
from typing import Any

from extractor.grammar.narrow.unfold import reached
from schemas import keywords

JSON = dict[str, Any]

_PREFIX = "#/$defs/"
_PLAIN = re.compile(r"#/\$defs/([^/%~]+)")


def gathered(root: JSON) -> JSON:
    """`root` with what is referred to in `$defs`, and nothing else there. Names stay where they can, because a prompt
    shows those of recursive definitions."""
    return _Gathering(root).whole()


def pruned(root: JSON) -> JSON:
    """A gathered schema of which something was left out, without the definitions that are no longer used."""
    top = {key: value for key, value in root.items() if key != "$defs"}
    defs = reached(top, root.get("$defs", {}))
    return {**top, "$defs": defs} if defs else top


class _Gathering:
    def __init__(self, root: JSON) -> None:
        self._root = root
        self._names: dict[str, str] = {}
        self._waiting: list[str] = []

    def whole(self) -> JSON:
        top, defs = self._rewritten(self._root), {}
        while self._waiting:  # not by recursion: a long chain of definitions is no deep one
            ref = self._waiting.pop(0)
            defs[self._names[ref]] = self._rewritten(keywords.resolve(self._root, ref))
        return {**top, "$defs": defs} if defs else top

    def _rewritten(self, node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        new: JSON = {}
        for key, value in node.items():
            if key in keywords.DEFINITIONS:
                continue
            if key == "$ref":
                value = _PREFIX + self._name(value)
            elif key in keywords.ONE:
                value = self._rewritten(value)
            elif key in keywords.MANY:
                value = [self._rewritten(one) for one in value]
            elif key in keywords.NAMED:
                value = {name: self._rewritten(one) for name, one in value.items()}
            new[key] = value
        return new

    def _name(self, ref: str) -> str:
        if ref not in self._names:
            plain = _PLAIN.fullmatch(ref)
            name = plain[1] if plain else f"part:{len(self._names)}"
            self._names[ref] = name
            self._waiting.append(ref)
        return self._names[ref]
