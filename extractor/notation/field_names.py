"""Names that documents print for what fields are called: `Tel.` for `phone`, `Rabatt` for `discount`. They are compared
in small letters without marks (`échéance` is `echeance`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

_FILE = "field_names.txt"
_STATES = frozenset("is has was are".split())  # before what a key of a yes or a no is about
_NUMBER = frozenset("number no nr num".split())
_REACHED = frozenset("email phone mobile fax website".split())  # names that say it all, whoever's it is
_LINKS = frozenset("the a an".split())  # `date of the invoice`


def names(words: Sequence[str]) -> Iterator[str]:
    """What a label may be called that means what a key of these `words` (in small letters, without marks) means; the
    key's own name first, none twice."""
    yield from dict.fromkeys(_names(words))


def kind(words: Sequence[str]) -> str:
    """The first name of the key's group: `email` for `e_mail` and `customer_email`; its own name where it has none."""
    name, groups = " ".join(words), _groups()
    group = groups.get(name) or (groups.get(words[-1]) if words else None)
    return group[0] if group and (name in group or group[0] in _REACHED) else name


def is_name(words: Sequence[str]) -> bool:
    """Whether documents call a field so."""
    return " ".join(words) in _groups()


def name_in(words: Sequence[str]) -> list[str]:
    """The longest name of several words that a description begins with: `invoice number as printed`, `date of the
    invoice`. Empty where there is none."""
    own = [word for word in words if word not in _LINKS]
    return next((own[:length] for length in range(len(own), 1, -1) if is_name(own[:length])), [])


def _names(words: Sequence[str]) -> Iterator[str]:
    joined = " ".join(words)
    yield joined
    yield from _groups().get(joined, ())
    if len(words) > 1 and words[-1] in _NUMBER:
        rest = " ".join(words[:-1])
        yield rest
        yield from (f"{rest} {one}" for one in ("no", "nr", "number"))
    if words and (name := kind(words)) in _REACHED:
        yield from _groups()[name]
    if len(words) > 1 and words[0] in _STATES:
        yield from _names(words[1:])


@cache
def _groups() -> dict[str, list[str]]:
    """By each name, those that mean the same."""
    text = files(__package__).joinpath(_FILE).read_text("utf-8")
    groups = [line.split(", ") for line in text.splitlines() if not line.startswith("#")]
    return {name: group for group in reversed(groups) for name in group}
