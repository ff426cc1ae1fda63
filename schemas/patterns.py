"""Regular expressions of a schema: how large they grow, and whether a grammar can hold them.

Both engines that meet a pattern (the grammar's and the validator's) match in linear time and have no look-around and
no backreferences; what they cannot parse is refused by compiling it. This module says only what they do not: the size
of counted repeats, and the anchors and word boundaries that the validator knows and a grammar does not.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""\\(?:[pPu]\{[^}]*\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)      # an escape
      | \[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]                        # a class
      | \((?:\?(?:P?<\w+>|[a-zA-Z-]*:?|[=!]|<[=!]))?                # a group opens
      | \) | \| | \^ | \$
      | \{\d+(?:,\d*)?\} | [*+?]                                    # a quantifier
      | .""",
    re.VERBOSE | re.DOTALL,
)


def pattern_size(pattern: str) -> int:
    """How many atoms the pattern is once its counted repeats are written out, nested ones multiplied."""
    sums, last = [0], 0  # the size of each open group so far, and of the atom a quantifier would repeat
    for token in _TOKEN.findall(pattern):
        if token.startswith("(") and not token.endswith((")",)):
            sums.append(0)
            last = 0
        elif token == ")" and len(sums) > 1:
            last = sums.pop()
            sums[-1] += last
        elif token.startswith("{") and token.endswith("}"):
            times = max(int(number) for number in re.findall(r"\d+", token)[:2])
            sums[-1] += last * (max(times, 1) - 1)
            last *= max(times, 1)
        elif token not in ("*", "+", "?"):
            last = 1
            sums[-1] += 1
    return sum(sums)


def fits_grammar(pattern: str) -> bool:
    """Whether a grammar can hold it: no word boundary, `^` only first and `$` only last in an alternative."""
    tokens = _TOKEN.findall(pattern)
    for at, token in enumerate(tokens):
        before = tokens[at - 1] if at else "|"
        after = tokens[at + 1] if at + 1 < len(tokens) else "|"
        if token in (r"\b", r"\B", r"\A", r"\z", r"\<", r"\>"):
            return False
        if token == "^" and before != "|" and not before.startswith("("):
            return False
        if token == "$" and after not in ("|", ")"):
            return False
    return True
