"""A number as a spreadsheet shows it under its number format.

Separators are those of the format codes themselves, which every file keeps in English: who opens a file sees those of
his own system, and the file does not say which. For the same reason dates that a system writes its own way (codes 14
and 22) are shown as ISO 8601 writes them, which is read in one way only.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from extractor.documents.sheets.date_format import formatted_date, is_date
from extractor.documents.sheets.format_code import CodePart, Section, section_for, sections

_EXACT = Context(prec=420, rounding=ROUND_HALF_UP)
_MOST_PLACES = 30
_GENERAL_CHARACTERS = 11  # of a figure with decimals, as a column shows it
_GENERAL_WHOLE = 10**15  # what a double holds exactly


def formatted(value: float, code: str, from_1904: bool = False) -> str:
    """`value` under the format `code`. A date that the calendar does not have is shown as its number."""
    section, size = section_for(sections(code), value)
    if section is None:
        return general(value)
    if is_date(section.parts):
        date = formatted_date(value, section.parts, section.locale, from_1904)
        return general(value) if date is None else date
    return _number(section, size).strip()


def formatted_text(text: str, code: str) -> str:
    """A text under a format: the section for texts may add words to it."""
    for section in sections(code)[:4]:
        if "at" in section.kinds():
            return "".join(text if kind == "at" else words for kind, words in section.parts)
    return text


def general(value: float) -> str:
    """As a cell without a format shows it; whole numbers in full, as an account's number is one."""
    if value == int(value) and abs(value) < _GENERAL_WHOLE:
        return str(int(value))
    if 1e-4 <= abs(value) < 10**_GENERAL_CHARACTERS:
        places = max(0, _GENERAL_CHARACTERS - 1 - len(str(int(abs(value)))))
        return _plain(f"{_rounded(abs(value), places):f}", value < 0)
    mantissa, _, exponent = f"{value:.5E}".partition("E")
    return f"{_plain(mantissa.lstrip('-'), value < 0)}E{exponent}"


def _plain(digits: str, negative: bool) -> str:
    text = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return f"-{text}" if negative and text.strip("0.") else text


def _rounded(value: float, places: int) -> Decimal:
    """Half up, as spreadsheets round, on the fifteen digits that they keep."""
    return Decimal(f"{value:.15g}").quantize(Decimal(1).scaleb(-places), context=_EXACT)


# Numbers


def _number(section: Section, value: float) -> str:
    kinds = section.kinds()
    if "general" in kinds:
        return "".join(general(value) if kind == "general" else text for kind, text in section.parts)
    if "digit" not in kinds:  # only words, or nothing
        words = "".join(text for kind, text in section.parts if kind != "comma")
        return f"-{words}" if value < 0 and words else words
    value *= 100 ** sum(kind == "percent" for kind, _ in section.parts)
    if "exponent" in kinds:
        return _scientific(section, value)
    if "slash" in kinds and _is_fraction(section):
        return _fraction(section, value)
    return _decimal(section, value)


def _decimal(section: Section, value: float) -> str:
    """Digits are written from the point to the left, into the places that the format has for them."""
    parts = list(section.parts)
    last = max(at for at, (kind, _) in enumerate(parts) if kind == "digit")
    point = next((at for at, (kind, _) in enumerate(parts) if kind == "point"), len(parts))
    end = min(point, last + 1)
    commas = [at for at, (kind, _) in enumerate(parts) if kind == "comma"]
    scale = sum(_is_scale(parts, at, last, point) for at in commas)
    first = next(at for at, (kind, _) in enumerate(parts) if kind == "digit")
    grouped = any(first < at < end for at in commas)
    places = [text for kind, text in parts[point + 1 :] if kind == "digit"][:_MOST_PLACES]
    size = _EXACT.divide(Decimal(f"{abs(value):.15g}"), Decimal(1000) ** min(scale, 20))
    digits = f"{size.quantize(Decimal(1).scaleb(-len(places)), context=_EXACT):f}"
    whole, _, part = digits.partition(".")
    negative = value < 0 and bool(digits.strip("0."))
    left = _whole(parts[:point], whole.lstrip("0"), grouped)
    return ("-" if negative else "") + left + _part(parts[point:], part)


def _is_scale(parts: list[CodePart], at: int, last: int, point: int) -> bool:
    """Whether a comma stands behind the last digit of the whole: it divides by a thousand then."""
    whole = [index for index, (kind, _) in enumerate(parts[:point]) if kind == "digit"]
    return at > (whole[-1] if whole and point < len(parts) else last) or bool(whole and whole[-1] < at < point)


def _whole(parts: list[CodePart], digits: str, grouped: bool) -> str:
    out: list[str] = []
    left = list(digits)
    places = sum(kind == "digit" for kind, _ in parts)
    written = 0
    for kind, text in reversed(parts):
        if kind == "digit":
            places -= 1
            taken = [left.pop()] if left else ["" if text == "#" else " " if text == "?" else "0"]
            if not places:  # the first place takes all that is left
                taken = [*taken, *reversed(left)]
                left = []
            for figure in taken:
                if grouped and written and written % 3 == 0 and figure.isdigit():
                    out.append(",")
                out.append(figure)
                written += bool(figure)
        elif kind not in ("comma",):
            out.append(text[::-1])
    return "".join(out)[::-1]


def _part(parts: list[CodePart], digits: str) -> str:
    """Behind the point: `#` writes no zeros at the end, `?` leaves room for them."""
    out = ""
    at = 0
    for kind, text in parts:
        if kind == "digit":
            rest = digits[at:]
            dropped = text != "0" and not rest.strip("0")
            out += "" if dropped else rest[:1]
            at += 1
        elif kind == "point":
            out += "." if digits.strip("0") or any(text == "0" for kind, text in parts if kind == "digit") else ""
        elif kind != "comma":
            out += text
    return out


def _scientific(section: Section, value: float) -> str:
    at = next(index for index, (kind, _) in enumerate(section.parts) if kind == "exponent")
    front, behind = section.parts[:at], section.parts[at + 1 :]
    point = next((index for index, (kind, _) in enumerate(front) if kind == "point"), len(front))
    whole = max(1, sum(kind == "digit" for kind, _ in front[:point]))
    places = min(sum(kind == "digit" for kind, _ in front[point:]), _MOST_PLACES)
    power = 0 if value == 0 else Decimal(f"{abs(value):.15g}").adjusted()
    power -= power % whole if whole > 1 else 0
    mantissa = _rounded(float(Decimal(f"{abs(value):.15g}").scaleb(-power)), places)
    if mantissa >= 10**whole:
        power, mantissa = power + whole, _rounded(float(mantissa) / 10**whole, places)
    width = sum(kind == "digit" for kind, _ in behind)
    sign = "-" if power < 0 else "+" if section.parts[at][1].endswith("+") else ""
    tail = "".join(text for kind, text in behind if kind not in ("digit", "comma"))
    return f"{'-' if value < 0 else ''}{mantissa:f}E{sign}{abs(power):0{width or 1}}{tail}"


def _is_fraction(section: Section) -> bool:
    slash = next(at for at, (kind, _) in enumerate(section.parts) if kind == "slash")
    after = section.parts[slash + 1 : slash + 2]
    return bool(after) and (after[0][0] == "digit" or after[0][1].isdigit())


def _fraction(section: Section, value: float) -> str:
    slash = next(at for at, (kind, _) in enumerate(section.parts) if kind == "slash")
    below = "".join(text for kind, text in section.parts[slash + 1 :] if kind == "digit" or text.isdigit())
    has_whole = any(kind == "text" and text.isspace() for kind, text in section.parts[:slash])
    size = Fraction(f"{abs(value):.15g}")
    whole, rest = divmod(size, 1) if has_whole else (0, size)
    if fixed := int("".join(char for char in below if char.isdigit()) or 0):
        top, bottom = round(rest * fixed), fixed
    else:
        near = rest.limit_denominator(10 ** min(len(below), 5) - 1)
        top, bottom = near.numerator, near.denominator
    if has_whole and top == bottom:
        whole, top = whole + 1, 0
    shown_whole = str(whole) if whole or not top else ""
    printed = " ".join(piece for piece in (shown_whole if has_whole else "", f"{top}/{bottom}" if top else "") if piece)
    return ("-" if value < 0 else "") + (printed or "0")
