"""What stands on a page of a PDF: characters, rules, and how much of it is picture."""

from __future__ import annotations

from typing import Any

import pypdfium2.raw as pdfium

from extractor.documents.pdf.frame import Contents, Frame
from extractor.documents.pdf.objects import read_objects
from extractor.documents.pdf.text import read_text


def contents_of(page: Any, layered: bool = False) -> Contents:
    """`page`: a loaded FPDF_PAGE. `layered`: of a file that may have layers which are switched off."""
    found = Contents(frame_of(page))
    read_objects(page, found, layered)
    read_text(page, found)
    return found


def frame_of(page: Any) -> Frame:
    box = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, box)
    turns = pdfium.FPDFPage_GetRotation(page) % 4
    width, height = max(box.right - box.left, 1.0), max(box.top - box.bottom, 1.0)
    return Frame(box.left, box.bottom, box.left + width, box.bottom + height, turns)
