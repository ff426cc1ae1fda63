"""The body of a DOCX: paragraphs and tables by section, headers and footers once, notes at the foot of their page.

Page breaks are those that the author set and those that Word remembers of its last layout; a file that was never laid
out has only the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from extractor.documents import tree
from extractor.documents.block_lines import write
from extractor.documents.blocks import Block, Break, PictureBlock, Table, TableCell, TableRow, is_page_number
from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.docx.drawings import drawn_in
from extractor.documents.docx.inline import PAGE, DocxInline, Fields, inline, is_placeholder
from extractor.documents.docx.lists import Lists
from extractor.documents.docx.notes import Notes
from extractor.documents.docx.styles import DocxStyles, Look
from extractor.documents.ooxml import Package, R, W, chosen, on
from extractor.documents.pictures_within import read_pictures, without_pictures
from extractor.documents.tabs import spread
from extractor.documents.tree import Element

_MOST_DEPTH = 60  # of tables within tables, boxes within boxes
_MOST_SPAN = 1_000
_FIGURES = re.compile(r"\d+")
_BLOCKS = frozenset({"p", "tbl", "sdt", "sdtContent", "customXml", "ins", "moveTo", "AlternateContent"})


def read(data: bytes, into: Builder, context: Context) -> None:
    package = Package(data, into.limits.expanded_bytes)
    body = _Body(package)
    into.begin_page()
    waiting: list[list[Block]] = []  # as long as nothing was said
    for section in body.sections():
        waiting.append(section)
        if body.has_text:
            for each in waiting:
                write(each, into)
            waiting = []
    for each in waiting:
        write(without_pictures(each), into)
    if body.foreign:
        into.warn("a part of the document that was pasted from another format was not read")
    comments = package.related_root(package.main, "comments")
    if comments is not None and (many := sum(1 for _ in comments.iter(f"{W}comment"))):
        into.warn(f"{many:,} comment{'s' if many != 1 else ''} left out")
    if not body.has_text and body.pictures:
        read_pictures(package.archive, "word/media/", into, context)


class _Body:
    def __init__(self, package: Package) -> None:
        self._package, self._main = package, package.main
        self._part = self._main  # the one that is being read
        self._styles = DocxStyles(package.related_root(self._main, "styles"))
        self._lists = Lists(package.related_root(self._main, "numbering"))
        settings = package.related_root(self._main, "settings")
        self._facing = settings is not None and on(settings.find(f"{W}evenAndOddHeaders"))
        self._relations = package.relations(self._main)
        self._fields = Fields()
        self._notes = Notes(package, self._main, self.blocks)
        self._shown: set[tuple[str, ...]] = set()  # headers and footers that stand in the text
        self._fresh = True  # nothing stands on the page yet
        self._carried = ""  # of a paragraph whose end was deleted: it goes on in the next
        self._depth = 0
        self.has_text = False
        self.pictures = self.foreign = 0

    def sections(self) -> Iterator[list[Block]]:
        """The document section by section, each with what is printed above and below it for the first time."""
        section: list[Block] = []
        notes: list[Block] = []  # for the foot of the page that has begun
        first = True
        tags = (f"{W}p", f"{W}tbl", f"{W}sectPr", f"{W}altChunk")
        for element in tree.stream(self._package.archive.read(self._main), self._main, *tags):
            name = tree.local(element)
            self.foreign += name == "altChunk"
            if name in ("p", "tbl") and _is_shown(element):
                blocks = self._block(element)
                if Break.PAGE in blocks:
                    at = blocks.index(Break.PAGE)
                    blocks[at:at], notes = notes, []
                notes += self._notes.due()
                section += blocks
            properties = element if name == "sectPr" else element.find(f"{W}pPr/{W}sectPr")
            if properties is not None:
                yield self._once_broken(self._whole([*section, *notes], properties, first))
                section, notes, first = [], [], False
        yield self._once_broken([*section, *self._carried_on(), *notes, *self._notes.due("endnote")])

    def _whole(self, section: list[Block], properties: Element, first: bool) -> list[Block]:
        kind = properties.find(f"{W}type")
        begins = [] if first or (kind is not None and kind.get(f"{W}val") == "continuous") else [Break.PAGE]
        return [*begins, *self._margin(properties, "header"), *section, *self._margin(properties, "footer")]

    def _once_broken(self, blocks: list[Block]) -> list[Block]:
        """Of page breaks that nothing stands between the first: Word remembers those that the author set once more."""
        out: list[Block] = []
        for block in blocks:
            if block is not Break.PAGE or not self._fresh:
                out.append(block)
            self._fresh = block is Break.PAGE or (self._fresh and block in (Break.GAP, ""))
        return out

    def _margin(self, properties: Element, which: str) -> list[Block]:
        """Headers or footers that this section names and that were not printed before."""
        out: list[Block] = []
        for reference in properties.iterfind(f"{W}{which}Reference"):
            kind = reference.get(f"{W}type")
            if (kind == "even" and not self._facing) or (kind == "first" and not on(properties.find(f"{W}titlePg"))):
                continue
            relation = self._relations.get(reference.get(f"{R}id", ""))
            if relation is None or relation.part not in self._package.archive:
                continue
            root = self._package.root(relation.part)
            self._part = relation.part
            blocks = [block for block in self.blocks(root) if _is_said(block)]
            self._part = self._main
            content = tuple(_FIGURES.sub("#", repr(block)) if _counts_pages(root) else repr(block) for block in blocks)
            if blocks and content not in self._shown:
                self._shown.add(content)
                out += [*blocks, Break.GAP] if which == "header" else [Break.GAP, *blocks]
        return out

    # Blocks

    def blocks(self, parent: Iterable[Element]) -> list[Block]:
        self._depth += 1
        blocks: list[Block] = []
        if self._depth <= _MOST_DEPTH:
            for element in parent:
                blocks += self._block(element)
        self._depth -= 1
        return blocks

    def _block(self, element: Element) -> list[Block]:
        name = tree.local(element)
        if name == "p":
            return self._paragraph(element)
        if name == "tbl":
            return [*self._carried_on(), self._table(element)]
        if name == "AlternateContent":
            shown = chosen(element)
            return self.blocks(shown) if shown is not None else []
        if name in _BLOCKS and not (name == "sdt" and is_placeholder(element)):
            return self.blocks(element)
        return []

    def _carried_on(self) -> list[Block]:
        carried, self._carried = self._carried, ""
        return [carried] if carried.strip() else []

    def _paragraph(self, paragraph: Element) -> list[Block]:
        properties = paragraph.find(f"{W}pPr")
        look = self._styles.paragraph(properties)
        found = inline(paragraph, self._styles, self._fields, self._notes.mark)
        self.pictures += len(found.drawings)
        text = self._carried + found.text
        if properties is not None and properties.find(f"{W}rPr/{W}del") is not None:
            self._carried = text
            return []
        self._carried = ""
        self.has_text = self.has_text or bool(text.strip())
        return [
            *self._lines(text, look, found),
            *(block for box in found.boxes for block in self.blocks(box)),
            *(block for drawing in found.drawings for block in drawn_in(drawing, self._package, self._part)),
        ]

    def _lines(self, text: str, look: Look, found: DocxInline) -> Iterator[Block]:
        if look.page_before:
            yield Break.PAGE
        label = "" if found.gone else self._lists.label(look.number_id, look.level)
        label = f"{'  ' * look.level}{label} " if label else ""
        for at, page in enumerate(text.split(PAGE)):
            if at:
                yield Break.PAGE
            if page.strip() or not at:
                lines = (spread(line, look.tabs) for line in page.split("\n"))
                yield label + "\n".join(lines) if page.strip() else ""
                label = "" if page.strip() else label

    def _table(self, table: Element) -> Table:
        return Table([self._row(row) for row in _within(table, "tr") if row.find(f"{W}trPr/{W}del") is None])

    def _row(self, row: Element) -> TableRow:
        properties = row.find(f"{W}trPr")
        before = properties.find(f"{W}gridBefore") if properties is not None else None
        skipped = _span(before.get(f"{W}val")) if before is not None else 0
        cells = [TableCell(span=skipped)] if skipped else []
        for cell in _within(row, "tc"):
            look = cell.find(f"{W}tcPr")
            if look is None:
                cells.append(TableCell(self.blocks(cell)))
                continue
            span = look.find(f"{W}gridSpan")
            merged = any(
                (merge := look.find(f"{W}{tag}")) is not None and merge.get(f"{W}val") != "restart"
                for tag in ("vMerge", "hMerge")
            )
            gone = merged or look.find(f"{W}cellDel") is not None
            cells.append(
                TableCell([] if gone else self.blocks(cell), _span(span.get(f"{W}val")) if span is not None else 1)
            )
        return TableRow(cells, properties is not None and on(properties.find(f"{W}tblHeader")))


def _is_said(block: Block) -> bool:
    if not isinstance(block, str):
        return isinstance(block, Table | PictureBlock)
    return bool(block.strip(f" \n\t{PAGE}")) and not is_page_number(block)


def _counts_pages(root: Element) -> bool:
    codes = [code.text or "" for code in root.iter(f"{W}instrText")]
    return any("PAGE" in code for code in [*codes, *(code.get(f"{W}instr", "") for code in root.iter(f"{W}fldSimple"))])


def _within(element: Element, tag: str) -> Iterator[Element]:
    """Rows of a table or cells of a row, also those that a control or a mark of a change holds."""
    for child in element:
        name = tree.local(child)
        if name == tag:
            yield child
        elif name in _BLOCKS:
            yield from _within(child, tag)


def _span(text: str | None) -> int:
    return max(1, min(tree.number(text, 1), _MOST_SPAN))


def _is_shown(element: Element) -> bool:
    """Not what only asks to be filled in, nor the older of two wordings of one thing."""
    parent = element.getparent()
    while parent is not None:
        name = tree.local(parent)
        if (name == "sdt" and is_placeholder(parent)) or (name == "Fallback" and parent.getprevious() is not None):
            return False
        parent = parent.getparent()
    return True
