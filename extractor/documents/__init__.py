"""Bytes, text or a file → a `Document`: its text, and where each character stands. Knows file formats; knows no schema
and no model, and loads no torch.

    gate.py       what a document is, and no others  read.py      any document → Document
    sniff.py      what a file is, by its bytes       convert.py   the same of bytes, in this process
    child.py      the same in a sandbox
    formats.py    the table of formats               packing.py   a Document as JSON and bytes
    context.py    what a reader is given             builder.py   what a reader writes to
    document.py   what everybody else sees           location.py  a span of it → page, part, boxes
    and a reader a format: text.py, pdf/, …
"""

from extractor.documents.document import Box, Cell, Document, FileName, Page, Part, Recognised
from extractor.documents.formats import ACCEPTED
from extractor.documents.location import Location, Whereabouts, locations
from extractor.documents.read import draw, read

__all__ = [
    "ACCEPTED",
    "Box",
    "Cell",
    "Document",
    "FileName",
    "Location",
    "Page",
    "Part",
    "Recognised",
    "Whereabouts",
    "draw",
    "locations",
    "read",
]
