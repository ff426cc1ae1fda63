"""What is filled in on a page of a PDF: values of form fields, and text that was typed onto it. It is no part of the
page's own text, but people see it there.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pypdfium2.raw as pdfium

from extractor.documents.pdf.frame import Frame, fractions
from extractor.documents.placement import Glyph, Word, word_of

_MOST = 5_000  # fields of a page
_HIDDEN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW | pdfium.FPDF_ANNOT_FLAG_INVISIBLE
_COMMENTS = (pdfium.FPDF_ANNOT_TEXT, pdfium.FPDF_ANNOT_HIGHLIGHT, pdfium.FPDF_ANNOT_UNDERLINE)
_PASSWORD = 1 << 13  # of a text field (ISO 32000-1, table 228)
_LINE = 12.0  # points: about the height of a line in a field
_TALLEST = 14.0
_TICKED, _EMPTY = "[x]", "[ ]"


@contextmanager
def form_of(file: Any) -> Iterator[Any]:
    """The form of a file; None where it has none."""
    if pdfium.FPDF_GetFormType(file) == pdfium.FORMTYPE_NONE:
        yield None
        return
    callbacks = pdfium.FPDF_FORMFILLINFO(version=2)
    form = pdfium.FPDFDOC_InitFormFillEnvironment(file, callbacks)
    try:
        yield form or None
    finally:
        if form:
            pdfium.FPDFDOC_ExitFormFillEnvironment(form)


def filled_in(page: Any, form: Any, frame: Frame) -> Iterator[Word]:
    """Words where they stand on the page as it is shown."""
    for note in _notes(page):
        if not pdfium.FPDFAnnot_GetFlags(note) & _HIDDEN:
            text = _text_of(note, form)
            box = _box_of(note, frame)
            if text and box:
                yield from _words(text, box, frame)


def stamps(page: Any, form: Any, frame: Frame) -> Iterator[tuple[float, float, float, float]]:
    """Where stamps and signatures are, whose text is not told: it has to be looked at."""
    for note in _notes(page):
        kind = pdfium.FPDFAnnot_GetSubtype(note)
        signed = kind == pdfium.FPDF_ANNOT_WIDGET and form is not None
        signed = signed and pdfium.FPDFAnnot_GetFormFieldType(form, note) == pdfium.FPDF_FORMFIELD_SIGNATURE
        seen = not pdfium.FPDFAnnot_GetFlags(note) & _HIDDEN and pdfium.FPDFAnnot_GetAP(note, 0, None, 0) > 2
        if (kind == pdfium.FPDF_ANNOT_STAMP or signed) and seen and (box := _box_of(note, frame)):
            yield box


def comments(page: Any) -> int:
    """How many people have noted something beside the page's text."""
    return sum(
        pdfium.FPDFAnnot_GetSubtype(note) in _COMMENTS
        and bool(_string(partial(pdfium.FPDFAnnot_GetStringValue, note, b"Contents")))
        for note in _notes(page)
    )


def _notes(page: Any) -> Iterator[Any]:
    for at in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST)):
        note = pdfium.FPDFPage_GetAnnot(page, at)
        if note:
            try:
                yield note
            finally:
                pdfium.FPDFPage_CloseAnnot(note)


def _text_of(note: Any, form: Any) -> str:
    kind = pdfium.FPDFAnnot_GetSubtype(note)
    if kind == pdfium.FPDF_ANNOT_FREETEXT:
        return _string(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(note, b"Contents", buffer, size))
    if kind != pdfium.FPDF_ANNOT_WIDGET or form is None:
        return ""
    field = pdfium.FPDFAnnot_GetFormFieldType(form, note)
    if field in (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON):
        return _TICKED if _is_ticked(note, form) else _EMPTY
    if field == pdfium.FPDF_FORMFIELD_LISTBOX:
        return "\n".join(_chosen(form, note))
    if field not in (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX):
        return ""
    if field == pdfium.FPDF_FORMFIELD_TEXTFIELD and pdfium.FPDFAnnot_GetFormFieldFlags(form, note) & _PASSWORD:
        return ""
    value = _string(lambda buffer, size: pdfium.FPDFAnnot_GetFormFieldValue(form, note, buffer, size))
    if field == pdfium.FPDF_FORMFIELD_COMBOBOX:
        return "\n".join(_chosen(form, note)) or value
    return value


def _is_ticked(note: Any, form: Any) -> bool:
    """By the state it is drawn in, where it has one: that is what people see."""
    state = _string(lambda buffer, size: pdfium.FPDFAnnot_GetStringValue(note, b"AS", buffer, size))
    return state not in ("Off", "") or (not state and bool(pdfium.FPDFAnnot_IsChecked(form, note)))


def _chosen(form: Any, note: Any) -> list[str]:
    count = min(max(pdfium.FPDFAnnot_GetOptionCount(form, note), 0), _MOST)
    return [
        _string(lambda buffer, size, at=at: pdfium.FPDFAnnot_GetOptionLabel(form, note, at, buffer, size))  # type: ignore[misc]
        for at in range(count)
        if pdfium.FPDFAnnot_IsOptionSelected(form, note, at)
    ]


def _string(ask: Callable[[Any, int], int]) -> str:
    """What PDFium writes into a buffer of UTF-16 code units, once it has said how long that is."""
    size = ask(None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    ask(ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), size)
    return buffer.raw.decode("utf-16-le", "replace").rstrip("\0").replace("\r\n", "\n").replace("\r", "\n")


def _box_of(note: Any, frame: Frame) -> tuple[float, float, float, float] | None:
    rect = pdfium.FS_RECTF()
    if not pdfium.FPDFAnnot_GetRect(note, rect):
        return None
    x0, y0 = frame.shown(rect.left, rect.top)
    x1, y1 = frame.shown(rect.right, rect.bottom)
    left, top, right, bottom = min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
    if right <= left or bottom <= top or right < 0 or bottom < 0 or left > frame.width or top > frame.height:
        return None
    return left, top, right, bottom


def _words(text: str, box: tuple[float, float, float, float], frame: Frame) -> Iterator[Word]:
    """The text's lines spread over the field: it does not say where in it each letter is drawn."""
    left, top, right, bottom = box
    lines = text.split("\n")
    step = min((bottom - top) / len(lines), max(_LINE, (bottom - top) / len(lines) if len(lines) == 1 else _LINE))
    across = (right - left) / max(10, *(len(line) + 1 for line in lines))
    width = min(across, 0.5 * min(step, _TALLEST))
    for number, line in enumerate(lines):
        y0, y1 = top + number * step, top + (number + 1) * step
        at = left
        glyphs: list[Glyph] = []
        for char in f"{line} ":
            if char.isspace():
                if glyphs:
                    yield word_of(glyphs)
                glyphs = []
            else:
                here = fractions((at, y0, at + width, y1), frame)
                glyphs.append(Glyph(char, at, at + width, y0, y1, y0 + 0.78 * step, min(step, _TALLEST), here))
            at += width
