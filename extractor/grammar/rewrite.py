"""An answer that is written again: what was wrong may change, everything else stays letter by letter.

Of what stays, all in front of the first value that may change is given to the model as begun, and all behind the last
one is put behind its text: neither is decoded. What stands between two of them is, and costs little, because the
grammar forces it. Knows JSON text and rewritten schemas (narrow/).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from types import MappingProxyType
from typing import Any

from llguidance import LLMatcher

from extractor.answer.json_text import span_of, value_end
from extractor.answer.written import EMPTY, Span, WrittenText, outermost
from extractor.engine.drafting.text import LIMITS
from extractor.grammar.guided import ANY_TOKENS, part
from extractor.grammar.lark import LarkWriter
from extractor.grammar.narrow.marks import has_printed_marks
from extractor.grammar.nullable import without_null
from extractor.grammar.printed.place import PrintedPlace
from extractor.grammar.printed.reading import PrintedDocument
from schemas import keywords
from schemas.errors import parts_of

JSON = dict[str, Any]
Path = tuple[str, ...]

_OPTIONS = ("anyOf", "oneOf", "allOf")
_DEEPEST = 64
_SEAM = 24  # bytes around values that are decoded: a token may go over the end of a value, and not over these


@dataclass(frozen=True)
class Rewriting:
    """Of the `answer`, which is compact JSON, the values at `spans` (characters, in order) are written again. `head` is
    how it begins, which stays; `grammar` is of what follows, up to where nothing but the rest of the answer can."""

    answer: WrittenText
    spans: list[Span]
    head: str
    grammar: str

    @property
    def tokens(self) -> int:
        """Of the answer, from where it goes on to the end of the last value that is written again."""
        begin, stop = len(self.head.encode()), _bytes(self.answer.text.decode(), self.spans[-1][1])
        return len(self.answer.part(begin, stop).sizes)

    def joined(self, written: WrittenText) -> WrittenText:
        """The whole answer, of what was `written` under the grammar: each value with the tokens that it was written
        in."""
        answer, text = self.answer.text.decode(), written.text.decode()
        whole, kept, at = EMPTY, 0, -len(self.head)
        for start, stop in [*self.spans, (len(answer), len(answer))]:
            whole += self.answer.part(_bytes(answer, kept), _bytes(answer, start))
            at += start - kept
            if start < stop:
                until = value_end(text, at)
                whole += written.part(_bytes(text, at), _bytes(text, until))
                kept, at = stop, until
        return whole

    def unfinished(self, written: WrittenText) -> WrittenText:
        """The answer as far as it goes, where what was `written` did not come to its end."""
        return self.answer.part(0, len(self.head.encode())) + written


def rewriting(
    written: WrittenText, pointers: Iterable[str], narrowed: JSON, document: PrintedDocument | None = None
) -> Rewriting | None:
    """Of the values at `pointers`; where they have to be printed, as what the document prints. A pointer that leads to
    no value, or to one of which the schema does not say plainly what it is, stands for what is around it. None where
    that is all of the answer, or where llguidance will not have the grammar."""
    answer, writer = written.string, LarkWriter(narrowed, part, document)
    found: dict[Span, str] = {}
    for pointer in pointers:
        place = _place(answer, tuple(parts_of(pointer)), narrowed, writer.rule)
        if place is None:
            return None
        found[place[0]] = place[1]
    return _rewriting(written, found, writer, document)


def filled(
    written: WrittenText,
    nulls: Collection[str],
    narrowed: JSON,
    document: PrintedDocument | None = None,
    places: Mapping[str, str] = MappingProxyType({}),
) -> Rewriting | None:
    """As `rewriting`, of `nulls` that are to be no nulls, and of the values, null or not, that are to be what stands in
    a place of the document (`places`: its text). A null of which nothing stands in its place may be what the document
    prints elsewhere; one that can be no other scalar stays. None where all stay."""
    answer, writer = written.string, LarkWriter(narrowed, part, document)
    found: dict[Span, str] = {}
    for pointer in dict.fromkeys([*nulls, *places]):
        path = tuple(parts_of(pointer))
        span, node = span_of(answer, path), schema_of(narrowed, path, answer)
        scalar = without_null(narrowed, node) if node is not None else None
        rule = None
        if scalar is not None and document is not None and pointer in places and has_printed_marks(scalar):
            rule = writer.rule_at(scalar, PrintedPlace(document, places[pointer]))
        if scalar is not None and rule is None and pointer in nulls:
            rule = writer.rule(scalar)
        if span is not None and rule is not None:
            found[span] = rule
    return _rewriting(written, found, writer, document)


def _rewriting(
    written: WrittenText, found: dict[Span, str], writer: LarkWriter, document: PrintedDocument | None
) -> Rewriting | None:
    """`found`: of each span of the answer, the rule of what may stand there."""
    answer, spans = written.string, outermost(found)
    if not spans:
        return None
    head = written.text[: _begin(written, _bytes(answer, spans[0][0]))].decode()
    pieces, at = list[str](), len(head)
    for start, stop in spans:
        pieces += [_literal(answer[at:start]), found[start, stop]]
        at = stop
    start_rule = " ".join([*pieces, _literal(answer[at : at + _SEAM])])
    terminals = document.terminals() if document is not None else ""
    grammar = f"{ANY_TOKENS}\n{writer.text(start_rule)}\n{terminals}"
    return Rewriting(written, spans, head, grammar) if is_built(grammar) else None


def is_built(grammar: str) -> bool:
    """Whether llguidance builds it."""
    return not LLMatcher.validate_grammar(grammar, None, limits=LIMITS)


def _place(answer: str, path: Path, narrowed: JSON, rule: Callable[[JSON], str | None]) -> tuple[Span, str] | None:
    """The value at `path`, or the nearest around it of which it can be said what it is, and what stands for it in a
    rule."""
    for length in range(len(path), 0, -1):
        span = span_of(answer, path[:length])
        node = schema_of(narrowed, path[:length], answer) if span is not None else None
        name = rule(node) if node is not None else None
        if span is not None and name is not None:
            return span, name
    return None


def _begin(written: WrittenText, first: int) -> int:
    """Bytes up to where a token of the answer ended, so far before the value at `first` that no token reaches both."""
    ends = (end for end in accumulate(written.sizes) if end <= first - _SEAM)
    return max((end for end in ends if written.text[end] & 0xC0 != 0x80), default=0)  # between characters


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _bytes(text: str, characters: int) -> int:
    return len(text[:characters].encode())


def schema_of(root: JSON, path: Path, answer: str) -> JSON | None:
    """The schema of the value at `path`, where only one can be meant."""
    nodes: list[Any] = [root]
    for length, step in enumerate(path):
        span = span_of(answer, path[:length])
        nodes = [one for node in nodes for one in _below(root, node, step, answer[slice(*span)] if span else "", 0)]
    distinct = list({json.dumps(node, sort_keys=True): node for node in nodes}.values())
    return distinct[0] if len(distinct) == 1 and isinstance(distinct[0], dict) else None


def _below(root: JSON, node: Any, step: str, value: str, depth: int) -> list[Any]:
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
        found.append(node["properties"][step])
    elif value.startswith("{") and "patternProperties" in node and "properties" not in node:
        found += node["patternProperties"].values()
    return found
