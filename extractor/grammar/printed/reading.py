"""What a document prints for each kind of value, as terminals of a grammar. Made once for a document and a schema.
Knows llguidance's grammars, and of a schema the keywords of one scalar.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import cache, cached_property, lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs
from llguidance import LLMatcher, LLTokenizer

from extractor.grammar.narrow.far import writes
from extractor.grammar.narrow.marks import FILE, KEYS, LARK, LIKE, TEXT
from extractor.grammar.printed.candidates import Candidates
from extractor.grammar.printed.mark import PRINTED
from extractor.grammar.printed.runs import PrintedRuns
from extractor.grammar.printed.words import MOST_CHUNKS, SEPARATOR
from extractor.notation.file_names import forms, without
from extractor.notation.looks import SURE
from schemas.checks.compiled import validator

JSON = dict[str, Any]
_Span = tuple[int, int]  # half-open

_LONGEST = 4_000  # characters of a text that need no counting: what is copied ends with the document
_FEW = 8
_RUN = rf"/[^ ,{SEPARATOR}]([^{SEPARATOR}]*[^ {SEPARATOR}])?/"  # of one part, without a space at its ends
_ANYTHING = "(?s:.*)"
_NOTHING = f" {SEPARATOR}"  # what no value is made of
_ANY_LETTER = r"(?s:[^\\]|\\.)"  # of a JSON string


class PrintedDocument:
    """One document. Fields that ask the same share a terminal."""

    def __init__(self, text: str, file_names: Sequence[_Span] = ()) -> None:
        """`file_names`: where a reader wrote what files are called, which is a value of fields that ask for files."""
        own = without(text, file_names)
        self._runs = PrintedRuns(own)
        self._files = list(forms(text[slice(*name)] for name in file_names))
        self._candidates = Candidates(own)
        self._names: dict[str, str] = {}  # of terminals, by what they are

    @property
    def too_long(self) -> bool:
        """Whether it has more words than a grammar may hold."""
        return len(self._runs.chunks) > MOST_CHUNKS

    def prints(self, value: str | float | Decimal, leaf: JSON) -> bool:
        """Whether the value of a marked scalar, or a key, stands in the document, whatever else is asked of it."""
        if not isinstance(value, str):
            return value in self._values
        listed = self._candidates.of_format(leaf[PRINTED])
        if listed is not None:
            return value in listed
        return value in self._spellings(leaf) or self._runs.has(value) or value in self._of_its_look(leaf)

    @cached_property
    def _values(self) -> set[int | float]:
        return set(self._candidates.numbers.values())

    @cached_property
    def _words(self) -> str:
        """The terminals that all stretches of words are made of; empty where there are none."""
        chunks = self._runs.chunks
        if not any(chunk.strip(_NOTHING) for chunk in chunks):
            return ""
        some = json.dumps({"substring_chunks": chunks}, ensure_ascii=False)
        return f"WORDS: SOME & {_RUN}\nSOME: %regex {some}"

    def terminal(self, leaf: JSON, *, spare: bool = False, but: str = "") -> str | None:
        """The name of what a marked scalar may be, null and booleans apart. None where nothing printed fits; with a
        `spare`, something else that may be written there, the terminal may be one that nothing fits. `but`: terminals
        that it may not be."""
        kinds = leaf["type"] if isinstance(leaf["type"], list) else [leaf["type"]]
        found = [self._text_of(leaf, spare)] if "string" in kinds else []
        if "number" in kinds or "integer" in kinds:
            found.append(_either(self.numbers(leaf)))
        body = " | ".join(part for part in found if part)
        if body and but:
            body = f"({body}) & ~({but})"
            body = body if spare or self._some(body) else ""
        return self._named(body)

    def named(self, spelled: Iterable[str]) -> str | None:
        """The terminal of one of these values, as JSON spells them; None of none."""
        return self._named(_either(spelled))

    def terminals(self) -> str:
        """All that have been named."""
        lines = [f"{name}: {body}" for body, name in self._names.items()]
        return "\n".join([*lines, self._words] if any("WORDS" in body for body in self._names) else lines)

    def numbers(self, leaf: JSON) -> list[str]:
        """Those that a marked scalar may be, as JSON spells them."""
        fits, whole = _fits(leaf), "number" not in leaf["type"]
        far = [writes(one[LARK]) for one in _parts(leaf) if LARK in one]
        return [
            spelled
            for spelled, value in self._candidates.numbers.items()
            if fits(value) and not (whole and "." in spelled) and all(may(spelled) for may in far)
        ]

    def is_listed(self, leaf: JSON) -> bool:
        """Whether the texts that a marked scalar may be are those that are `listed`, and no stretches of words."""
        return self._candidates.of_format(leaf[PRINTED]) is not None or bool(self._of_its_look(leaf))

    def listed(self, leaf: JSON) -> list[str]:
        """The texts that it may be, stretches of words apart, as JSON spells them."""
        of_format = self._candidates.of_format(leaf[PRINTED])
        found = (self._of_its_look(leaf) or self._spellings(leaf)) if of_format is None else of_format
        return self.fitting(found, leaf)

    def fitting(self, texts: Iterable[str], leaf: JSON) -> list[str]:
        """Those of them that it may be, as JSON spells them."""
        return [json.dumps(one, ensure_ascii=False) for one in filter(_fits(leaf), texts)]

    def has(self, text: str) -> bool:
        """Whether the words of a text stand in it as they are."""
        return self._runs.has(text)

    @property
    def chunks(self) -> list[str]:
        """Its words (words.py)."""
        return self._runs.chunks

    def _named(self, body: str) -> str | None:
        return self._names.setdefault(body, f"P{len(self._names)}") if body else None

    def _text_of(self, leaf: JSON, spare: bool) -> str:
        listed = _either(self.listed(leaf))
        if self.is_listed(leaf) or (spare and look_in(leaf) in SURE):
            return listed
        return " | ".join(part for part in (self._stretches(leaf, spare or bool(listed)), listed) if part)

    def _spellings(self, leaf: JSON) -> Sequence[str]:
        """What is not printed letter by letter, where a pattern asks for it: of a key numbers too. And files' names."""
        files = self._files if leaf[PRINTED] == FILE else []
        if not patterned(leaf) or not (leaf[PRINTED] in (TEXT, FILE) or leaf[PRINTED].startswith(LIKE)):
            return files
        return [*files, *self._candidates.spellings, *(self._candidates.numbers if KEYS in leaf else ())]

    def _of_its_look(self, leaf: JSON) -> list[str]:
        """What looks as values of a field of such a name do; empty where that is any text."""
        look = look_in(leaf)
        return self._candidates.of_look(look) if look else []

    def _stretches(self, leaf: JSON, spare: bool) -> str:
        """Stretches of words that keep to patterns and lengths."""
        if not self._words:
            return ""
        rules = [one["pattern"] for one in _parts(leaf) if "pattern" in one]
        meets = [_anywhere(pattern) for pattern in rules]
        if rules:
            meets.append(r'/[^"\\]*/')  # what JSON escapes is not the letters that a pattern speaks of
        least = max(1, *(one.get("minLength", 1) for one in _parts(leaf)))
        most = min((one["maxLength"] for one in _parts(leaf) if "maxLength" in one), default=_LONGEST)
        if least > 1 or most < _LONGEST:
            meets.append(f"/{_ANY_LETTER}{{{least},{most}}}/")
        body = r'"\"" ' + ("WORDS" if not meets else f"({' & '.join(['WORDS', *meets])})") + r' "\""'
        return body if not meets or spare or self._has_word(leaf) or self._some(body) else ""

    def _has_word(self, leaf: JSON) -> bool:
        """Whether one word of the document fits, of the first few that would."""
        return any(map(self._runs.has, islice(filter(_fits(leaf), self._candidates.words), _FEW)))

    def _some(self, body: str) -> bool:
        """Whether the document prints any. llguidance looks for a way through a terminal before it lets its first byte
        through; building it takes as long as building the whole grammar."""
        matcher = LLMatcher(_bytes(), f"start: ANY\nANY: {body}\n{self._words}", log_level=0)
        return matcher.try_consume_tokens(list(b'"')) == 1


def _parts(leaf: JSON) -> list[JSON]:
    """Where what is asked of it is said."""
    return [leaf, *leaf.get("allOf", ())]


def patterned(leaf: JSON) -> bool:
    """Whether a pattern says what texts of it are."""
    return any("pattern" in one for one in _parts(leaf))


def look_in(leaf: JSON) -> str:
    """What its texts look like, by the field's name; empty where that is not known, or a pattern says it."""
    return leaf[PRINTED].removeprefix(LIKE) if leaf[PRINTED].startswith(LIKE) and not patterned(leaf) else ""


def _either(spelled: Iterable[str]) -> str:
    return " | ".join(json.dumps(one, ensure_ascii=False) for one in dict.fromkeys(spelled))


def _fits(leaf: JSON) -> Callable[[Any], bool]:
    """Whether a value keeps to what a scalar says beside its kind."""
    constraints = {key: value for key, value in leaf.items() if key not in ("type", PRINTED, KEYS) and value != []}
    return _validator(json.dumps(constraints, default=float)).is_valid if constraints else lambda _: True


@lru_cache(maxsize=512)
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    """Compiled once for all documents."""
    return validator(json.loads(schema))


def _anywhere(pattern: str) -> str:
    """A pattern that is found anywhere in a text, as one of the whole text between slashes. Its anchors stand at the
    ends of its alternatives, as `for_grammar` writes them."""
    patterns = []
    for one in _alternatives(pattern):
        begins, ends = one.startswith("^"), one.endswith("$") and not one.endswith(r"\$")
        inner = one[begins : len(one) - ends]
        patterns.append(f"{'' if begins else _ANYTHING}(?:{inner}){'' if ends else _ANYTHING}")
    return "/" + re.sub(r"(\\.)|/", lambda found: found[1] or r"\/", "|".join(patterns), flags=re.DOTALL) + "/"


def _alternatives(pattern: str) -> list[str]:
    """Cut where a `|` stands in no group and no class."""
    alternatives, depth, in_class = [""], 0, False
    for part in re.findall(r"\\.|.", pattern, re.DOTALL):
        if part == "|" and not depth and not in_class:
            alternatives.append("")
            continue
        if part in "[]":
            in_class = part == "["
        elif part in "()" and not in_class:
            depth += 1 if part == "(" else -1
        alternatives[-1] += part
    return alternatives


@cache
def _bytes() -> LLTokenizer:
    """A tokenizer whose tokens are bytes."""
    return LLTokenizer("byte")
