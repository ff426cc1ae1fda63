"""Footnotes, which stand at the foot of the page that refers to them, and endnotes, which stand last."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from extractor.documents.blocks import Block, Break
from extractor.documents.numerals import numeral
from extractor.documents.ooxml import Package, W
from extractor.documents.tree import Element

_STYLES = {"footnote": "decimal", "endnote": "lowerRoman"}  # Word's own, where the document names no other


class Notes:
    """`blocks` reads what stands in a note."""

    def __init__(self, package: Package, main: str, blocks: Callable[[Iterable[Element]], list[Block]]) -> None:
        self._blocks = blocks
        self._notes: dict[tuple[str, str], Element] = {}
        self._counts = dict.fromkeys(_STYLES, 0)
        self._waiting: dict[str, list[tuple[str, Element]]] = {kind: [] for kind in _STYLES}
        for kind in _STYLES:
            root = package.related_root(main, f"{kind}s")
            for note in root.iterfind(f"{W}{kind}") if root is not None else ():
                if note.get(f"{W}type", "normal") == "normal":
                    self._notes[kind, note.get(f"{W}id", "")] = note

    def mark(self, kind: str, number: str) -> str:
        """What stands in the text for a note, which is due from now on."""
        note = self._notes.pop((kind, number), None)  # a note is referred to once
        if note is None:
            return ""
        self._counts[kind] += 1
        mark = f"[{numeral(self._counts[kind], _STYLES[kind])}]"
        self._waiting[kind].append((mark, note))
        return mark

    def due(self, kind: str = "footnote") -> list[Block]:
        """The notes that were referred to since this was last asked."""
        waiting, self._waiting[kind] = self._waiting[kind], []
        out: list[Block] = [Break.GAP] if waiting else []
        for mark, note in waiting:
            blocks = [block for block in self._blocks(note) if block not in ("", Break.PAGE)]
            first = blocks[0] if blocks and isinstance(blocks[0], str) else ""
            out += [f"{mark} {first.strip()}", *(blocks[1:] if first else blocks)]
        return out
