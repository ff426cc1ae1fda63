"""Which values and keys of a schema have to be printed. Schema → the same schema in which each such scalar says
`x-printed` with its format, each object whose keys it does not name `x-printed-keys` with theirs, and what leaves
something unsaid `x-printed-within` (../narrow/marks.py); nothing else says it. Pure: knows JSON Schema.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from extractor.grammar.narrow.marks import FILE, KEYS, LIKE, TEXT, WITHIN
from extractor.notation.field_looks import look_of
from extractor.notation.file_names import asks_for_files
from schemas import keywords
from schemas.checks.names import names_of
from schemas.keywords import Mode

JSON = dict[str, Any]
PRINTED = keywords.PRINTED  # in a user's schema true, for a value or for all within an object or a list
_MARKS = (PRINTED, KEYS, WITHIN)
_SCALARS = frozenset({"string", "number", "integer"})
_KINDS = _SCALARS | {"array", "object"}
_ONE = ("items", "additionalProperties", "unevaluatedProperties")
_MANY = ("prefixItems", "anyOf", "oneOf", "allOf")
_NAMED = ("properties", "patternProperties")
_ELSEWHERE = frozenset({"$ref", "anyOf", "oneOf", "allOf"})  # where a type may be said
_LISTED = frozenset({"enum", "const"})


def marked(root: JSON, mode: Mode) -> JSON:
    """`declared`: as the schema says; `all`: each text and number, and keys that the schema does not name; `none`:
    nothing. Enums and booleans are never marked: what they may be the schema says."""
    return _Marking(root).whole(mode == "all") if mode != "none" else _Marking(root, deaf=True).whole(False)


def demands_print(schema: Any) -> bool:
    """Whether anything in it has to be printed."""
    return any(True for key in (PRINTED, KEYS, WITHIN) for printed in keywords.values_of(schema, key) if printed)


def anything(text: str) -> JSON:
    """What is said of a value of which no type is, its texts being `TEXT` or `FILE`."""
    return dict.fromkeys(_MARKS, text)


class _About(NamedTuple):
    """What is known of a value from around it: whether all of it has to be printed, and whether a field asks for files
    by the `names` (keys, titles) of it and of what it is in, or by what else is `described` of it alone. `look`: of
    its texts, by its key."""

    demanded: bool
    names: bool = False
    described: bool = False
    look: str | None = None

    @property
    def text(self) -> str:
        return FILE if self.names or self.described else TEXT

    def format(self, node: JSON) -> str:
        """Of the texts of `node`; a pattern says itself what they look like."""
        plain = self.look is None or self.text == FILE or "pattern" in node
        return node.get("format") or (self.text if plain else f"{LIKE}{self.look}")


class _Marking:
    """A definition that is referred to with the demand and without becomes two, and with files and without."""

    def __init__(self, root: JSON, *, deaf: bool = False) -> None:
        self._root, self._deaf = root, deaf
        self._names: dict[tuple[str, _About], str] = {}
        self._defs: JSON = {}
        self._waiting: list[tuple[str, _About]] = []  # references whose definitions are still to be marked

    def whole(self, demanded: bool) -> JSON:
        top = self._node(self._root, _About(demanded), top=True)
        while self._waiting:  # not by recursion: a long chain of definitions is no deep one
            ref, about = self._waiting.pop()
            self._defs[self._names[ref, about]] = self._node(keywords.resolve(self._root, ref), about)
        kept = {key: top[key] for key in keywords.DEFINITIONS if key in top}
        return {**top, **kept, "$defs": {**top.get("$defs", {}), **self._defs}} if self._defs else top

    def _node(self, node: Any, about: _About, *, top: bool = False) -> Any:
        """`top`: the title of the whole names no field."""
        if not isinstance(node, dict):
            return anything(about.text) if node is True and about.demanded else node
        new = {key: value for key, value in node.items() if key not in _MARKS}
        about = self._about(node, about) if not top else about._replace(demanded=self._demand(node, about.demanded))
        for key in (*_ONE, *_MANY, *_NAMED):
            if key in new:
                new[key] = self._below(key, new[key], about)
        if "$ref" in new and about.demanded:
            new["$ref"] = self._demanded(new["$ref"], about)
        if about.demanded:
            new.update(_values(new, about))
        new.update(self._keys(new, about))
        for key in keywords.DEFINITIONS & new.keys():
            new[key] = {name: self._node(one, _About(False)) for name, one in new[key].items()}
        return new

    def _about(self, node: JSON, about: _About) -> _About:
        """As `node` says it."""
        names = about.names or _for_files(node, "title")
        described = about.described or _for_files(node, "description")
        return _About(self._demand(node, about.demanded), names, described, about.look)

    def _demand(self, node: Any, demanded: bool) -> bool:
        """What `node` declares, or else what holds of all around it."""
        declared = node.get(PRINTED) if isinstance(node, dict) and not self._deaf else None
        return declared if isinstance(declared, bool) else demanded

    def _below(self, key: str, value: Any, about: _About) -> Any:
        if key in _ONE:
            return self._node(value, about)
        if key in _MANY:
            return [self._node(one, about) for one in value]
        named = key == "properties"
        return {name: self._node(one, _of_key(name if named else "", about)) for name, one in value.items()}

    def _keys(self, new: JSON, about: _About) -> JSON:
        """What is said of the keys that an object does not name, where they have to be printed."""
        names = new.get("propertyNames", True)
        found: JSON = {}
        if isinstance(names, dict) and PRINTED in names:
            found["propertyNames"] = {key: value for key, value in names.items() if key != PRINTED}
        listed = names_of(self._root, names)
        if self._demand(names, about.demanded) and _has_free_keys(new) and (listed is None or listed.listed is None):
            found[KEYS] = (names.get("format") if isinstance(names, dict) else None) or about.text
        return found

    def _demanded(self, ref: str, about: _About) -> str:
        """The reference to a definition whose values all have to be printed."""
        if (ref, about) not in self._names:
            self._names[ref, about] = f"printed:{len(self._names)}"
            self._waiting.append((ref, about))
        return f"#/$defs/{self._names[ref, about]}"


def _of_key(key: str, about: _About) -> _About:
    """What is known of the member of that key."""
    return _About(about.demanded, about.names or asks_for_files(key), look=look_of(key))


def _for_files(node: JSON, key: str) -> bool:
    """Whether what `node` says under this key asks for files."""
    return isinstance(node.get(key), str) and asks_for_files(node[key])


def _values(new: JSON, about: _About) -> JSON:
    """What is said of the values of a node that have to be printed."""
    kinds = _kinds(new)
    if not kinds:
        return {}
    found: JSON = {PRINTED: about.format(new)} if kinds & _SCALARS else {}
    if any(key in keywords.ENFORCED for key in new) and "array" in kinds and "items" not in new:
        found["items"] = anything(about.text)
    fields = new.get("properties", {})
    unsaid = not fields and not any(key in new for key in (*_ONE[1:], "patternProperties"))
    if "object" in kinds and (unsaid or set(new.get("required", ())) - fields.keys()):
        found[WITHIN] = about.text
    return found


def _kinds(node: JSON) -> frozenset[str]:
    """What a value may be, as far as it is said there, of kinds of which some would have to be printed."""
    if _LISTED & node.keys() or ("type" not in node and _ELSEWHERE & node.keys()):
        return frozenset()
    kinds = node.get("type", _KINDS)
    return _KINDS.intersection([kinds] if isinstance(kinds, str) else kinds)


def _has_free_keys(node: JSON) -> bool:
    """Whether an object may have keys that it does not name. One that declares some takes no others, unless it says
    so."""
    if _LISTED & node.keys() or "object" not in node.get("type", "object"):
        return False
    undeclared = [*[node[key] for key in _ONE[1:] if key in node][:1], *node.get("patternProperties", {}).values()]
    if undeclared:
        return any(one is not False for one in undeclared)
    return "object" in _kinds(node) and not node.get("properties")
