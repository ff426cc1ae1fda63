"""Texts that pydantic's types take, as patterns: where pydantic's own JSON Schema names a format that nobody else
knows, or one that is wider than the type. None rules out what a document would print."""

from __future__ import annotations

import re
from collections.abc import Iterable

from schemas.checks.formats import EMAIL

_BYTE = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = rf"(?:{_BYTE}(?:\.{_BYTE}){{3}})"
_H = r"[\da-fA-F]{1,4}"
_SHORTENED = "|".join(rf"(?:{_H}:){{1,{7 - after}}}(?::{_H}){{1,{after}}}" for after in range(1, 7))
_IPV6 = rf"(?:(?:{_H}:){{7}}{_H}|(?:{_H}:){{1,7}}:|{_SHORTENED}|:(?:(?::{_H}){{1,7}}|:))"
_MASK4, _MASK6 = r"(?:\/(?:[12]?\d|3[0-2]))?", r"(?:\/(?:[1-9]?\d|1[01]\d|12[0-8]))?"

# By the names of pydantic's formats, each the options of one.
FORMATS = {
    name: tuple(f"^{pattern}$" for pattern in patterns)
    for name, patterns in {
        "ipv4network": [_IPV4 + _MASK4],
        "ipv4interface": [_IPV4 + _MASK4],
        "ipv6network": [_IPV6 + _MASK6],
        "ipv6interface": [_IPV6 + _MASK6],
        "ipvanyaddress": [_IPV4, _IPV6],
        "ipvanyinterface": [_IPV4 + _MASK4, _IPV6 + _MASK6],
        "ipvanynetwork": [_IPV4 + _MASK4, _IPV6 + _MASK6],
        "base64": [r"(?:[A-Za-z\d+\/]{4})*(?:[A-Za-z\d+\/]{2}==|[A-Za-z\d+\/]{3}=)?"],
        "base64url": [r"(?:[\w-]{4})*(?:[\w-]{2}==|[\w-]{3}=)?"],
        "email": [EMAIL],
        "name-email": [EMAIL, rf"[A-Za-z\d][A-Za-z\d '.-]{{0,60}} <{EMAIL}>"],
        "fraction": [r"-?\d{1,15}(?:\/[1-9]\d{0,14})?"],
    }.items()
}
PARTLY = {  # what only pydantic tells
    **dict.fromkeys(("ipv4network", "ipv6network", "ipvanynetwork"), "that no bit of a host is set"),
    **dict.fromkeys(("base64", "base64url"), "that it is text, where the type says so"),
    **dict.fromkeys(("email", "name-email"), "that the domain is none for tests and the like"),
}

COMPLEX = r"^-?\d{1,15}(?:\.\d{1,9})?(?:[+-]\d{1,15}(?:\.\d{1,9})?j)?$"
_SIZES = r"^\s*(\d*\.?\d+)\s*(\w+)?"  # of ByteSize, to which any word is a unit
PATTERNS = {_SIZES: r"^\d{1,15}(?:\.\d{1,9})? ?(?:[KMGTPE]i?B|B)?$"}
NO_BLANKS_AROUND = r"^(?:\P{White_Space}(?:[\s\S]*\P{White_Space})?)?$"
ASCII = r"^[\x00-\x7f]*$"

_DOMAIN = r"(?:\w+(?:-\w+)*\.)*[A-Za-z][A-Za-z\d]*(?:-[A-Za-z\d]+)*"
_HOST = rf"(?:{_DOMAIN}|{_IPV4})(?::(?:[1-9]\d{{0,3}}|[1-5]\d{{4}}))?"
_USER = r"(?:[\w.~!$&'()*+,;=:-]|%[\da-fA-F]{2}){1,100}"
_PART = r"(?:[\w.~!$&'()*+,;=:@\/?-]|%[\da-fA-F]{2})"
_REST = rf"(?:[\/?]{_PART}*)?(?:#{_PART}*)?"


def uuid(version: int) -> str:
    h = r"[\da-fA-F]"
    return rf"^{h}{{8}}-{h}{{4}}-{version}{h}{{3}}-[89abAB]{h}{{3}}-{h}{{12}}$"


def url(schemes: Iterable[str], *, many_hosts: bool = False) -> str:
    """Of one of the schemes."""
    names = "|".join(re.sub(r"[+.-]", r"\\\g<0>", scheme) for scheme in schemes)
    if names == "file":
        return rf"^file:\/\/\/{_PART}+$"
    if not many_hosts:
        return rf"^(?:{names}):\/\/(?:{_USER}@)?{_HOST}{_REST}$"
    host = r"[A-Za-z][A-Za-z\d.]*[A-Za-z\d](?::\d{1,4})?"
    return rf"^(?:{names}):\/\/(?:[\w.-]+(?::[\w.-]+)?@)?{host}(?:,{host})*(?:\/\w*)?(?:\?{_PART}*)?$"
