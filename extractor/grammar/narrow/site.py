"""Where a schema stands while it is rewritten, and what may be asked of it by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from extractor.grammar.narrow.meeting import Counts
from schemas import keywords

JSON = dict[str, Any]


@dataclass(frozen=True)
class Site:
    """Where a schema stands. `alone`: no other schema meets it on the same value. `counts`: where others do, how many
    of them declare each property; None when that is not known. `tags`: properties that tell it from the other options
    of a union. `typed`: the kind of the value is said elsewhere. `bounding`: of those that meet, it is the one that
    bounds what none of them says, which costs llguidance too much where two do."""

    alone: bool = True
    counts: Counts | None = None
    tags: tuple[str, ...] = ()
    typed: bool = False
    bounding: bool = False

    def once(self, name: str) -> bool:
        """Whether only this schema declares the property."""
        return self.alone or (self.counts is not None and self.counts.get(name) == 1)


def silent(node: JSON) -> bool:
    """Whether it says nothing that a grammar hears."""
    return not any(key in keywords.ENFORCED for key in node)


def undeclared(node: JSON) -> Any:
    """The schema of keys that an object does not name, false where it is closed."""
    return node.get("additionalProperties", node.get("unevaluatedProperties", False))


def counts_of(new: JSON) -> JSON:
    return {key: new[key] for key in ("minProperties", "maxProperties") if key in new}
