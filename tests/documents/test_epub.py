"""EPUB: chapters in their order."""

from __future__ import annotations

import pytest

from extractor.sandbox import Rejected
from tests.documents.making import read, zipped

CONTAINER = (
    '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def page(said: str, title: str = "") -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml">'
        f"<head><title>{title}</title><script src='x'/></head><body>{said}</body></html>"
    )


def epub(**more: str) -> bytes:
    items = {
        "two": "two.xhtml",
        "one": "text/one%20a.xhtml",
        "nav": "nav.xhtml",
        "pic": "pic.png",
        "gone": "gone.xhtml",
    }
    kinds = {"pic": "image/png"}
    manifest = "".join(
        f'<item id="{name}" href="{href}" media-type="{kinds.get(name, "application/xhtml+xml")}"'
        f"{' properties=' + repr('nav') if name == 'nav' else ''}/>"
        for name, href in items.items()
    )
    spine = "".join(f'<itemref idref="{name}"/>' for name in ("nav", "one", "two", "pic", "gone", "no-such"))
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": CONTAINER,
            "OPS/book.opf": f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{manifest}</manifest>'
            f"<spine>{spine}</spine></package>",
            "OPS/two.xhtml": page("<p>second &amp; last</p>"),
            "OPS/text/one a.xhtml": page("<h1>One</h1><a id='x'/><p>first</p>", "Chapter 1"),
            "OPS/nav.xhtml": page("<nav><ol><li>Chapter 1</li></ol></nav>"),
            **more,
        }
    )


def test_chapters_are_pages():
    document = read(epub())
    assert document.media_type == "application/epub+zip"
    assert [document.text[page.start : page.stop] for page in document.pages] == ["One\n\nfirst\n", "second & last\n"]
    assert [page.label for page in document.pages] == ["Chapter 1", "two.xhtml"]


def test_books_that_are_locked():
    told = '<encryption xmlns:e="x"><e:EncryptionMethod Algorithm="{}"/></encryption>'
    locked = {"META-INF/encryption.xml": told.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")}
    with pytest.raises(Rejected) as caught:
        read(epub(**locked))
    assert caught.value.code == "password_required"
    assert read(epub(**{"META-INF/encryption.xml": told.format("http://www.idpf.org/2008/embedding")})).pages


def test_books_that_are_not_whole():
    for lost in ({"META-INF/container.xml": "<container/>"}, {"OPS/book.opf": "<package"}):
        with pytest.raises(Rejected) as caught:
            read(epub(**lost))
        assert caught.value.code == "unreadable_document"
