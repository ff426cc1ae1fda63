"""How much text a schema may force in one piece.

llguidance allows one tokenization of forced text, and makes it anew, to the end of that text, for every mask: of 20,000
forced characters a mask takes 10 to 70 ms, whatever the time of one mask says of the first. Where any tokenization is
allowed, forced text costs nothing.
"""

from __future__ import annotations

import json
from typing import Any

from schemas import keywords

_KEY = 20  # characters of a key and its signs, about


def forced_chars(schema: Any) -> int:
    """Characters at most, of a schema as it is compiled: of all the literals in it that have no alternative, as if
    nothing free stood between them."""
    if not isinstance(schema, dict):
        return 0
    values = schema["enum"] if "enum" in schema else [schema["const"]] if "const" in schema else []
    if values:
        return max(len(json.dumps(value)) for value in values) + _KEY
    found = _KEY if schema.get("type") == "null" else 0
    for key, value in schema.items():
        if key in keywords.ONE:
            found += forced_chars(value)
        elif key in ("anyOf", "oneOf"):
            found += max((forced_chars(one) for one in value if one != {"type": "null"}), default=0)
        elif key in keywords.MANY:
            found += sum(map(forced_chars, value))
        elif key in keywords.NAMED:
            found += sum(map(forced_chars, value.values()))
    return found
