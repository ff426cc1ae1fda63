"""ODT: the text, headers and footers once, notes at the foot of their page."""

from __future__ import annotations

from collections.abc import Iterator

from extractor.documents.block_lines import write
from extractor.documents.blocks import Block, Break, PictureBlock, Table, is_page_number
from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.odf.flow import TextFlow
from extractor.documents.odf.package import CONTENT, OFFICE, STYLE, STYLES, opened, root
from extractor.documents.odf.styles import OdfStyles
from extractor.documents.pictures_within import read_pictures, without_pictures
from extractor.documents.tree import Element
from extractor.sandbox import Rejected

_HEADERS = ("header-first", "header", "header-left")
_FOOTERS = ("footer-first", "footer", "footer-left")


def read(data: bytes, into: Builder, context: Context) -> None:
    archive = opened(data, into.limits.expanded_bytes)
    content, look = root(archive, CONTENT), root(archive, STYLES)
    body = content.find(f"{OFFICE}body/{OFFICE}text") if content is not None else None
    if body is None:
        raise Rejected("unreadable_document", "the file is not whole: it has no text")
    flow = TextFlow(OdfStyles((look, content)), archive)
    blocks = list(_paged(flow, body))
    above, below = (_margins(flow, look, which) for which in (_HEADERS, _FOOTERS))
    into.begin_page()
    silent = flow.pictures and not any(isinstance(block, str) and block.strip() for block in blocks)
    whole = [*above, *([Break.GAP] if above else []), *blocks, *([Break.GAP] if below else []), *below]
    write(without_pictures(whole) if silent else whole, into)
    if silent:
        read_pictures(archive, "Pictures/", into, context)


def _paged(flow: TextFlow, body: Element) -> Iterator[Block]:
    """Notes stand before the page break that follows them; of breaks that nothing stands between there is one."""
    fresh = True
    notes: list[Block] = []
    for element in body:
        for block in flow.blocks([element]):
            if block is Break.PAGE:
                if not fresh:
                    yield from notes
                    notes = []
                    yield block
                fresh = True
                continue
            fresh = fresh and block in (Break.GAP, "")
            yield block
        notes += flow.due()
    yield from notes


def _margins(flow: TextFlow, look: Element | None, names: tuple[str, ...]) -> list[Block]:
    """What stands above or below pages, each wording once."""
    out: list[Block] = []
    shown: set[str] = set()
    for name in names:
        for margin in look.iterfind(f".//{STYLE}{name}") if look is not None else ():
            if margin.get(f"{STYLE}display") == "false":
                continue
            blocks = [block for block in flow.blocks(margin) if _is_said(block)]
            if blocks and repr(blocks) not in shown:
                shown.add(repr(blocks))
                out += blocks
    return out


def _is_said(block: Block) -> bool:
    if not isinstance(block, str):
        return isinstance(block, Table | PictureBlock)
    return bool(block.strip()) and not is_page_number(block)
