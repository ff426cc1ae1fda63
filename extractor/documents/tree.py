"""XML parts of packed documents → elements. No entities, no network, no DTD; bounds on depth are libxml2's own (256
levels, 10 MB a text), since `huge_tree` stays off. lxml is used because it is fast and leaves entities alone when told.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from lxml import etree

from extractor.sandbox import Rejected

Element = Any  # lxml ships no types
_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
_WIDE = 50  # children
_ENTITY = "<!ENTITY"
_STRICT = {  # ISO's strict Office files name the same things otherwise
    b"http://purl.oclc.org/ooxml/officeDocument/": b"http://schemas.openxmlformats.org/officeDocument/2006/",
    b"http://purl.oclc.org/ooxml/wordprocessingml/": b"http://schemas.openxmlformats.org/wordprocessingml/2006/",
    b"http://purl.oclc.org/ooxml/spreadsheetml/": b"http://schemas.openxmlformats.org/spreadsheetml/2006/",
    b"http://purl.oclc.org/ooxml/presentationml/": b"http://schemas.openxmlformats.org/presentationml/2006/",
    b"http://purl.oclc.org/ooxml/drawingml/": b"http://schemas.openxmlformats.org/drawingml/2006/",
}


def parse(data: bytes, name: str) -> Element:
    """The root element of a part. Raises Rejected `unreadable_document` when it is no well-formed XML."""
    try:
        return etree.fromstring(_checked(data, name), etree.XMLParser(**_SAFE))
    except etree.XMLSyntaxError as error:
        raise _damaged(name, error) from None


def stream(data: bytes, name: str, *tags: str) -> Iterator[Element]:
    """The elements of these tags (in Clark's notation), each when it has ended; what has been given is emptied when the
    next is asked for, so that a part of any length takes little memory. An element within another of them is not given
    by itself."""
    source = io.BytesIO(_checked(data, name))
    try:
        for _, element in etree.iterparse(source, events=("end",), tag=tags, **_SAFE):
            if not _is_within(element, tags):
                yield element
                _forget(element)
    except etree.XMLSyntaxError as error:
        raise _damaged(name, error) from None


def _is_within(element: Element, tags: tuple[str, ...]) -> bool:
    parent = element.getparent()
    while parent is not None:
        if parent.tag in tags:
            return True
        parent = parent.getparent()
    return False


def _forget(element: Element) -> None:
    # lxml keeps the last events, and what holds one of their elements is taken apart slowly: small pieces first.
    for child in element:
        if len(child) > _WIDE:
            for inner in child:
                inner.clear()
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def local(element: Element) -> str:
    """The tag without its namespace; "" for what is no element."""
    return _plain(element.tag)


@lru_cache(maxsize=4096)
def _plain(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Element, name: str, default: str = "") -> str:
    """An attribute by its local name, whatever its namespace."""
    value = element.get(name)
    if value is not None:
        return str(value)
    for key, found in element.attrib.items():
        if key.rpartition("}")[2] == name:
            return str(found)
    return default


def number(text: str | None, default: int = 0) -> int:
    """A whole number of an attribute; `default` for what is none."""
    try:
        return int(float(text)) if text else default
    except (ValueError, OverflowError):
        return default


def _checked(data: bytes, name: str) -> bytes:
    if _ENTITY.encode() in data or _ENTITY.encode("utf-16-le") in data or _ENTITY.encode("utf-16-be") in data:
        raise Rejected("unreadable_document", f"the part {name[-80:]!r} declares entities, which no such file needs")
    if b"purl.oclc.org/ooxml" in data:
        for strict, usual in _STRICT.items():
            data = data.replace(strict, usual)
    return data


def _damaged(name: str, error: Any) -> Rejected:
    line = getattr(error, "lineno", None)
    place = f" (line {line})" if line else ""
    return Rejected("unreadable_document", f"the part {name[-80:]!r} is not well-formed XML{place}")
