"""Which look (looks.py) values of a field have: by its name alone where that tells (`email`, `Telefonnummer`, `plz`),
by its name, format and kind, and of what stands behind its label.
"""

from __future__ import annotations

from collections.abc import Sequence

from extractor.notation import field_names
from extractor.notation.key_words import key_words, plain
from extractor.notation.looks import LOOKS, OWN

_BY_FORMAT = {"email": "mail", "idn-email": "mail", "uri": "web", "date": "date", "date-time": "date", "time": "time"}

_TELLING = {"email": "mail", "website": "web", "iban": "iban", "postal code": "postcode"}  # by what a field is called
_TELLING |= dict.fromkeys(("phone", "mobile", "fax"), "phone")
_BY_LAST = frozenset(("iban", "postal code"))  # whoever's it is
_WHOSE = frozenset(  # what may stand behind such a name: `phone_office`
    "office work home private personal business company main direct day evening oficina trabajo casa personal empresa "
    "bureau domicile perso travail privat arbeit dienstlich geschaftlich buro ufficio lavoro azienda zakelijk prive "
    "werk thuis sluzbowy prywatny contact kontakt contacto contatto".split()
)

_AT_LABEL = _TELLING | {one: one for one in ("date", "time", "currency", "number")}
_AT_LABEL |= dict.fromkeys(("no", "nr", "num", "id", "code", "sku"), "number")

_OF_TEXTS = {
    "date": "date datum day fecha due",
    "time": "time uhrzeit hour hora heure",
    "currency": "currency währung waehrung devise moneda",
}
_OF_NUMBERS = {
    "percent": "percent percentage rate prozent pct",
    "amount": "amount total price net gross sum subtotal tax vat fee cost balance paid pay due discount deposit rent "
    "salary tip change shipping betrag preis summe netto brutto montant prix importe precio",
}
_BY_WORD, _BY_WORD_OF_NUMBERS = (
    {word: look for look, words in each.items() for word in words.split()} for each in (_OF_TEXTS, _OF_NUMBERS)
)
# More words for a percentage than those that fits of calibration are made with.
_SHARES = frozenset(
    (*_OF_NUMBERS["percent"].split(), *"share satz taux tasso aliquota sats stawka sazba tarief".split())
)


def look_of(name: str) -> str | None:
    """Of the values of a field that is called so; None where that does not tell."""
    words = [plain(word) for word in key_words(name[:64])]
    while len(words) > 1 and (words[-1].isdecimal() or words[-1] in _WHOSE):
        words.pop()
    return next((look for some in _forms(words) if (look := _look(some))), None)


def look_of_field(kind: str, key: str, format: str) -> str | None:
    """Which of the looks its values most likely have; None for any. `kind`: `text`, `number`, `date` or `choice`."""
    if kind == "choice":
        return None
    if kind == "number":
        return _by_last_word(_BY_WORD_OF_NUMBERS, key) or "number"
    if kind == "date":
        return _BY_FORMAT.get(format) or _by_last_word(_BY_WORD, key) or "date"
    return _BY_FORMAT.get(format) or look_of(key) or _by_last_word(_BY_WORD, key)


def looks_like(key: str, format: str, value: str) -> bool:
    """Whether a text looks as those of the field do, where that can be told."""
    look = look_of_field("text", key, format)
    return look not in OWN or any(LOOKS[look].spans(value)) or (look == "phone" and LOOKS[look].may_be(value))


def text_at_label(key: str, format: str) -> str | None:
    """The look of what stands behind the label of a field of texts; None for any."""
    name = field_names.kind([word.lower() for word in key_words(key)])
    return _BY_FORMAT.get(format) or _AT_LABEL.get(name) or _AT_LABEL.get(name.rpartition(" ")[2])


def number_at_label(key: str) -> str:
    """The look of what stands behind the label of a field of numbers."""
    return "amount" if _SHARES.isdisjoint(word.lower() for word in key_words(key)) else "percent"


def _look(words: Sequence[str]) -> str | None:
    kind, last = field_names.kind(words), field_names.kind(words[-1:])
    return _TELLING.get(kind) or (_TELLING[last] if last in _BY_LAST else None)


def _forms(words: list[str]) -> list[list[str]]:
    """The words as they are, and as of one: `emails`."""
    if not words:
        return []
    return [words, [*words[:-1], words[-1].removesuffix("s")]] if words[-1].endswith("s") else [words]


def _by_last_word(looks: dict[str, str], key: str) -> str | None:
    """By the last of the key's words that says one: `vat_rate` is a rate."""
    words = (word.casefold() for word in reversed(key_words(key[:64])))
    return next((looks[word] for word in words if word in looks), None)
