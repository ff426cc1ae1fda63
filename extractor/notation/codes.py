"""Codes that documents print in groups and forms write without: accounts, numbers of taxes, telephones and cards. Pure:
knows text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_GAP = r"(?:[ \u00a0\u202f\u2009.-]|[ \t]*\n[ \t]*)"  # between groups; a line may end there
_IBAN = re.compile(
    rf"[A-Z](?<![^\W_].)[A-Z]\d\d(?:{_GAP}[A-Z0-9]{{4}}(?![^\W_])){{2,7}}(?:{_GAP}[A-Z0-9]{{1,3}}(?![^\W_]))?"
)
_LIKE_IBAN = re.compile(  # whose check digits are none, as in examples
    r"[A-Z](?<![^\W_].)[A-Z]\d\d(?:[ \u00a0\u202f-][A-Z0-9]{4})(?:[ \u00a0\u202f-](?=[A-Z]{0,3}\d)[A-Z0-9]{4}){1,6}"
    r"(?:[ \u00a0\u202f-][A-Z0-9]{1,3})?(?![^\W_])"
)
_SHORTEST_IBAN, _LONGEST_IBAN = 15, 34
_NUMBER = re.compile(
    r"(?<![\w.,+-])(?:"
    r"(?P<land>[A-Z]{2,3})[ -]?(?=(?:[ .-]?\d){8})\d{2,4}(?:[ .]\d{2,4}){2,4}"  # `DE 123 456 789`
    r"|(?P<call>\+|00)\d(?:[ ./-]?\(?\d\)?){6,16}"  # `+49 (0)351 11 22 33`
    r"|\(?0\d{1,5}\)?[ /-]{1,3}\d{2,8}(?:[ -]\d{2,8}){0,4}"  # `0351 / 11 22 33`
    r"|\d{3}(?:[ .-]\d{3}){2,3}(?:[ -]\d{5})?"  # `123 456 789`
    r"|\d{4}(?:[ -]\d{4}){3}"  # a card
    r")(?![^\W_]|[ .,/-]\d)"
)
CALLED = re.compile(  # without a prefix, behind what says that it is a telephone: `Tel. 555 12 12`
    r"(?=[tfpmTFPM])(?<![^\W_])(?i:tele(?:fon|phone|fax)|téléphone|teléfono|(?:tele)?fax|phone|tel|fon|mobile?)"
    r"\.?(?: ?(?:no|nr)\.?)?:? {0,3}(?=\d(?:[ -]?\d){5})(?P<digits>\d{2,4}(?:[ -]\d{2,4}){1,3})(?![^\W_]|[ .,/-]\d)"
)
_NATIONAL_ZERO = re.compile(r"\(0\)")  # that nobody dials from abroad


def ungrouped(text: str) -> Iterator[str]:
    """Each without what parts its groups, none of them shortened or gone on with."""
    yield from ibans(text)
    for found in _NUMBER.finditer(text):
        digits = "".join(filter(str.isalnum, _NATIONAL_ZERO.sub("", found.group())))
        yield digits
        if found["land"]:  # a country, or a label
            yield digits[len(found["land"]) :]
        if found["call"] == "+":
            yield f"+{digits}"
    for found in CALLED.finditer(text):
        yield "".join(filter(str.isdecimal, found["digits"]))


def ibans(text: str) -> Iterator[str]:
    """International account numbers, as long as their check digits say, or as their groups go."""
    for found in _IBAN.finditer(text):
        groups = re.split(_GAP, found.group())
        while not _checks("".join(groups)) and groups[-1].isalpha():
            groups.pop()  # a word behind it, or of the next line
        if _checks(whole := "".join(groups)):
            yield whole
    for found in _LIKE_IBAN.finditer(text):
        yield "".join(filter(str.isalnum, found.group()))


def _checks(code: str) -> bool:
    """Whether its check digits are right: ISO 7064, MOD 97-10."""
    if not _SHORTEST_IBAN <= len(code) <= _LONGEST_IBAN:
        return False
    return int("".join(str(int(sign, 36)) for sign in code[4:] + code[:4])) % 97 == 1
