"""Paragraphs, lists and tables of an OpenDocument file → blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from extractor.documents import tree
from extractor.documents.archive import Archive
from extractor.documents.blocks import Block, Break, Table, TableCell, TableRow
from extractor.documents.odf.inline import PAGE, inline
from extractor.documents.odf.package import DRAW, TABLE, TEXT, repeated
from extractor.documents.odf.pictures import pictures_in
from extractor.documents.odf.styles import OdfStyles
from extractor.documents.tabs import spread
from extractor.documents.tree import Element
from extractor.sandbox import Rejected

_ID = "{http://www.w3.org/XML/1998/namespace}id"
_MOST_DEPTH = 60
_MOST_REPEATED = 100
_MOST_CELLS = 500_000
_THROUGH = frozenset(
    "section table-of-content index-body illustration-index table-index bibliography alphabetical-index user-index "
    "object-index index-title list-header text-box frame g a numbered-paragraph text custom-shape rect ellipse "
    "polygon path caption page-thumbnail line connector".split()
)


class TextFlow:
    """`notes` are those that were referred to, each with its mark, until someone takes them."""

    def __init__(self, styles: OdfStyles, archive: Archive) -> None:
        self._styles, self._archive = styles, archive
        self._depth = 0
        self._outline: dict[int, int] = {}
        self._counts: dict[int, int] = {}  # of the list that is being read: the last number on each level
        self._lists: dict[str, dict[int, int]] = {}
        self._last: dict[str | None, dict[int, int]] = {}  # by style
        self.notes: list[tuple[str, Element]] = []
        self._noted = {"footnote": 0, "endnote": 0}
        self.pictures = self._cells = 0

    def blocks(self, elements: Iterable[Element], kind: str | None = None, level: int = 0) -> list[Block]:
        """`kind` and `level`: the style of the list they stand in, and how deep."""
        if self._depth >= _MOST_DEPTH:
            return []
        self._depth += 1
        out: list[Block] = []
        for element in elements:
            out += self._block(element, kind, level)
        self._depth -= 1
        return out

    def _block(self, element: Element, kind: str | None, level: int) -> list[Block]:
        name = tree.local(element)
        if name == "p":
            return self._paragraph(element)
        if name == "h":
            return self._paragraph(element, self._heading(element))
        if name == "list":
            return self._list(element, kind, level)
        if name == "table" and element.tag.startswith(TABLE):
            return [self._table(element)]
        if name == "soft-page-break":
            return [Break.PAGE]
        if name == "frame" and element.find(f"{DRAW}text-box") is None:
            return self._pictures(element) or self.blocks(element)
        return self.blocks(element) if name in _THROUGH else []

    # Paragraphs

    def _paragraph(self, paragraph: Element, label: str = "") -> list[Block]:
        style = paragraph.get(f"{TEXT}style-name")
        found = inline(paragraph, self._styles, self._note)
        out: list[Block] = [Break.PAGE] if self._styles.breaks_before(style) else []
        for at, page in enumerate(found.text.split(PAGE)):
            if at:
                out.append(Break.PAGE)
            laid_out = "\n".join(spread(line, {}) for line in page.split("\n")).strip("\n")
            out.append(f"{label}{laid_out}" if laid_out.strip() else "")
            label = "" if laid_out.strip() else label
        for drawing in found.pictures:
            out += self._pictures(drawing)
        out += [block for frame in found.frames for block in self.blocks([frame])]
        return [*out, Break.PAGE] if self._styles.breaks_behind(style) else out

    def _pictures(self, drawing: Element) -> list[Block]:
        self.pictures += sum(1 for _ in drawing.iter(f"{DRAW}frame"))
        return list(pictures_in(drawing, self._archive))

    def _note(self, note: Element) -> str:
        """The mark that the file gives it, else its number."""
        kind = note.get(f"{TEXT}note-class", "footnote")
        self._noted[kind] = self._noted.get(kind, 0) + 1
        citation, body = note.find(f"{TEXT}note-citation"), note.find(f"{TEXT}note-body")
        mark = "".join(citation.itertext()).strip() if citation is not None else ""
        mark = f"[{mark or self._noted[kind]}]"
        if body is not None:
            self.notes.append((mark, body))
        return mark

    def due(self) -> list[Block]:
        """The notes that have been referred to since this was last asked."""
        waiting, self.notes = self.notes, []
        out: list[Block] = [Break.GAP] if waiting else []
        for mark, body in waiting:
            blocks = [block for block in self.blocks(body) if block not in ("", Break.PAGE)]
            first = blocks[0] if blocks and isinstance(blocks[0], str) else ""
            out += [f"{mark} {first}".strip(), *(blocks[1:] if first else blocks)]
        return out

    def _heading(self, heading: Element) -> str:
        """The number of a heading, where the outline has numbers."""
        if heading.get(f"{TEXT}is-list-header") == "true":
            return ""
        level = max(1, min(tree.number(heading.get(f"{TEXT}outline-level"), 1), 10))
        return self._counted("", level, self._outline, tree.number(heading.get(f"{TEXT}start-value"), -1))

    # Lists

    def _list(self, element: Element, kind: str | None, level: int) -> list[Block]:
        own = element.get(f"{TEXT}style-name") or kind
        if level == 0:
            self._counts = self._begun(element, own)
        counts = self._counts
        if level > 0:  # one within another begins anew
            for at in [at for at in counts if at > level]:
                del counts[at]
        out: list[Block] = []
        for item in element:
            if tree.local(item) == "list-header":
                out += self.blocks(item, own, level + 1)
            elif tree.local(item) == "list-item":
                out += self._item(item, own, level + 1, counts)
        return out

    def _begun(self, element: Element, kind: str | None) -> dict[int, int]:
        """The counts of a list that begins: its own, or those of the one that it continues."""
        continued = self._lists.get(element.get(f"{TEXT}continue-list", ""))
        if continued is None and element.get(f"{TEXT}continue-numbering") == "true":
            continued = self._last.get(kind)
        counts = continued if continued is not None else {}
        self._last[kind] = counts
        if (identity := element.get(_ID)) is not None:
            self._lists[identity] = counts
        return counts

    def _item(self, item: Element, kind: str | None, level: int, counts: dict[int, int]) -> Iterator[Block]:
        for at, child in enumerate(item):
            name = tree.local(child)
            if name in ("p", "h") and at == 0:
                style = self._styles.list_of("paragraph", child.get(f"{TEXT}style-name"))
                start = tree.number(item.get(f"{TEXT}start-value"), -1)
                label = self._counted(kind or style or "-", level, counts, start)
                yield from self._paragraph(child, "  " * (level - 1) + label)
            else:
                self._counts = counts
                yield from self._block(child, kind, level)

    def _counted(self, kind: str, level: int, counts: dict[int, int], start: int) -> str:
        own = self._styles.lists.get(kind, {}).get(level)
        if own is None:
            return ""
        counts[level] = start if start >= 0 else counts[level] + 1 if level in counts else own.start
        for deeper in [at for at in counts if at > level]:
            del counts[deeper]
        label = self._styles.label(kind, level, counts)
        return f"{label} " if label else ""

    # Tables

    def _table(self, table: Element) -> Table:
        return Table([row for element, heading in _rows(table) for row in self._row(element, heading)])

    def _row(self, row: Element, heading: bool) -> Iterator[TableRow]:
        cells: list[TableCell] = []
        for cell in row:
            name = tree.local(cell)
            times = repeated(cell, "columns", _MOST_REPEATED)
            if name == "covered-table-cell":
                cells.append(TableCell(span=times))
            elif name == "table-cell":
                blocks = self.blocks(cell)
                span = max(1, min(tree.number(cell.get(f"{TABLE}number-columns-spanned"), 1), _MOST_REPEATED))
                cells += [TableCell(list(blocks), 1) for _ in range(times)] if blocks else [TableCell(span=times)]
                cells[-1].span = max(1, span - _covered_after(cell)) if blocks else cells[-1].span
        if any(cell.blocks for cell in cells):
            times = repeated(row, "rows", _MOST_REPEATED)
            self._cells += len(cells) * times
            if self._cells > _MOST_CELLS:
                raise Rejected("document_too_complex", f"the tables have more than {_MOST_CELLS:,} cells")
            yield from (TableRow(cells, heading) for _ in range(times))


def _covered_after(cell: Element) -> int:
    """The columns that a cell spans and that stand as covered cells behind it: they count by themselves."""
    found = 0
    other = cell.getnext()
    while other is not None and tree.local(other) == "covered-table-cell":
        found += repeated(other, "columns", _MOST_REPEATED)
        other = other.getnext()
    return found


def _rows(table: Element) -> Iterator[tuple[Element, bool]]:
    """The rows, and whether they head the table."""
    for child in table:
        name = tree.local(child)
        if name == "table-row":
            yield child, False
        elif name == "table-header-rows":
            yield from ((row, True) for row in child if tree.local(row) == "table-row")
        elif name in ("table-row-group", "table-rows"):
            yield from _rows(child)
