"""JSON Schema → the narrower JSON Schema a grammar is made from. Every answer to the result is an answer to the
original, save for what only validation checks (schemas/keywords.py), which is left out here.

    nullable properties    become required: null is an answer, a missing key may be an oversight
    tags of unions         become required: which option it is is never left to a default
    declared objects       take no other keys, unless the schema speaks of them itself
    strings, numbers,      get the bounds of `Bounds` where the schema has none: no model can run away in a
    arrays and maps        string of spaces or an endless row of digits
    definitions that       are written out to a depth (unfold.py): no answer goes on for ever inside itself
    lead to themselves

Pure: knows JSON Schema and nothing else. Assumes what `schemas.check` has passed. Over 300 lines, because each keyword
is rewritten by what stands beside it, and one class is where they meet.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from extractor.grammar.narrow.anything import LEVELS, a_map, definitions
from extractor.grammar.narrow.bounds import Bounds, bound_number, bound_string, bounds_of, counted, widened
from extractor.grammar.narrow.far import apart, speaks_far, spread, terminal
from extractor.grammar.narrow.keys import Keys
from extractor.grammar.narrow.literals import literals
from extractor.grammar.narrow.marks import KEYS, LARK, WITHIN
from extractor.grammar.narrow.meeting import (
    KINDS,
    PRESENCE,
    SAID,
    Counts,
    admits_null,
    declared,
    forbids_keys,
    kinds,
    named,
    types,
)
from extractor.grammar.narrow.site import Site, counts_of, silent, undeclared
from extractor.grammar.narrow.tags import tags_of
from extractor.grammar.narrow.unfold import unfolded
from extractor.grammar.narrow.zeros import EITHER_SIDE, NUMBERS, on_both_sides
from schemas import keywords
from schemas.checks import numbers
from schemas.checks.formats import LONGEST, PATTERNS
from schemas.checks.names import names_in_grammar
from schemas.patterns import for_grammar

JSON = dict[str, Any]

_LITERAL = ("enum", "const")
_SHORT = frozenset({"uuid", "ipv4", "ipv6", *PATTERNS})  # formats that bound a text themselves
_SOURCES = ("$ref", "allOf", "anyOf", "oneOf")
_ANY = "any"
_NO_ESCAPED_LETTERS = {"json_allowed_escapes": 'nrbtf\\"'}  # a letter of a key written \\u006b


class NarrowedSchema:
    """One pass over one schema. A definition is rewritten once as a whole value, and again as a part where it meets
    other schemas on the same value, because there it must not forbid the keys of the others."""

    def __init__(self, root: JSON, bounds: Bounds, *, marked: bool = False) -> None:
        """`marked`: as grammar/printed/mark.py does; words of that kind in a user's schema say nothing."""
        if any(isinstance(one, float) for key in keywords.COUNTS for one in keywords.values_of(root, key)):
            root = counted(root)
        self._root, self._bounds = root, bounds
        self._multiples = keywords.Multiples(root)
        self._keys = Keys(root, bounds)
        self._wide = widened(bounds, root)
        self._far = speaks_far(root)
        self._marked = marked
        self._printed = any(True for _ in keywords.values_of(root, keywords.PRINTED))
        self._names: dict[tuple[str, str], str] = {}
        self._defs: JSON = {}
        self._waiting: list[tuple[str, Any, Site]] = []  # definitions named but not yet rewritten

    def whole(self) -> JSON:
        """The rewritten schema, self-contained."""
        top = self._value(self._root)
        parts: set[str] = set()
        while self._waiting:  # not by recursion: a long chain of definitions is no deep one
            name, target, site = self._waiting.pop()
            if not site.alone:
                parts.add(name)
            self._defs[name] = (
                self._value(target, site.tags, typed=site.typed) if site.alone else self._rewrite(target, site)
            )
        guidance = {"x-guidance": _NO_ESCAPED_LETTERS} if self._keys.open else {}
        return unfolded({**top, "$defs": self._defs, **guidance}, parts, LEVELS)

    def _value(self, node: Any, tags: tuple[str, ...] = (), *, typed: bool = False) -> Any:
        """`node` where it alone decides about a value."""
        if not self._far or not isinstance(node, dict):
            return on_both_sides(self._narrowed(node, tags, typed=typed), options=not self._printed)
        if options := apart(node) or spread(self._root, node):
            return {"anyOf": [self._value(one) for one in options]}
        new = self._narrowed(node, tags, typed=typed)
        text = terminal(self._root, node)
        if text is None or not isinstance(new, dict):
            return on_both_sides(new, options=not self._printed)
        return {**new, LARK: text}

    def _narrowed(self, node: Any, tags: tuple[str, ...], *, typed: bool) -> Any:
        if isinstance(node, bool):
            return self._anything() if node else False
        if silent(node):
            return self._anything(printed=self._unsaid_printed(node))
        sources = [key for key in _SOURCES if key in node]
        beside = [("properties", *SAID), PRESENCE]
        meets = len(sources) > 0 and len(sources) + sum(any(key in node for key in keys) for keys in beside) > 1
        meets = meets or len(node.get("allOf", ())) > 1
        if not meets:
            return self._rewrite(node, Site(tags=tags, typed=typed))
        counts = declared(self._root, node)
        if counts is not None:
            counts.forbids = forbids_keys(self._root, node)
        closed = self._rewrite(node, Site(False, counts, tags))
        if counts:
            own = closed.pop("properties", {})
            all_named = named(self._root, node)
            given = {name: own.get(name, name in all_named or self._anything()) for name in counts}
            closed = {"properties": given, **closed}
            closed["additionalProperties"] = False
        self._unsaid(closed, node, counts, typed=typed)
        return closed

    def _unsaid(self, closed: JSON, node: JSON, counts: Counts | None, *, typed: bool) -> None:
        """Bounds of ours where none of the schemas that meet says anything."""
        may_be = kinds(self._root, node)
        if may_be <= NUMBERS and not self._printed:
            closed["allOf"] = [*closed.get("allOf", ()), EITHER_SIDE]
        if may_be == KINDS and not typed:
            closed["type"] = sorted(KINDS)
            self._bound(closed, node, Site(alone=False), far=bounds_of(node) is None)
        if "object" not in may_be or counts:
            return
        if counts is not None and not self._keys.patterned:
            closed.update({**a_map(self._anything(wide=True, within=1), self._wide), **counts_of(closed)})
        else:
            self._unsaid_keys(closed, node, endless=False)

    def _unsaid_keys(self, new: JSON, node: JSON, *, endless: bool) -> None:
        """The values of keys of which `node` says nothing, where it meets others on an object."""
        if "additionalProperties" in new:
            return
        if names := named(self._root, node):
            new["properties"] = {**dict.fromkeys(names, True), **new.get("properties", {})}
        self._keys.others(new, self._anything(wide=True, within=1), endless=endless)

    def _rewrite(self, node: Any, site: Site) -> Any:
        """`node` keyword by keyword."""
        if isinstance(node, bool):
            return node

        def part(item: Any) -> Any:
            return self._part(item, bounding=site.bounding)

        def inner(item: Any) -> Any:
            return self._value(item) if site.alone else part(item)

        new: JSON = {}
        for key, value in node.items():
            if key == "$ref":
                new[key] = self._ref(value, replace(site, typed=site.typed or "type" in node))
            elif key in ("allOf", "anyOf", "oneOf"):
                parts = site if key == "allOf" else self._tagged(node, site)
                new[key] = self._parts(value, replace(parts, typed=site.typed or "type" in node))
                if key != "allOf" and not site.alone and (site.counts is None or site.counts):
                    self._complete(new[key], value)
            elif key == "properties":
                patterned = self._keys.patterned_names(node)
                new[key] = {
                    name: self._value(one) if site.once(name) and name not in patterned else part(one)
                    for name, one in value.items()
                }
            elif key == "patternProperties":
                new[key] = self._of_patterns(value, node, site)
            elif key in ("items", "additionalProperties"):
                new[key] = inner(value)
            elif key == "prefixItems":
                new[key] = [inner(one) for one in value]
            elif self._kept(key, value, node):
                new[key] = for_grammar(value) if key == "pattern" else value
        if "format" in new:
            self._formed(new)
        if far := [literals(node, key) for key in _LITERAL if key in node and key not in new]:
            new["allOf"] = [*new.get("allOf", ()), *far]
        limits = bounds_of(node)
        new.update(limits or {})
        if not any(key in node for key in _LITERAL):
            if site.alone and not site.typed and not any(key in node for key in ("type", *_SOURCES)):
                new["type"] = sorted(KINDS)
            self._object(new, node, site)
            self._bound(new, node, site, far=limits is None)
        return new

    def _of_patterns(self, given: JSON, node: JSON, site: Site) -> JSON:
        meets = not site.alone or bool(self._keys.patterned_names(node))
        bounding = site.alone or site.bounding  # of all that speak of one key only one has to
        values = {
            pattern: self._part(one, bounding=bounding) if meets else self._value(one) for pattern, one in given.items()
        }
        return self._keys.patterns(values, endless=not site.alone or undeclared(node) is not False)

    def _formed(self, new: JSON) -> None:
        if (longest := LONGEST.get(new["format"])) is not None:
            new["maxLength"] = min(longest, new.get("maxLength", longest))
        if new["format"] not in PATTERNS:
            return
        pattern = PATTERNS[new.pop("format")]
        if "pattern" in new:
            new["allOf"] = [*new.get("allOf", ()), {"pattern": pattern}]
        else:
            new["pattern"] = pattern

    def _part(self, node: Any, *, bounding: bool) -> Any:
        """`node` where others meet it on a value that is not the object's own."""
        if node is False:
            return False
        if node is True or silent(node):
            return self._anything(wide=True)
        site, may_be = Site(alone=False, bounding=bounding), kinds(self._root, node)
        part = self._rewrite(node, site)
        if may_be == KINDS:
            part["type"] = sorted(KINDS)
            self._bound(part, node, site, far=bounds_of(node) is None)
        if bounding and "object" in may_be:
            self._unsaid_keys(part, node, endless=True)
        return part

    def _parts(self, nodes: list[Any], site: Site) -> list[Any]:
        return [
            self._value(one, site.tags, typed=site.typed) if site.alone else self._rewrite(one, site) for one in nodes
        ]

    def _complete(self, parts: list[Any], options: list[Any]) -> None:
        """A property that another option declares is bounded in each that does not, and says nothing of such keys."""
        each = [named(self._root, option) for option in options]
        for part, own, option in zip(parts, each, options, strict=True):
            if declared(self._root, option) is None:
                continue
            others = {name: self._anything() for names in each for name in names if name not in own}
            if others and isinstance(part, dict):
                part["properties"] = {**others, **part.get("properties", {})}

    def _tagged(self, node: JSON, site: Site) -> Site:
        tags = tags_of(self._root, node)
        return replace(site, tags=tuple(sorted({*site.tags, *tags}))) if tags else site

    def _kept(self, key: str, value: Any, node: JSON) -> bool:
        if key == "format":
            return keywords.format_in_grammar(node)
        if key == "pattern":
            return for_grammar(value) is not None and keywords.pattern_in_grammar(node)
        if key in ("minProperties", "maxProperties"):
            return keywords.counts_in_grammar(node)
        if key == keywords.PRINTED:
            return isinstance(value, str)  # as grammar/printed/mark.py says it
        if key in (KEYS, WITHIN):
            return self._marked
        if key == "propertyNames":
            return False  # it becomes what an object says of its keys
        if key in _LITERAL:
            return numbers.all_held(value)
        if key in keywords.BOUNDS:
            return False  # written with the rest of the number
        if key == "multipleOf":
            return value in self._multiples
        return key in keywords.ENFORCED

    def _object(self, new: JSON, node: JSON, site: Site) -> None:
        fields = node.get("properties")
        if fields:
            listed = list(new.get("required", ()))
            forbids = forbids_keys(self._root, node) if site.counts is None else site.counts.forbids
            added = [name for name in fields if name not in listed and name in site.tags]
            if not forbids:
                added += [
                    name
                    for name, item in fields.items()
                    if name not in (*listed, *added) and site.once(name) and admits_null(self._root, item)
                ]
            if listed or added:
                new["required"] = listed + added
        if "propertyNames" in node and (names := names_in_grammar(self._root, node)) is not None:
            new.update({**self._keys.named(node, names, self._shared(new, site)), **counts_of(new)})
        elif site.alone and (fields or "object" in types(new)):
            self._undeclared(new, node)

    def _shared(self, new: JSON, site: Site) -> Any:
        """The values of keys that nobody declares, written once."""
        values = new.pop("additionalProperties", True)
        if values is True:
            return self._anything() if site.alone else self._anything(wide=True, within=1)
        if not isinstance(values, dict) or values.keys() == {"$ref"}:
            return values
        name = f"v{len(self._defs)}"
        self._defs[name] = values
        return {"$ref": f"#/$defs/{name}"}

    def _undeclared(self, new: JSON, node: JSON) -> None:
        """Keys that no `properties` declares, of an object that meets no other schema."""
        further, patterned = undeclared(node), "patternProperties" in node
        if further is not False:
            values = new.get("additionalProperties") or self._value(further)
            if not node.get("properties") and not patterned:
                new.update({**a_map(values, self._bounds, new.get("minProperties", 0)), **counts_of(new)})
                return
            self._keys.others(new, values)
        elif node.get("properties") or patterned or "additionalProperties" in node:
            new["additionalProperties"] = False
            for name in new.get("required", ()):  # required but not declared: it may be anything
                new.setdefault("properties", {}).setdefault(name, self._anything(printed=self._unsaid_printed(node)))
        else:
            values = self._anything(within=1, printed=self._unsaid_printed(node))
            new.update({**a_map(values, self._bounds, new.get("minProperties", 0)), **counts_of(new)})
            return
        if further is not False or patterned:
            unheld = further is not False and (patterned or self._keys.patterned)
            self._keys.count(new, list(node.get("patternProperties", ())), unheld=unheld)

    def _bound(self, new: JSON, node: JSON, site: Site, *, far: bool) -> None:
        alone = site.alone and not any(key in node for key in _SOURCES)  # its options may name longer ones
        bounds = self._bounds if alone else self._wide
        if node.get("format") not in _SHORT:
            bound_string(new, bounds)
        if "array" in types(new):
            if "items" not in new:
                new["items"] = self._anything(wide=not site.alone, within=1)
            new.setdefault("maxItems", max(bounds.max_items, new.get("minItems", 0)))
        bound_number(new, bounds, alone=alone, far=far, decimals=self._multiples.decimals(bounds.decimals))

    def _ref(self, ref: str, site: Site) -> str:
        """The new reference for `ref`. A part is written for its site, because sites differ."""
        key = (ref, repr(site))
        if key not in self._names:
            self._names[key] = f"d{len(self._names)}"
            self._waiting.append((self._names[key], keywords.resolve(self._root, ref), site))
        return f"#/$defs/{self._names[key]}"

    def _unsaid_printed(self, node: JSON) -> str | None:
        """How what a node does not say has to be printed; None where it need not."""
        return node.get(WITHIN) if self._marked else None

    def _anything(self, *, wide: bool = False, within: int = 0, printed: str | None = None) -> JSON:
        """Any JSON value, within bounds. `wide`: where other schemas may say more of the value. `within`: how deep it
        stands in one that may be anything too; they meet, and to llguidance it is cheap that what is the same does.
        `printed`: that it has to be, all within."""
        bounds = self._wide if wide else self._bounds
        name = _ANY if bounds == self._bounds else "wide"
        name = name if printed is None else f"{name}-printed"
        if f"{name}0" not in self._defs:
            self._defs.update(definitions(name, bounds, self._multiples.decimals(bounds.decimals), printed))
        return {"$ref": f"#/$defs/{name}{LEVELS - within}"}
