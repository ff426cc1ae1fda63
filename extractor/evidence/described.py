"""How a schema names fields beside their keys: in titles and descriptions. `labelled "Local disc"`, `whether it is
paid` and `true if goods are fragile` name the labels `Local disc`, `Paid` and `Fragile`, where a document prints them.
Weaker names than a key: words that any description may have name nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import dropwhile
from typing import Any, NamedTuple

from extractor.evidence.key_match import WEAK
from extractor.evidence.locate import DocumentIndex
from extractor.evidence.printed_labels import PrintedLabel, PrintedLabels
from extractor.evidence.scalars import JsonPath
from extractor.evidence.spans import Span
from extractor.evidence.word_index import plain
from extractor.notation.field_names import name_in
from extractor.notation.key_words import key_words
from schemas.nodes import nodes_at

_LONGEST = 200  # characters of a description, and
_MOST = 24  # words of it, that are read
_PHRASE = 6  # words of a label
_LEAST = 3  # letters of a word that names anything
_WORD = re.compile(r"[^\W_]+")
_QUOTED = re.compile(r"[\"“”„«»]([^\"“”„«»]{2,64})[\"“”„«»]|(?<!\w)['‘‚`]([^'‘’`]{2,64})['’‘`](?!\w)")
# What descriptions say beside what they are about.
_ORDINARY = WEAK | frozenset(
    "a an of in on at to by from as be been it its this that these those there here if when where which who whom whose "
    "what whatever whether or but no yes true false null none only also such one any each all both other than then so "
    "do does did would should must been being into under over below above beside next behind before after "
    "value values field fields printed print prints says said say stated states given gives shown show shows written "
    "text document documents page form label labels labelled labeled title name names named called known marked marks "
    "mark content contents figure equals equal goes fill filled box boxes line lines column row word words present "
    "applies apply applicable available optional default boolean string integer list date time day number numbers "
    "amount total type code kind exactly usually always never example e g i "
    "der die das den dem des ein eine einer eines ist sind ob wenn falls und oder nicht ja nein wert feld angabe "
    "le la les un une des du est si et ou oui non valeur champ el los las una es y o valor campo il lo gli".split()
)


class FieldDescriptions:
    """Of one schema. `keys`: those of the answer, whose labels are theirs."""

    def __init__(self, json_schema: dict[str, Any], keys: Iterable[str]) -> None:
        self._schema = json_schema
        self._keys = {_joined(key) for key in set(keys)}
        self._texts: dict[JsonPath, list[str]] = {}
        self._words: dict[str, list[str]] = {}  # of the texts

    def texts(self, path: JsonPath) -> list[str]:
        """Of the field at `path`, the same for all rows of a list: its quoted names, or else what is said of it."""
        column = tuple(0 if isinstance(part, int) else part for part in path)
        if column not in self._texts:
            nodes = nodes_at(self._schema, column)
            texts = [node[key][:_LONGEST] for key in ("title", "description") for node in nodes if _says(node, key)]
            quoted = [one or other for text in texts for one, other in _QUOTED.findall(text)]
            self._texts[column] = list(dict.fromkeys(quoted or texts))
        return self._texts[column]

    def names(self, path: JsonPath, label: Sequence[str]) -> bool:
        """Whether the words `label` (small, without marks) are words of what is said of the field, one after another,
        and say what it is about."""
        own = list(dropwhile(_ORDINARY.__contains__, label))
        return (
            _is_name(own)
            and not self._is_of_another(own, path)
            and any(
                own == words[at : at + len(own)]
                for words in self._words_of(path)
                for at in range(len(words) - len(own) + 1)
            )
        )

    def phrases(self, path: JsonPath) -> list[list[str]]:
        """What may be a label in what is said of the field, the longest first."""
        return [
            phrase
            for length in range(_PHRASE, 0, -1)
            for words in self._words_of(path)
            for at in range(len(words) - length + 1)
            if _is_name(phrase := words[at : at + length]) and not self._is_of_another(phrase, path)
        ]

    def words(self, path: JsonPath) -> set[str]:
        """Of its key and of what is said of it, those that say what it is about, plain."""
        own = next((part for part in reversed(path) if isinstance(part, str)), "")
        words = [*map(plain, key_words(own)), *(word for words in self._words_of(path) for word in words)]
        return {word for word in words if _is_name([word])}

    def named(self, path: JsonPath) -> list[list[str]]:
        """Names that documents have for such a field and that what is said of it begins with: `invoice number as
        printed`."""
        return [name for words in self._words_of(path) if (name := name_in(words))]

    def _words_of(self, path: JsonPath) -> list[list[str]]:
        """The words of its texts."""
        texts = self.texts(path)
        for text in texts:
            if text not in self._words:
                self._words[text] = [plain(word) for word in _WORD.findall(text)[:_MOST]]
        return [self._words[text] for text in texts]

    def _is_of_another(self, phrase: Sequence[str], path: JsonPath) -> bool:
        """Whether it is the key of another field."""
        name = " ".join(phrase)
        own = next((part for part in reversed(path) if isinstance(part, str)), "")
        return name in self._keys and name != _joined(own)


class DescribedLabel(NamedTuple):
    """A name of a field that a document prints, and where."""

    name: str
    printed: list[PrintedLabel]


class DescribedLabels:
    """Of one document and one answer."""

    def __init__(self, index: DocumentIndex, printed: PrintedLabels, descriptions: FieldDescriptions) -> None:
        self._index, self._printed, self.descriptions = index, printed, descriptions
        self._found: dict[tuple[str, ...], list[DescribedLabel]] = {}

    def of(self, path: JsonPath) -> list[DescribedLabel]:
        """The longest names of the field that stand where labels do."""
        texts = tuple(self.descriptions.texts(path))
        if texts not in self._found:
            self._found[texts] = self._longest(self.descriptions.phrases(path))
        return self._found[texts]

    def spans(self, path: JsonPath) -> list[Span]:
        """Where those stand."""
        return [one.label for each in self.of(path) for one in each.printed]

    def in_text(self, path: JsonPath) -> list[Span]:
        """Where the document prints its longest name of several words, within a sentence too."""
        for phrase in self._printable(self.descriptions.phrases(path)):
            if len(phrase) > 1 and (found := self._index.anywhere(" ".join(phrase))):
                return [(one.start, one.stop) for one in found]
        return []

    def _longest(self, phrases: list[list[str]]) -> list[DescribedLabel]:
        labels: list[DescribedLabel] = []
        length = 0
        for phrase in self._printable(phrases):
            if labels and len(phrase) < length:
                break
            name = " ".join(phrase)
            if name not in {one.name for one in labels} and (printed := self._printed.of_name(name)):
                labels.append(DescribedLabel(name, printed))
                length = len(phrase)
        return labels

    def _printable(self, phrases: list[list[str]]) -> list[list[str]]:
        return [phrase for phrase in phrases if all(map(self._index.has_word, phrase))]


def _says(node: dict[str, Any], key: str) -> bool:
    return isinstance(node.get(key), str)


def _joined(key: str) -> str:
    return " ".join(map(plain, key_words(key)))


def _is_name(phrase: Sequence[str]) -> bool:
    return any(len(word) >= _LEAST and word not in _ORDINARY for word in phrase)
