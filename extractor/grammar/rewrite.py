"""The grammar of an answer that is written again: what was wrong may change, everything else stays letter by letter.

Fixed text costs nearly nothing, because the grammar forces it. Knows JSON text and rewritten schemas (narrow/).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from llguidance import LLMatcher

from extractor.engine.drafting.text import LIMITS
from extractor.grammar.guided import part
from extractor.grammar.lark import LarkWriter
from extractor.grammar.printed.reading import PrintedDocument
from schemas import keywords

JSON = dict[str, Any]
Step = str | int
Path = tuple[Step, ...]

_OPTIONS = ("anyOf", "oneOf", "allOf")
_DEEPEST = 64
ANY_TOKENS = '%llguidance {"no_forcing": true}\n'  # long text is forced; see forced.py


def rewritten(
    answer: str, pointers: Iterable[str], narrowed: JSON, document: PrintedDocument | None = None
) -> str | None:
    """The grammar, where values have to be printed of what the document prints. None as `rewriting`, or where
    llguidance will not have it."""
    writer = LarkWriter(narrowed, part, document)
    start = rewriting(answer, pointers, narrowed, writer.rule)
    if start is None:
        return None
    terminals = document.terminals() if document is not None else ""
    return held(f"{ANY_TOKENS}{writer.text(start)}\n{terminals}")


def held(grammar: str) -> str | None:
    """The grammar, where llguidance will have it."""
    return None if LLMatcher.validate_grammar(grammar, None, limits=LIMITS) else grammar


def rewriting(answer: str, pointers: Iterable[str], narrowed: JSON, rule: Callable[[JSON], str | None]) -> str | None:
    """What such a grammar starts with: text, a rule, text, … `answer` is compact JSON; `rule` says what may stand for a
    schema, None where nothing may. None where a pointer leads to no value of the answer, or to one of which the schema
    does not say plainly what it is."""
    spans: dict[tuple[int, int], Path] = {}
    for pointer in pointers:
        path = _path(pointer)
        span = span_of(answer, path)
        if not path or span is None:
            return None
        spans[span] = path
    parts, at = [], 0
    for (start, stop), path in sorted(_outermost(spans).items()):
        node = schema_of(narrowed, path, answer)
        name = None if node is None else rule(node)
        if name is None:
            return None
        parts += [json.dumps(answer[at:start], ensure_ascii=False), name]
        at = stop
    return " ".join([*parts, json.dumps(answer[at:], ensure_ascii=False)]) if parts else None


def _outermost(spans: dict[tuple[int, int], Path]) -> dict[tuple[int, int], Path]:
    return {
        (start, stop): path
        for (start, stop), path in spans.items()
        if not any(low <= start and stop <= high and (low, high) != (start, stop) for low, high in spans)
    }


def _path(pointer: str) -> Path:
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])


def span_of(text: str, path: Path) -> tuple[int, int] | None:
    """Where the value at `path` stands in compact JSON; None where there is none."""
    try:
        return _span_of(text, path)
    except (ValueError, IndexError, RecursionError):  # no JSON, or not compact
        return None


def _span_of(text: str, path: Path) -> tuple[int, int] | None:
    decoder, at = json.JSONDecoder(), 0
    for step in path:
        opening = text[at : at + 1]
        if opening not in ("{", "[") or not opening:
            return None
        at, number = at + 1, 0
        while text[at] not in "}]":
            key: Step = number
            if opening == "{":
                key, at = decoder.raw_decode(text, at)
                at += 1  # the colon
            if str(key) == str(step):
                break
            at = decoder.raw_decode(text, at)[1]
            at += text[at] == ","
            number += 1
        else:
            return None
    return at, decoder.raw_decode(text, at)[1]


def schema_of(root: JSON, path: Path, answer: str) -> JSON | None:
    """The schema of the value at `path`, where only one can be meant."""
    nodes: list[Any] = [root]
    for length, step in enumerate(path):
        span = span_of(answer, path[:length])
        nodes = [one for node in nodes for one in _below(root, node, step, answer[slice(*span)] if span else "", 0)]
    distinct = list({json.dumps(node, sort_keys=True): node for node in nodes}.values())
    return distinct[0] if len(distinct) == 1 and isinstance(distinct[0], dict) else None


def _below(root: JSON, node: Any, step: Step, value: str, depth: int) -> list[Any]:
    """The schemas of `step` in a value of `node`."""
    if not isinstance(node, dict) or depth > _DEEPEST:
        return []
    found: list[Any] = []
    if "$ref" in node:
        found += _below(root, keywords.resolve(root, node["$ref"]), step, value, depth + 1)
    for key in _OPTIONS:
        for one in node.get(key, ()):
            found += _below(root, one, step, value, depth + 1)
    if value.startswith("[") and ("items" in node or "prefixItems" in node):
        first, at = node.get("prefixItems", []), int(step)
        found.append(first[at] if at < len(first) else node.get("items", True))
    elif value.startswith("{") and step in node.get("properties", {}):
        found.append(node["properties"][str(step)])
    elif value.startswith("{") and "patternProperties" in node and "properties" not in node:
        found += node["patternProperties"].values()
    return found
