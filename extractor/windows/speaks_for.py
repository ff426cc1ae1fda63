"""What speaks for a field in a document, by its schema: its key, what documents call the same, its title, description
and values, and the kinds of value that it asks for. Pure: knows JSON Schema and names that documents print.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, repeat
from typing import Any

from extractor.evidence.labels import may_name
from extractor.evidence.word_index import plain
from extractor.notation.field_names import names
from extractor.notation.key_words import key_words
from extractor.windows.terms import AMOUNT, DATE, EMAIL, LABEL, Term, term_of
from schemas.nodes import nodes_at

JSON = dict[str, Any]
Terms = dict[Term, float]  # how much each says for a field
Path = tuple[str | int, ...]

_KEY, _SAME, _SAID, _VALUE, _KIND = 2.0, 1.0, 1.0, 1.0, 1.0
_LABEL, _LABEL_WORD = 2.0, 1.0
_ABOVE, _WITHIN = 0.5, 0.5  # of the objects that a field is in; of the rows of a list
_LONGEST = 400  # characters of a description
_VALUES = 100  # of an enum
_DEEPEST, _MOST, _LOOKS = 8, 2_000, 10_000  # fields
_ISO_DATE = re.compile(r"YYYY|ISO 8601", re.IGNORECASE)


def fields_of(json_schema: JSON) -> list[Terms]:
    """What speaks for each field that is no object, in the schema's order; a list is one with all that is in it."""
    found: list[Terms] = []
    for terms in _fields(json_schema, (), {}, _looks()):
        found.append(terms)
        if len(found) == _MOST:
            break
    return found


def terms_at(json_schema: JSON, path: Path) -> Terms:
    """What speaks for the field at `path`, or for any within it."""
    above: Terms = {}
    for length in range(1, len(path)):
        own = _terms(path[:length], nodes_at(json_schema, path[:length]))
        above = _most(_times(_ABOVE, own), _times(_ABOVE, above))
    return _most(*islice(_fields(json_schema, path, above, _looks()), _MOST))


def _looks() -> Iterator[bool]:
    """One for each field that is looked at within others: a schema that refers to itself has no end."""
    return repeat(True, _LOOKS)


def _may_look(looks: Iterator[bool], keys: Sequence[str]) -> bool:
    return sum(islice(looks, len(keys))) == len(keys)


def _fields(root: JSON, path: Path, above: Terms, looks: Iterator[bool]) -> Iterator[Terms]:
    nodes = nodes_at(root, path)
    own = _terms(path, nodes) if path else {}
    keys = _properties(nodes)
    if not keys or len(path) >= _DEEPEST or not _may_look(looks, keys):
        yield _most(own, above, *_rows(root, path, nodes, looks))
        return
    below = _most(_times(_ABOVE, own), _times(_ABOVE, above))
    for key in keys:
        yield from _fields(root, (*path, key), below, looks)


def _rows(root: JSON, path: Path, nodes: Sequence[JSON], looks: Iterator[bool]) -> Iterator[Terms]:
    """What speaks for the items of a list."""
    if any("items" in node for node in nodes) and len(path) < _DEEPEST:
        item = (*path, 0)
        within = nodes_at(root, item)
        yield _times(_WITHIN, _terms((), within))
        for terms in _fields_within(root, item, within, looks):
            yield _times(_WITHIN, terms)


def _fields_within(root: JSON, item: Path, nodes: Sequence[JSON], looks: Iterator[bool]) -> Iterator[Terms]:
    keys = _properties(nodes)
    for key in keys if _may_look(looks, keys) else ():
        yield from _fields(root, (*item, key), {}, looks)


def _properties(nodes: Iterable[JSON]) -> list[str]:
    return list(dict.fromkeys(key for node in nodes for key in node.get("properties", ())))


def _terms(path: Path, nodes: Sequence[JSON]) -> Terms:
    """Of a field by itself. `path` ends with its key, where it has one."""
    key = next((part for part in path[-1:] if isinstance(part, str)), "")
    spelled = [plain(word) for word in key_words(key)]
    words = term_of(" ".join(spelled))
    texts = [node[name][:_LONGEST] for node in nodes for name in ("title", "description") if _is_text(node.get(name))]
    values = [one for node in nodes for one in (*node.get("enum", ())[:_VALUES], node.get("const")) if _is_text(one)]
    return _most(
        dict.fromkeys([words, *((word,) for word in words)], _KEY),
        {(LABEL, word): _LABEL_WORD for word in words},
        {(LABEL, *term_of(name)): _LABEL for name in names(spelled) if may_name(name)},
        {term_of(name): _SAME for name in names(spelled) if may_name(name)},
        {(word,): _SAID for text in texts for word in term_of(text)},
        {term_of(value): _VALUE for value in values},
        dict.fromkeys(_kinds(words, texts, nodes), _KIND),
    )


def _kinds(words: Term, texts: Iterable[str], nodes: Sequence[JSON]) -> Iterator[Term]:
    types = {one for node in nodes for one in _listed(node.get("type"))}
    formats = {node.get("format") for node in nodes}
    if "number" in types:
        yield AMOUNT
    if formats & {"date", "date-time"} or "date" in words or any(map(_ISO_DATE.search, texts)):
        yield DATE
    if "email" in formats or "email" in words:
        yield EMAIL


def _listed(kind: Any) -> list[Any]:
    return kind if isinstance(kind, list) else [kind]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _times(share: float, terms: Terms) -> Terms:
    return {term: share * weight for term, weight in terms.items()}


def _most(*several: Terms) -> Terms:
    """Each term with the most that it says in any of them."""
    found: Terms = {}
    for terms in several:
        for term, weight in terms.items():
            if term:
                found[term] = max(found.get(term, 0.0), weight)
    return found


def weighed(fields: Sequence[Terms]) -> list[Terms]:
    """`fields` of one schema: what many of them share says less for each."""
    shared = Counter(term for terms in fields for term in terms)
    most = math.log1p(len(fields))
    return [
        {term: weight * math.log1p(len(fields) / shared[term]) / most for term, weight in terms.items()}
        for terms in fields
    ]
