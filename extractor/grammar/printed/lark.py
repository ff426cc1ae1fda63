"""A schema's objects and lists, down to the values that have to be printed, as rules of llguidance's Lark; everything
else in it stays JSON Schema. A field that may only be what the document does not print is left out or null; where
neither may be, no answer is.

Takes what narrow/ has made of a schema that mark.py has marked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from extractor.errors import NOT_PRINTED, DocumentError, FieldError
from extractor.grammar.guided import options, part
from extractor.grammar.narrow.unfold import leading_to, leads_to, reached
from extractor.grammar.printed.mark import PRINTED, marks
from extractor.grammar.printed.reading import Reading
from extractor.grammar.rewrite import ANY_TOKENS, held, rewriting
from schemas import keywords
from schemas.errors import pointer as pointer_to

JSON = dict[str, Any]

_LITERALS = {"null": '"null"', "boolean": '"true" | "false"'}
_OBJECT = frozenset({"type", "properties", "required", "additionalProperties", "maxProperties", "x-guidance", "$defs"})
_MAP = frozenset({"type", "patternProperties", "additionalProperties", "maxProperties", "minProperties"})
_NOTHING = '""'
_LIST = frozenset({"type", "items", "prefixItems", "minItems", "maxItems"})


def printed_grammar(narrowed: JSON, document: Reading) -> tuple[str, list[str]]:
    """The grammar of an answer from one document, and the pointers of the values that it cannot hold to what is
    printed. Raises DocumentError where the document prints nothing
    that a field needs."""
    writer = _Writer(narrowed, document)
    start = writer.rule(narrowed, "")
    if start is None:
        places = tuple(FieldError(pointer, "nothing that the document prints fits here") for pointer in writer.missing)
        raise DocumentError("the document does not print what the schema needs", code=NOT_PRINTED, errors=places)
    return writer.text(start) + options(narrowed), writer.loose


def rewritten_printed(narrowed: JSON, document: Reading, answer: str, pointers: Iterable[str]) -> str | None:
    """The grammar of an answer of which only the values at `pointers` are written again; None where that is not to be
    had (rewrite.py)."""
    writer = _Writer(narrowed, document)
    start = rewriting(answer, pointers, narrowed, lambda node: writer.rule(node, ""))
    return None if start is None else held(ANY_TOKENS + writer.text(start))


class _Writer:
    """One schema for one document. A rule is named by its number; None is a rule that no answer fits."""

    def __init__(self, root: JSON, document: Reading) -> None:
        self._root, self._document = root, document
        self._printing = leading_to(self._definitions, marks)
        self._rules: dict[str, str] = {}  # names, by what they are
        self._of_refs: dict[str, str | None] = {}
        self.missing: list[str] = []
        self.loose: list[str] = []

    def text(self, start: str) -> str:
        lines = [f"start: {start}", *(f"{name}: {body}" for body, name in self._rules.items())]
        lines += [f"{_name(ref)}: {rule}" for ref, rule in self._of_refs.items() if rule is not None]
        return "\n".join([*lines, self._document.terminals(), ""])

    def rule(self, node: Any, pointer: str, *, spare: bool = False) -> str | None:
        """What may stand where `node` does. `spare`: something else may too, so that it need not be found whether
        anything fits."""
        before = len(self.missing)
        found = self._rule_of(node, pointer, spare)
        if found is not None:  # what is missing within can be done without
            del self.missing[before:]
        return found

    def _rule_of(self, node: Any, pointer: str, spare: bool) -> str | None:
        if not self._prints(node):
            return self._rule('"null"' if node == {"type": "null"} else self._free(node))
        if PRINTED in node:
            return self._scalar(node, pointer, spare)
        if isinstance(node.get("type"), list):
            return self._either([{**node, "type": kind} for kind in node["type"]], pointer, spare)
        keys = node.keys()
        for only in ("anyOf", "oneOf"):
            if keys <= {only, "$defs"}:
                return self._either(node[only], pointer, spare)
        if keys <= {"$ref", "$defs"}:
            return self._ref(node["$ref"], pointer)
        if keys <= _OBJECT and node.get("additionalProperties") is False and "properties" in node:
            return self._object(node, pointer)
        if keys <= _MAP and len(node.get("patternProperties", ())) == 1:
            return self._map(node, pointer)
        if keys <= _LIST | {"$defs"} and ("items" in node or "prefixItems" in node):
            return self._list(node, pointer)
        self.loose.append(pointer)
        return self._rule(self._free(node))

    def _rule(self, body: str) -> str:
        return self._rules.setdefault(body, f"r{len(self._rules)}")

    def _free(self, node: Any) -> str:
        """As JSON Schema, with the definitions that it names."""
        if not isinstance(node, dict):
            return part({} if node else {"enum": []})
        bare = _unmarked({key: value for key, value in node.items() if key not in ("$defs", "x-guidance")})
        known = _unmarked(reached(bare, self._definitions))
        told = {"x-guidance": self._root["x-guidance"]} if "x-guidance" in self._root else {}
        return part({**bare, **({"$defs": known} if known else {}), **told})

    def _scalar(self, node: JSON, pointer: str, spare: bool) -> str | None:
        kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
        others = [literal for kind, literal in _LITERALS.items() if kind in kinds]
        found = self._document.terminal(node, spare=spare or bool(others))
        if found is None:
            self.missing.append(pointer)
        return self._any([found, *others])

    def _either(self, options: list[Any], pointer: str, spare: bool) -> str | None:
        spare = spare or {"type": "null"} in options
        return self._any([self.rule(option, pointer, spare=spare) for option in options])

    def _any(self, found: list[str | None]) -> str | None:
        possible = list(dict.fromkeys(one for one in found if one is not None))
        return self._rule(" | ".join(possible)) if possible else None

    def _ref(self, ref: str, pointer: str) -> str | None:
        if ref in self._of_refs:
            return _name(ref) if self._of_refs[ref] is not None else None
        self._of_refs[ref] = ""  # where it names itself it is taken for possible, and it is if anything else is
        self._of_refs[ref] = self.rule(keywords.resolve(self._root, ref), pointer)
        return _name(ref) if self._of_refs[ref] is not None else None

    def _object(self, node: JSON, pointer: str) -> str | None:
        required, possible = set(node.get("required", ())), True
        fields: list[tuple[str, bool]] = []  # what each writes, and whether it must
        for name, one in node["properties"].items():
            value = None if one is False else self.rule(one, pointer + pointer_to(name))
            if value is not None:
                fields.append((f"{_literal(json.dumps(name, ensure_ascii=False) + ':')} {value}", name in required))
            elif name in required:
                possible = False
        return self._rule(rf'"{{" {self._members(fields)} "}}"') if possible else None

    def _members(self, fields: list[tuple[str, bool]]) -> str:
        """Fields in their order, those between them that need not be there left out, or not."""
        behind = ""  # what may follow a first field that is written
        first: list[str] = []
        for member, must in reversed(fields):
            first = [f"{member} {behind}".strip()] + ([] if must else first)
            behind = self._rule(f'"," {member} {behind}'.strip() + ("" if must else f" | {behind or _NOTHING}"))
        if not any(must for _, must in fields):
            first.append(_NOTHING)
        return self._rule(" | ".join(first))

    def _map(self, node: JSON, pointer: str) -> str | None:
        ((pattern, one),) = node["patternProperties"].items()
        value, least = self.rule(one, f"{pointer}/*"), node.get("minProperties", 0)
        if value is None:
            return None if least else self._rule('"{}"')
        key = self._rule(self._free({"type": "string", "pattern": pattern}))
        pair = self._rule(f'{key} ":" {value}')
        return self._rule(rf'"{{" {self._several(pair, least, node.get("maxProperties"))} "}}"')

    def _list(self, node: JSON, pointer: str) -> str | None:
        least, most, heads = node.get("minItems", 0), node.get("maxItems"), node.get("prefixItems", [])
        if heads and (least < len(heads) or (most is not None and most < len(heads))):
            self.loose.append(pointer)
            return self._rule(self._free(node))
        first = [self.rule(one, f"{pointer}/{place}") for place, one in enumerate(heads)]
        more = False if heads and most == len(heads) else node.get("items", True)
        rest = None if more is False else self.rule(more, f"{pointer}/*", spare=not first and not least)
        if None in first or (rest is None and least > len(first)):
            return None
        if not first:
            inner = self._several(rest, least, most) if rest is not None else _NOTHING
            return self._rule(f'"[" {inner} "]"')
        made = [rule for rule in first if rule is not None]
        if rest is not None:
            made.append(_times(f'("," {rest})', least - len(first), None if most is None else most - len(first)))
        return self._rule(f'"[" {_commas(made, len(first))} "]"')

    def _several(self, one: str, least: int, most: int | None) -> str:
        """With commas between them."""
        if most == 0:
            return _NOTHING
        more = _times(f'("," {one})', least - 1, None if most is None else most - 1)
        some = f"{one} {more}"
        return self._rule(some if least else f"{some} | {_NOTHING}")

    @property
    def _definitions(self) -> JSON:
        found: JSON = self._root.get("$defs", {})
        return found

    def _prints(self, node: Any) -> bool:
        """Whether anything within has to be printed."""
        own = {key: value for key, value in node.items() if key != "$defs"} if isinstance(node, dict) else node
        return marks(own) or not self._printing.isdisjoint(leads_to(own))


def _commas(made: list[str], first: int) -> str:
    """The first of them with commas between; what follows has its own."""
    return " ".join([' "," '.join(made[:first]), *made[first:]])


def _times(body: str, least: int, most: int | None) -> str:
    if most is not None and most <= 0:
        return ""
    least = max(least, 0)
    if most is None:
        return f"{body}{{{least},}}" if least else f"{body}*"
    return f"{body}{{{least},{most}}}"


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _name(ref: str) -> str:
    """The rule of a definition."""
    return "d_" + ref.removeprefix("#/$defs/").encode().hex()


def _unmarked(node: Any) -> Any:
    if isinstance(node, list):
        return [_unmarked(one) for one in node]
    if isinstance(node, dict):
        return {key: _unmarked(value) for key, value in node.items() if key != PRINTED}
    return node
