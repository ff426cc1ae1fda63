"""What stands within a paragraph of an OpenDocument file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from extractor.documents import tree
from extractor.documents.blocks import cleaned
from extractor.documents.odf.package import DRAW, TEXT
from extractor.documents.odf.styles import OdfStyles
from extractor.documents.tree import Element

PAGE = "\f"
_MOST_SPACES = 200
_WHITE = re.compile(r"[ \t\r\n]+")
_SKIPPED = frozenset(
    "annotation annotation-end tracked-changes bookmark bookmark-start bookmark-end reference-mark-start "
    "reference-mark-end change change-start change-end desc title sequence-decls ruby-text hidden-text "
    "alphabetical-index-mark toc-mark script".split()
)


@dataclass
class OdfInline:
    text: str = ""
    frames: list[Element] = field(default_factory=list)
    pictures: list[Element] = field(default_factory=list)


def inline(paragraph: Element, styles: OdfStyles, note: Callable[[Element], str]) -> OdfInline:
    """`note` is given a footnote or endnote and says its mark."""
    out = OdfInline()
    text = "".join(_pieces(paragraph, out, styles, note))
    out.text = PAGE.join(cleaned(piece) for piece in text.split(PAGE))
    return out


def plain(paragraph: Element) -> str:
    """The text alone, on one line; what is anchored in it is left out."""
    return inline(paragraph, OdfStyles(()), lambda _: "").text.replace(PAGE, "")


def _pieces(element: Element, out: OdfInline, styles: OdfStyles, note: Callable[[Element], str]) -> Iterator[str]:
    yield _white(element.text)
    for child in element:
        yield from _piece(child, out, styles, note)
        yield _white(child.tail)


def _piece(child: Element, out: OdfInline, styles: OdfStyles, note: Callable[[Element], str]) -> Iterator[str]:
    name = tree.local(child)
    if name == "s":
        yield " " * max(1, min(tree.number(child.get(f"{TEXT}c"), 1), _MOST_SPACES))
    elif name == "tab":
        yield "\t"
    elif name == "line-break":
        yield "\n"
    elif name == "soft-page-break":
        yield PAGE
    elif name == "note":
        yield note(child)
    elif child.tag.startswith(DRAW):
        _drawing(child, out)
    elif name == "conditional-text" or name in _SKIPPED:
        if name == "conditional-text":
            yield _white(child.text)
    elif name == "span" and styles.hides_text(child.get(f"{TEXT}style-name")):
        return
    elif isinstance(child.tag, str):
        yield from _pieces(child, out, styles, note)


def _drawing(element: Element, out: OdfInline) -> None:
    """Its text boxes, but not those in them: whoever reads the box finds these."""
    if any(True for _ in element.iter(f"{TEXT}p", f"{TEXT}h")):
        out.frames.append(element)
    else:
        out.pictures.append(element)


def _white(text: str | None) -> str:
    """Spaces count once; more of them are told by elements."""
    return _WHITE.sub(" ", text) if text else ""
