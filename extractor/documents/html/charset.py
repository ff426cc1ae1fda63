"""Bytes of a page → text: by its byte order mark, by who sent it, by what it declares of itself, else by a guess."""

from __future__ import annotations

import re

from extractor.documents.charset_names import python_name
from extractor.documents.text import decode
from extractor.sandbox import Rejected

_LOOKED_AT = 4_096
_META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})", re.IGNORECASE)
_WIDE = ("utf-16", "utf-32")


def decoded(data: bytes, charset: str | None) -> str:
    """What is declared is believed where the bytes allow it. Raises Rejected `undecodable_document`."""
    for named in (charset, declared(data)):
        if named is not None and (encoding := python_name(named)) is not None:
            try:
                return decode(data, encoding)
            except Rejected:
                continue
    try:
        return decode(data)
    except Rejected:
        if b"\0" in data:
            raise
        return data.decode("cp1252", "replace")


def declared(data: bytes) -> str | None:
    """By the page itself. A page that can be looked into so is not in two bytes a character, whatever it says."""
    head = data[:_LOOKED_AT]
    found = _XML.match(head) or _META.search(head)
    name = found.group(1).decode("ascii") if found else None
    return "utf-8" if name is not None and name.lower().startswith(_WIDE) else name
