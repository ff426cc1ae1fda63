"""Format codes of spreadsheets, cut into sections and their parts (ECMA-376, part 1, 18.8.30 and 18.8.31)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

GENERAL = "General"
_MOST_CODE = 1_000  # characters

BUILT_IN = {
    0: GENERAL,
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: '"$"#,##0_);\\("$"#,##0\\)',
    6: '"$"#,##0_);\\("$"#,##0\\)',
    7: '"$"#,##0.00_);\\("$"#,##0.00\\)',
    8: '"$"#,##0.00_);\\("$"#,##0.00\\)',
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "yyyy-mm-dd",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "yyyy-mm-dd h:mm",
    **dict.fromkeys((27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 55, 56, 57, 58), "yyyy-mm-dd"),  # of East Asia
    **dict.fromkeys((32, 33, 34, 35), "h:mm:ss"),
    37: "#,##0_);\\(#,##0\\)",
    38: "#,##0_);\\(#,##0\\)",
    39: "#,##0.00_);\\(#,##0.00\\)",
    40: "#,##0.00_);\\(#,##0.00\\)",
    41: '_(* #,##0_);_(* \\(#,##0\\);_(* "-"_);_(@_)',
    42: '_("$"* #,##0_);_("$"* \\(#,##0\\);_("$"* "-"_);_(@_)',
    43: '_(* #,##0.00_);_(* \\(#,##0.00\\);_(* "-"??_);_(@_)',
    44: '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)',
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
}

_TOKEN = re.compile(
    r"""
      "(?P<quoted>[^"]*)"? | \\(?P<escaped>.)? | _(?P<room>.)? | \*(?P<fill>.)?
    | \[\$(?P<currency>[^\]-]*)(?:-(?P<locale>[^\]]*))?\]
    | \[(?P<condition>[<>=]{1,2}-?[\d.]+)\] | \[(?P<bracket>[^\]]*)\]
    | (?P<general>general) | (?P<exponent>e[+-]) | (?P<one>.)
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)(-?[\d.]+)")
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)

CodePart = tuple[
    str, str
]  # (kind, text): text, digit, point, comma, percent, slash, exponent, at, general, date, elapsed


@dataclass(frozen=True)
class Section:
    parts: tuple[CodePart, ...]
    condition: tuple[str, float] | None = None
    locale: str = ""

    def kinds(self) -> frozenset[str]:
        return frozenset(kind for kind, _ in self.parts)


@lru_cache(maxsize=1024)
def sections(code: str) -> tuple[Section, ...]:
    out: list[Section] = []
    parts: list[CodePart] = []
    condition: tuple[str, float] | None = None
    locale = ""
    for found in _TOKEN.finditer(code[:_MOST_CODE]):
        kind, text = found.lastgroup or "", found.group(found.lastgroup or 0)
        if kind == "one" and text == ";":
            out.append(Section(tuple(parts), condition, locale))
            parts, condition, locale = [], None, ""
        elif kind == "condition":
            condition = _condition(text)
        elif found.group().startswith("[$"):
            locale = found.group("locale") or locale
            parts.append(("text", found.group("currency")))
        else:
            parts += _code_part(kind, text)
    return (*out, Section(tuple(parts), condition, locale))


def _condition(text: str) -> tuple[str, float] | None:
    found = _CONDITION.fullmatch(text)
    try:
        return (found[1], float(found[2])) if found else None
    except ValueError:
        return None


def _code_part(kind: str, text: str) -> list[CodePart]:
    if kind in ("quoted", "escaped"):
        return [("text", text)]
    if kind == "room":
        return [("text", " ")]
    if kind == "bracket":
        return [("elapsed", text.lower())] if _ELAPSED.fullmatch(text) else []
    if kind in ("general", "exponent"):
        return [(kind, text)]
    if kind == "one":
        special = {".": "point", ",": "comma", "%": "percent", "/": "slash", "@": "at"}
        if text in "0#?":
            return [("digit", text)]
        if text in special:
            return [(special[text], text)]
        return [("date" if text.lower() in "ymdhsaepbg" else "text", text)]
    return []  # fill


def section_for(every: tuple[Section, ...], value: float) -> tuple[Section | None, float]:
    """The section for a value, and the value as that section shows it: one for negative numbers leaves out the sign."""
    numeric = [section for section in every[:4] if "at" not in section.kinds()]
    if any(section.condition for section in numeric):
        for section in numeric:
            if section.condition is None or _holds(section.condition, value):
                drops = section.condition is not None and section.condition[0] in ("<", "<=") and value < 0
                return section, abs(value) if drops and section.condition and section.condition[1] <= 0 else value
        return None, value
    if not numeric:
        return None, value
    if value < 0 and len(numeric) > 1:
        return numeric[1], -value
    if value == 0 and len(numeric) > 2:
        return numeric[2], value
    return numeric[0], value


def _holds(condition: tuple[str, float], value: float) -> bool:
    sign, bound = condition
    return {
        "<": value < bound,
        ">": value > bound,
        "<=": value <= bound,
        ">=": value >= bound,
        "=": value == bound,
        "<>": value != bound,
    }[sign]
