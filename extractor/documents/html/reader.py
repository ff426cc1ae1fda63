"""HTML's tree → blocks, walked without recursion. Scripts, styles, what is hidden and what only stands in for something
else is left out; controls of forms are shown with what they hold."""

from __future__ import annotations

from collections.abc import Callable

from selectolax.lexbor import LexborNode

from extractor.documents.block_lines import write
from extractor.documents.blocks import Block, PictureBlock, cleaned, collapsed
from extractor.documents.builder import CELL, Builder
from extractor.documents.context import Context
from extractor.documents.html import controls
from extractor.documents.html.charset import decoded
from extractor.documents.html.data_uri import embedded
from extractor.documents.html.hidden import HIDDEN, display_of, displayed_by_rules, is_hidden
from extractor.documents.html.parse import opened, parse
from extractor.documents.html.writer import HtmlWriter

_SKIPPED = frozenset(
    "head script style title template noscript iframe object audio video canvas noframes frameset datalist meter "
    "progress rt rp desc defs annotation annotation-xml ix:header ix:hidden link meta base param source track area "
    "img picture embed xml".split()
)
_GAPS = frozenset("p h1 h2 h3 h4 h5 h6 blockquote pre figure hr fieldset form section article address table".split())
_LINES = frozenset(
    "div main header footer nav aside dl dt dd figcaption legend details summary body html center menu caption "
    "hgroup search dir optgroup marquee tr td th ul ol li text".split()
)
# Values of CSS's `display`: what has a line of its own, what stands beside its neighbours, and whose children do
_BLOCKS = frozenset(("block", "flex", "grid", "list-item", "table", "table-row", "flow-root"))
_APART = frozenset(("table-cell", "inline-block", "inline-flex", "inline-grid"))
_BESIDE = frozenset(("flex", "grid", "inline-flex", "inline-grid"))
_OWN = frozenset("br ul ol li tr td th select input textarea svg".split())  # of a row's words, which has no such
_MOST_CELLS, _MOST_WITHIN = 6, 30  # children of a row; elements in it
_WORD, _WORDS = 3, 80  # characters of one of them
_NAMED = 200  # characters of a title


def read(data: bytes, into: Builder, context: Context) -> None:
    markup = decoded(data, context.charset)
    title, found = blocks(markup, is_xml=context.media_type == "application/xhtml+xml")
    into.begin_page(label=title or None)
    write(found, into)


def blocks(
    markup: str, is_xml: bool = False, picture: Callable[[str], list[Block]] | None = None
) -> tuple[str, list[Block]]:
    """The title of a page, and what is seen of it. `picture` finds one by its address, where it is no `data:`. Raises
    as `parse`."""
    tree = parse(opened(markup) if is_xml or markup.lstrip()[:5] == "<?xml" else markup)
    named = tree.css_first("head > title")
    title = collapsed(cleaned(named.text(deep=True) or ""))[:_NAMED] if named is not None else ""
    walk = _Walk(displayed_by_rules(tree), picture)
    if tree.root is not None:
        walk.run(tree.root)
    return title, walk.writer.blocks()


class _Walk:
    def __init__(self, displayed: dict[int, str], picture: Callable[[str], list[Block]] | None = None) -> None:
        self.writer = HtmlWriter()
        self._picture = picture
        self._displayed = displayed
        self._beside: set[int] = set()  # elements whose children stand beside each other
        self._cells: dict[int, bool] = {}  # elements that are a row's only words, and whether others stand before them

    def run(self, root: LexborNode) -> None:
        """Each node is entered, then its children, then left."""
        waiting: list[LexborNode | Callable[[], None]] = [root]
        while waiting:
            node = waiting.pop()
            if not isinstance(node, LexborNode):
                node()
                continue
            if node.is_text_node:
                self.writer.text(node.text_content or "")
            elif node.is_element_node or node.is_document_node:
                leave = self._enter(node)
                if leave is not None:
                    waiting.append(leave)
                    children = []
                    child = node.first_child
                    while child is not None:
                        children.append(child)
                        child = child.next
                    waiting.extend(reversed(children))

    def _hides(self, node: LexborNode) -> bool:
        unseen = node.tag in _SKIPPED or self._displayed.get(node.mem_id) == HIDDEN
        return unseen or is_hidden(node.attributes)

    def _enter(self, node: LexborNode) -> Callable[[], None] | None:
        """What to do when the node is left; None where its children are not looked at."""
        tag, writer = node.tag or "", self.writer
        if self._displayed.get(node.mem_id) == HIDDEN or (tag in _SKIPPED and tag not in ("img", "picture")):
            return None
        attributes = node.attributes
        if tag == "img":
            self._image(attributes)
            return None
        if is_hidden(attributes) or (tag == "dialog" and "open" not in attributes):
            return None
        display = self._display(node, attributes)
        if tag in ("input", "select", "textarea"):
            writer.text(f" {controls.shown(node, tag, attributes)} ")
            return None
        if tag == "br":
            writer.line_break()
            return None
        if tag == "table" and writer.begin_table():
            return writer.end_table
        if tag == "tr":
            writer.begin_row(heading=(node.parent is not None and node.parent.tag == "thead") or _names(node))
            return writer.end_row
        if tag in ("td", "th"):
            writer.begin_cell(_number(attributes, "colspan"), _number(attributes, "rowspan"))
            return writer.end_cell
        if tag in ("ul", "ol", "menu", "dir"):
            writer.begin_list(tag == "ol", attributes)
            return writer.end_list
        if tag == "li":
            writer.begin_item(attributes)
            return writer.end_item
        if tag in ("pre", "listing", "xmp", "plaintext"):
            writer.begin_block(gap=True, keeps_lines=True)
            return writer.end_kept
        if tag == "q":
            writer.text("“")
            return lambda: writer.text("”")
        return self._enter_plain(node, tag, display)

    def _image(self, attributes: dict[str, str | None]) -> None:
        source = (attributes.get("src") or "").strip()
        found = embedded(source) if source.startswith("data:") else self._picture(source) if self._picture else []
        for block in found if not is_hidden(attributes) else ():
            if isinstance(block, PictureBlock):
                self.writer.picture(block)

    def _enter_plain(self, node: LexborNode, tag: str, display: str | None) -> Callable[[], None]:
        """Of an element that has no more to it than how it is displayed."""
        writer = self.writer
        if node.mem_id in self._cells:
            writer.text(CELL if self._cells[node.mem_id] else "")
            return _nothing
        if tag in _GAPS or tag in _LINES:
            gap = tag in _GAPS
            writer.begin_block(gap)
            return lambda: writer.end_block(gap)
        if display in _BLOCKS:
            writer.begin_block()
            return writer.end_block
        if display in _APART or (node.parent is not None and node.parent.mem_id in self._beside):
            writer.text(" ")
            return lambda: writer.text(" ")
        return _nothing

    def _display(self, node: LexborNode, attributes: dict[str, str | None]) -> str | None:
        """A value of CSS's `display`, if anything says one; and what it means for the children is noted."""
        style = attributes.get("style")
        display = (display_of(style) if style else None) or self._displayed.get(node.mem_id)
        if display in _BESIDE:
            self._beside.add(node.mem_id)
            self._cells.update(_cells([child for child in node.iter(include_text=False) if not self._hides(child)]))
        return display


def _nothing() -> None:
    pass


def _cells(children: list[LexborNode]) -> dict[int, bool]:
    """What stands beside each other, where each of it is a few words: a label and its value, the line of an order. Each
    with whether it has another before it; none where any is more than that."""
    if not _are_small(children):
        return {}
    words = [" ".join((child.text(deep=True) or "").split()) for child in children]
    if not 2 <= len(children) <= _MOST_CELLS or not all(_WORD <= len(text) <= _WORDS for text in words):
        return {}
    return {child.mem_id: number > 0 for number, child in enumerate(children)}


def _are_small(children: list[LexborNode]) -> bool:
    """Whether there are few elements in all, and none within them that has a line of its own."""
    waiting = [(child, 0) for child in children]
    for seen in range(_MOST_WITHIN):
        if not waiting:
            return seen > 0
        node, depth = waiting.pop()
        if (depth and node.tag in _LINES) or node.tag in _GAPS or node.tag in _OWN:
            return False
        waiting += [(child, depth + 1) for child in node.iter(include_text=False)]
    return False


def _names(row: LexborNode) -> bool:
    """Whether a row has cells that name columns, and no others."""
    child, found = row.first_child, False
    while child is not None:
        if child.tag == "td":
            return False
        found = found or child.tag == "th"
        child = child.next
    return found


def _number(attributes: dict[str, str | None], name: str) -> int:
    """A span, within the bounds that HTML sets."""
    value = attributes.get(name)
    if not value:
        return 1
    value = value.strip()
    return max(1, min(int(value), 1_000)) if value.isdecimal() and len(value) < 8 else 1
