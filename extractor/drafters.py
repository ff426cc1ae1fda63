"""The drafters, by the names that settings, requests, results and metrics know them by."""

from __future__ import annotations

from typing import Literal, get_args

Drafter = Literal["grammar", "copy", "mtp"]

DRAFTERS: tuple[str, ...] = get_args(Drafter)
"""`grammar`: text the schema forces (jump-forward). `copy`: text the document foretells (prompt lookup). `mtp`: chains
of the model's own drafter (multi-token prediction)."""


def parse_drafters(value: object) -> object:
    """`"all"`, `"none"`, `"grammar,copy"` or a sequence of names → a tuple of names in the order of `DRAFTERS`.

    Raises ValueError for a name that is no drafter.
    """
    if isinstance(value, str):
        words = [word.strip() for word in value.split(",") if word.strip()]
        value = DRAFTERS if words == ["all"] else () if words == ["none"] else words
    if isinstance(value, list | tuple | set | frozenset):
        unknown = [str(name) for name in value if name not in DRAFTERS]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not one of {', '.join(DRAFTERS)} (or all, or none)")
        return tuple(name for name in DRAFTERS if name in value)
    return value
