"""What DOCX, XLSX and PPTX have in common: an archive of parts that point to each other by relationships (ECMA-376,
part 2, open packaging conventions)."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from extractor.documents import tree
from extractor.documents.archive import Archive, resolve
from extractor.documents.tree import Element
from extractor.sandbox import Rejected

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_ON = ("", "1", "true", "on")


@dataclass(frozen=True)
class Relation:
    """`kind` is the last word of its type (`header`, `worksheet`, …), `part` the name of the member pointed to."""

    kind: str
    part: str


class Package:
    """Raises as Archive and tree.parse do."""

    def __init__(self, data: bytes, expanded_bytes: int) -> None:
        self.archive = Archive(data, expanded_bytes)
        self._relations: dict[str, dict[str, Relation]] = {}

    @property
    def main(self) -> str:
        """The part that is the document."""
        for relation in self.relations("").values():
            if relation.kind == "officeDocument":
                return relation.part
        raise Rejected("unreadable_document", "the file is not whole: nothing in it says which part is the document")

    def relations(self, part: str) -> dict[str, Relation]:
        """The relationships of a part by their ids; links that lead outside are left out."""
        if part not in self._relations:
            self._relations[part] = self._relations_of(part)
        return self._relations[part]

    def _relations_of(self, part: str) -> dict[str, Relation]:
        folder, name = posixpath.split(part)
        path = posixpath.join(folder, "_rels", f"{name}.rels")
        data = self.archive.get(path)
        if data is None:
            return {}
        relations = {}
        for element in tree.parse(data, path):
            if element.get("TargetMode") != "External":
                kind = element.get("Type", "").rpartition("/")[2]
                relations[element.get("Id", "")] = Relation(kind, resolve(part, element.get("Target", "")))
        return relations

    def related(self, part: str, kind: str) -> str | None:
        """The first part of a kind that `part` points to and that is there."""
        for relation in self.relations(part).values():
            if relation.kind == kind and relation.part in self.archive:
                return relation.part
        return None

    def root(self, part: str) -> Element:
        return tree.parse(self.archive.read(part), part)

    def related_root(self, part: str, kind: str) -> Element | None:
        """The root of the part that `related` finds, or None."""
        name = self.related(part, kind)
        return self.root(name) if name is not None else None


def unescaped(text: str) -> str:
    """Characters that XML cannot hold are written `_x000D_` (ECMA-376, part 1, 22.9.2.19, ST_Xstring)."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def on(element: Element | None, default: bool = False) -> bool:
    """A switch such as `<w:vanish/>`: there without a value means yes."""
    if element is None:
        return default
    return tree.attribute(element, "val").lower() in _ON


def chosen(element: Element) -> Element | None:
    """Of an `mc:AlternateContent` the one child that is shown; both say the same, in newer and in older words."""
    for wanted in ("Choice", "Fallback"):
        for child in element:
            if tree.local(child) == wanted and len(child):
                return child
    return None
