"""PPTX: a slide a page; its title first, then what stands on it from top to bottom, tables as rows, the speaker's notes
last. Hidden slides are left out, and that is said."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from extractor.documents import tree
from extractor.documents.block_lines import write
from extractor.documents.blocks import Block, Break
from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.ooxml import A, P, Package, R, chosen
from extractor.documents.pictures_within import picture_of, read_pictures, without_pictures
from extractor.documents.pptx.chart import chart
from extractor.documents.pptx.shapes import SlideShape, in_order, is_hidden, offset, placeholder, shifted, size
from extractor.documents.pptx.text import line, paragraphs, table
from extractor.documents.tree import Element

_MOST_DEPTH = 20  # of groups within groups
_SILENT = ("dt", "sldNum", "hdr", "sldImg")  # placeholders that only number or date the slide


def read(data: bytes, into: Builder, context: Context) -> None:
    package = Package(data, into.limits.expanded_bytes)
    main = package.main
    relations = package.relations(main)
    parts = [
        relations[name].part
        for slide in package.root(main).iterfind(f"{P}sldIdLst/{P}sldId")
        if (name := slide.get(f"{R}id", "")) in relations
    ]
    any_text = False
    waiting: list[tuple[int, list[Block]]] = []  # as long as no slide has said anything
    for number, part in enumerate(parts, 1):
        slide = _Slide(package, part)
        if slide.hidden:
            into.warn(f"slide {number} is hidden and was left out")
            continue
        blocks = slide.blocks()
        any_text = any_text or bool(without_pictures(blocks))
        waiting.append((number, blocks))
        if any_text:
            _write(waiting, into)
            waiting = []
    _write([(number, without_pictures(blocks)) for number, blocks in waiting], into)
    if not any_text:
        read_pictures(package.archive, "ppt/media/", into, context)


def _write(slides: list[tuple[int, list[Block]]], into: Builder) -> None:
    for number, blocks in slides:
        into.begin_page(label=f"Slide {number}")
        write(blocks, into)


class _Slide:
    def __init__(self, package: Package, part: str) -> None:
        self._package, self._part = package, part
        self._root = package.root(part)
        self.hidden = self._root.get("show", "1").lower() in ("0", "false", "off")

    def blocks(self) -> list[Block]:
        out: list[Block] = []
        tree_of_shapes = self._root.find(f"{P}cSld/{P}spTree")
        shapes = list(self._shapes(tree_of_shapes)) if tree_of_shapes is not None else []
        for shape in in_order(shapes):
            blocks = list(self._shape(shape.element))
            out += [*([Break.GAP] if out and blocks else []), *blocks]
        notes = [block for block in self._notes() if block]
        return [*out, *([Break.GAP, "Notes:", *notes] if notes else [])]

    def _shapes(self, parent: Element, shift: tuple[int, int] = (0, 0), depth: int = 0) -> Iterator[SlideShape]:
        for element in parent:
            name = tree.local(element)
            if name == "AlternateContent":
                if (shown := chosen(element)) is not None:
                    yield from self._shapes(shown, shift, depth)
            elif name == "grpSp" and depth < _MOST_DEPTH:
                yield from self._shapes(element, shifted(element, shift), depth + 1)
            elif name in ("sp", "graphicFrame", "cxnSp", "pic") and not is_hidden(element):
                kind, at = placeholder(element)
                place = offset(element) or self._inherited.get(at) or self._inherited.get(kind)
                if kind not in _SILENT:
                    top, left = (place[0] + shift[0], place[1] + shift[1]) if place else (None, None)
                    yield SlideShape(element, top, left, kind)

    @cached_property
    def _inherited(self) -> dict[str, tuple[int, int]]:
        """Where the slide's layout has its placeholders, by their index and their kind."""
        layout = self._package.related(self._part, "slideLayout")
        inherited: dict[str, tuple[int, int]] = {}
        for element in self._package.root(layout).iter(f"{P}sp") if layout is not None else ():
            place = offset(element)
            if place is not None:
                for name in placeholder(element):
                    if name:
                        inherited.setdefault(name, place)
        return inherited

    def _shape(self, element: Element) -> Iterator[Block]:
        found = element.find(f"{A}graphic/{A}graphicData/{A}tbl")
        if found is not None:
            yield table(found)
            return
        body = element.find(f"{P}txBody")
        if body is not None:
            yield from paragraphs(body)
        if (blip := element.find(f".//{A}blip")) is not None:
            relation = self._package.relations(self._part).get(blip.get(f"{R}embed", ""))
            yield from picture_of(self._package.archive, relation.part, size(element)) if relation else ()
        elif body is None and tree.local(element) == "graphicFrame":
            yield from self._graphic(element)

    def _graphic(self, element: Element) -> Iterator[Block]:
        """A chart's figures as a table, the words of a diagram."""
        for child in element.iterfind(f"{A}graphic/{A}graphicData/*"):
            relation = self._package.relations(self._part).get(child.get(f"{R}id") or child.get(f"{R}dm") or "")
            if relation is None or relation.part not in self._package.archive:
                continue
            root = self._package.root(relation.part)
            if tree.local(root) == "chartSpace":
                yield from chart(root)
            else:
                yield from (text for words in root.iter(f"{A}p") if (text := line(words)))

    def _notes(self) -> Iterator[Block]:
        notes = self._package.related(self._part, "notesSlide")
        for element in self._package.root(notes).iter(f"{P}sp") if notes is not None else ():
            body = element.find(f"{P}txBody")
            if placeholder(element)[0] == "body" and body is not None:
                yield from paragraphs(body)
