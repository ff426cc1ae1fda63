"""ODP: a slide a page, with what its speaker notes."""

from __future__ import annotations

from extractor.documents.block_lines import write
from extractor.documents.blocks import Block, Break
from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.odf.flow import TextFlow
from extractor.documents.odf.package import CONTENT, DRAW, OFFICE, PRESENTATION, STYLES, opened, root
from extractor.documents.odf.styles import OdfStyles
from extractor.sandbox import Rejected

_NOTES = f"{PRESENTATION}notes"


def read(data: bytes, into: Builder, context: Context) -> None:
    del context
    archive = opened(data, into.limits.expanded_bytes)
    content = root(archive, CONTENT)
    body = content.find(f"{OFFICE}body/{OFFICE}presentation") if content is not None else None
    if body is None:
        raise Rejected("unreadable_document", "the file is not whole: it has no slides")
    flow = TextFlow(OdfStyles((root(archive, STYLES), content)), archive)
    for slide in body.iterfind(f"{DRAW}page"):
        blocks: list[Block] = []
        for shape in slide:
            if shape.tag != _NOTES:
                blocks += [block for block in flow.blocks([shape]) if block is not Break.PAGE]
        notes = [
            block
            for frame in slide.iterfind(f"{_NOTES}/{DRAW}frame")
            if frame.get(f"{PRESENTATION}class") == "notes"
            for block in flow.blocks([frame])
        ]
        into.begin_page(label=slide.get(f"{DRAW}name"))
        write([*blocks, *([Break.GAP, "Notes:", *notes] if any(notes) else [])], into)
