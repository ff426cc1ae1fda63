"""EPUB: its chapters in the order of its spine, a chapter a page (EPUB 3.3, 5)."""

from __future__ import annotations

import posixpath
from functools import partial
from urllib.parse import unquote

from extractor.documents import html, tree
from extractor.documents.archive import Archive, resolve
from extractor.documents.block_lines import write
from extractor.documents.blocks import Block
from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.html.charset import decoded
from extractor.documents.pictures_within import picture_of
from extractor.documents.tree import Element
from extractor.sandbox import Rejected

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FONTS = (b"http://www.idpf.org/2008/embedding", b"http://ns.adobe.com/pdf/enc#RC")  # hide fonts only
_TEXT = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document")


def read(data: bytes, into: Builder, context: Context) -> None:
    del context
    archive = Archive(data, into.limits.expanded_bytes)
    if _is_locked(archive):
        raise Rejected("password_required", "the book is protected against copying (DRM) and cannot be read")
    package = _package(archive)
    for part, aside in _spine(archive, package):
        picture = partial(_picture, archive, part)
        title, blocks = html.blocks(decoded(archive.read(part), None), is_xml=True, picture=picture)
        if blocks and not aside:
            into.begin_page(label=title or posixpath.basename(part))
            write(blocks, into)


def _picture(archive: Archive, part: str, address: str) -> list[Block]:
    return picture_of(archive, resolve(part, unquote(address.partition("#")[0])))


def _is_locked(archive: Archive) -> bool:
    encryption = archive.get(_ENCRYPTION)
    if encryption is None:
        return False
    methods = [
        tree.attribute(element, "Algorithm").encode()
        for element in tree.parse(encryption, _ENCRYPTION).iter()
        if tree.local(element) == "EncryptionMethod"
    ]
    return any(method not in _FONTS for method in methods)


def _package(archive: Archive) -> str:
    for element in tree.parse(archive.read(_CONTAINER), _CONTAINER).iter():
        if tree.local(element) == "rootfile":
            return resolve("", element.get("full-path", ""))
    raise Rejected("unreadable_document", "the book is not whole: nothing says which part describes it")


def _spine(archive: Archive, package: str) -> list[tuple[str, bool]]:
    """The chapters in order, and whether they stand aside: tables of contents, which only repeat titles."""
    root = tree.parse(archive.read(package), package)
    items: dict[str, Element] = {}
    order: list[str] = []
    for element in root.iter():
        name = tree.local(element)
        if name == "item":
            items[element.get("id", "")] = element
        elif name == "itemref":
            order.append(element.get("idref", ""))
    parts = []
    for name in dict.fromkeys(order):
        item = items.get(name)
        if item is None or item.get("media-type", _TEXT[0]) not in _TEXT:
            continue
        part = resolve(package, unquote(item.get("href", "")))
        if part in archive:
            parts.append((part, "nav" in item.get("properties", "").split()))
    return parts
