"""What a value looks like by the name of its field, where only such values do: `email`, `Telefonnummer`, `plz`
(contacts.py)."""

from __future__ import annotations

from collections.abc import Sequence

from extractor.notation import field_names
from extractor.notation.key_words import key_words, plain

_LOOKS = {"email": "mail", "website": "web", "iban": "iban", "postal code": "postcode"}
_LOOKS |= dict.fromkeys(("phone", "mobile", "fax"), "phone")
_BY_LAST = frozenset(("iban", "postal code"))  # whoever's it is
_WHOSE = frozenset(  # what may stand behind such a name: `phone_office`
    "office work home private personal business company main direct day evening oficina trabajo casa personal empresa "
    "bureau domicile perso travail privat arbeit dienstlich geschaftlich buro ufficio lavoro azienda zakelijk prive "
    "werk thuis sluzbowy prywatny contact kontakt contacto contatto".split()
)

SURE = frozenset(("mail", "phone", "web"))  # of these a document says none where none is found in it


def look_of(name: str) -> str | None:
    """Of the values of a field that is called so; None where that does not tell."""
    words = [plain(word) for word in key_words(name[:64])]
    while len(words) > 1 and (words[-1].isdecimal() or words[-1] in _WHOSE):
        words.pop()
    return next((look for some in _forms(words) if (look := _look(some))), None)


def _look(words: Sequence[str]) -> str | None:
    kind, last = field_names.kind(words), field_names.kind(words[-1:])
    return _LOOKS.get(kind) or (_LOOKS[last] if last in _BY_LAST else None)


def _forms(words: list[str]) -> list[list[str]]:
    """The words as they are, and as of one: `emails`."""
    if not words:
        return []
    return [words, [*words[:-1], words[-1].removesuffix("s")]] if words[-1].endswith("s") else [words]
