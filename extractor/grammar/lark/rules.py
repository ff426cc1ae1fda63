"""Rules and terminals of llguidance's Lark by name, and what objects and lists of given parts look like. Knows JSON
text; knows no schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

NOTHING = '""'
_NAME = re.compile(r"\b[rj]\d+\b")
_DEEPEST = (
    1_000  # rules within each other: llguidance 1.9.1 goes down by recursion, and ends the process at about 2,500
)


class TooDeep(Exception):
    """More rules within each other than llguidance survives."""


class GrammarRules:
    """What is the same is written once. What makes a rule raises TooDeep."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}  # by their text
        self._depths: dict[str, int] = {}  # by their names

    def named(self, kind: str, text: str) -> str:
        """The rule, or the terminal where `kind` is upper case, of that text."""
        if text not in self._names:
            depth = (
                1 + max((self._depths.get(name, 0) for name in _NAME.findall(text)), default=0) if kind == "r" else 0
            )
            if depth > _DEEPEST:
                raise TooDeep
            name = f"{kind}{len(self._names)}"
            self._names[text], self._depths[name] = name, depth
        return self._names[text]

    def text(self, start: str) -> str:
        return "\n".join([f"start: {start}", *(f"{name}: {text}" for text, name in self._names.items())])

    def any_of(self, options: Iterable[str | None]) -> str | None:
        """One of those that are not None; None where none is."""
        possible = list(dict.fromkeys(option for option in options if option is not None))
        if len(possible) == 1 and possible[0] in self._depths:
            return possible[0]
        return self.named("r", " | ".join(possible)) if possible else None

    def object(self, fields: Sequence[tuple[str, str, bool]], pair: str | None, least: int, most: int) -> str:
        """`fields`: name, value, and whether it has to be there, in their order. Behind them `least` to `most` times
        `pair`, a key with its value, where that is not None."""
        items = [(f"{quoted(json_text(name) + ':')} {value}", needed) for name, value, needed in fields]
        return self.named("r", f'"{{" {self._members(items, pair, least, most)} "}}"')

    def _members(self, items: list[tuple[str, bool]], pair: str | None, least: int, most: int) -> str:
        """What stands between the braces. From the end: how it goes on where something was written, and where nothing
        was."""
        after, first = NOTHING, NOTHING
        if pair is not None and most:
            after = self.named("r", f'("," {pair}){{{least},{most}}}')
            first = self.named("r", _several(pair, least, most))
        for item, needed in reversed(items):
            alone = item if after == NOTHING else f"{item} {after}"
            after, first = (
                self.named("r", f'"," {alone}' if needed else f'("," {item})? {after}'),
                self.named("r", alone if needed else f"{alone} | {first}"),
            )
        return first

    def array(self, listed: Sequence[str], item: str | None, least: int, most: int) -> str:
        """`least` to `most` values: those `listed`, and `item` from there on, where that is not None. `most` is no more
        than there may be."""
        if not listed:
            return self.named("r", f'"[" {_several(item, least, most) if item else NOTHING} "]"')
        more = most - len(listed)
        after = f'("," {item}){{{max(0, least - len(listed))},{more}}}' if more else NOTHING
        for at in range(len(listed) - 1, 0, -1):
            after = f'"," {listed[at]} {self.named("r", after)}'
            after = after if at < least else f"({after})?"
        body = f"{listed[0]} {self.named('r', after)}"
        return self.named("r", f'"[" {body} "]"' if least else f'"[" ({body})? "]"')


def _several(one: str, least: int, most: int) -> str:
    """So many, with commas between them."""
    if not most:
        return NOTHING
    after = f' ("," {one}){{{max(0, least - 1)},{most - 1}}}' if most > 1 else ""
    return f"{one}{after}" if least else f"({one}{after})?"


def json_text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def quoted(text: str) -> str:
    """As a Lark literal."""
    return json.dumps(text, ensure_ascii=False)
