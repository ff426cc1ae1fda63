"""Text of a document that imitates an answer of the schema: several of the schema's keys, spelled as keys, with values,
beside other text. A document that is nothing but keys and values is an export, and imitates nothing. Pure: knows text
and JSON Schema.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

Span = tuple[int, int]  # half-open

_QUOTED, _PLAIN = 2, 3  # keys of the schema that make an imitation: in quotes, and as lines of `key: value`
_LEAST_WORDS = 5  # beside it, that make it a part of something else

_QUOTE = r"\\?[\"'“”„‘’]"
_KEY = re.compile(rf"{_QUOTE}([^\"'“”„‘’\\\n:]{{1,64}}){_QUOTE}\s{{0,4}}[:=]\s{{0,8}}")
_STRING = r'"(?:\\.|[^"\\])*+"'
_VALUE = re.compile(rf"{_STRING}|“[^”]{{0,2000}}”|[^\s,{{}}\[\]\"“][^,{{}}\[\]\n]*")
_BETWEEN = re.compile(
    rf"(?:[\s,;{{}}\[\]]|{_STRING}(?!\s{{0,4}}:)|(?:-?\d[\d.eE+-]*|true|false|null)(?![\w.]))*+", re.DOTALL
)
_OPENING = re.compile(r"[\s{\[(]*\Z")
_LINE = re.compile(r"^[ \t]*(?:[-*>] ?)?([^\W\d][\w-]{0,63})[ \t]{0,2}[:=](?:[ \t].*)?$", re.MULTILINE)
_COMPOUND = re.compile(r"_|[a-z][A-Z]")  # a name as programs have them: `due_date`
_SEEN = re.compile(r"\S")
_WORD = re.compile(r"[^\W\d_]{2,}")


class _Run(NamedTuple):
    """Keys and values that follow each other."""

    names: frozenset[str]
    span: Span


def imitations(text: str, json_schema: dict[str, Any]) -> list[Span]:
    """Where they stand, in order."""
    keys = frozenset(_keys(json_schema))
    quoted = list(_quoted_runs(text))
    found = [run.span for run in quoted if len(run.names & keys) >= min(_QUOTED, len(keys))] if keys else []
    if found:
        return found if _is_beside_text(text, [run.span for run in quoted]) else []
    lines = list(_line_runs(text))
    plain = [run.span for run in lines if _is_spelled_as(run.names & keys)]
    return plain if plain and _is_beside_text(text, [run.span for run in lines]) else []


def _keys(node: Any) -> Iterator[str]:
    """All that it declares, at any depth."""
    if isinstance(node, dict):
        properties = node.get("properties")
        yield from properties if isinstance(properties, dict) else ()
        for one in node.values():
            yield from _keys(one)
    elif isinstance(node, list):
        for one in node:
            yield from _keys(one)


def _quoted_runs(text: str) -> Iterator[_Run]:
    """As JSON writes them, whole or in part."""
    at = 0
    while first := _KEY.search(text, at):
        names, key = set[str](), first
        while True:
            names.add(key[1])
            at = key.end()
            for pattern in (_VALUE, _BETWEEN):
                if part := pattern.match(text, at):
                    at = part.end()
            if (following := _KEY.match(text, at)) is None:
                break
            key = following
        opening = _OPENING.search(text, max(0, first.start() - 8), first.start())
        start = opening.start() if opening else first.start()
        yield _Run(frozenset(names), _stripped(text, start, at))


def _line_runs(text: str) -> Iterator[_Run]:
    """Lines of `key: value`, the key as programs spell them; nothing but blank lines between."""
    names, start, stop = set[str](), 0, 0
    for line in _LINE.finditer(text):
        if not (line[1][0].islower() or "_" in line[1]):
            continue
        if names and text[stop : line.start()].strip():
            yield _Run(frozenset(names), _stripped(text, start, stop))
            names.clear()
        start, stop = start if names else line.start(), line.end()
        names.add(line[1])
    if names:
        yield _Run(frozenset(names), _stripped(text, start, stop))


def _is_spelled_as(names: frozenset[str]) -> bool:
    """Whether these of the schema's keys are no labels that people write: `name: …` and `phone: …` may be."""
    return len(names) >= _PLAIN and any(map(_COMPOUND.search, names))


def _is_beside_text(text: str, spans: Iterable[Span]) -> bool:
    return len(_WORD.findall(without(text, spans))) >= _LEAST_WORDS


def without(text: str, spans: Iterable[Span]) -> str:
    """With white space in their place; everything else stays where it is. `spans` are in order."""
    kept, at = [], 0
    for start, stop in spans:
        kept += [text[at:start], _SEEN.sub(" ", text[start:stop])]
        at = stop
    return "".join([*kept, text[at:]])


def _stripped(text: str, start: int, stop: int) -> Span:
    part = text[start:stop]
    return start + len(part) - len(part.lstrip()), stop - len(part) + len(part.rstrip())
