"""Text on layers of a PDF that are switched off (optional content, ISO 32000-1, 8.11): nobody sees it. Knows PDFium,
which tells of no layer whether it is on, but leaves out those that are not when it draws. So a layer is off when the
page looks the same without its text.
"""

from __future__ import annotations

import ctypes
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pypdfium2.raw as pdfium

from extractor.documents.pdf.visible import address_of, is_inkless

_MOST_LAYERS = 40  # of a page: of a drawing with more all are taken to be shown
_LONG_SIDE = 1_000  # pixels of the pages that are compared
_LAYER = "OC"


def has_layers(data: bytes) -> bool:
    """Whether a file says so where it can be seen without unpacking it."""
    return b"/OCProperties" in data


def switched_off(page: Any, texts: Sequence[Any], forms: Sequence[Sequence[Any]]) -> frozenset[int]:
    """The addresses of those of the page's text objects that stand on layers which are off. `forms`: those of them that
    a form holds, by the form, which PDFium does not say the layer of."""
    layers: dict[str, list[Any]] = defaultdict(list)
    for number, form in enumerate(forms):
        if seen := [text for text in form if not is_inkless(text)]:
            layers[f"form {number}"] = seen
    for text in texts:
        name = _layer_of(text)
        if name is not None and not is_inkless(text):
            layers[name].append(text)
    if not layers or len(layers) > _MOST_LAYERS:
        return frozenset()
    whole = _drawn(page)
    unseen = [own for own in layers.values() if _without(own, lambda: _drawn(page)) == whole]
    return frozenset(address_of(text) for own in unseen for text in own)


def _without(texts: Sequence[Any], draw: Callable[[], bytes]) -> bytes:
    for text in texts:
        pdfium.FPDFPageObj_SetIsActive(text, False)
    try:
        return draw()
    finally:
        for text in texts:
            pdfium.FPDFPageObj_SetIsActive(text, True)


def _layer_of(thing: Any) -> str | None:
    """The names of the layers that it lies in; None where it is in none."""
    found = []
    for at in range(pdfium.FPDFPageObj_CountMarks(thing)):
        mark = pdfium.FPDFPageObj_GetMark(thing, at)
        if _string(partial(pdfium.FPDFPageObjMark_GetName, mark)) == _LAYER:
            found.append(_string(partial(pdfium.FPDFPageObjMark_GetParamStringValue, mark, b"Name")))
    return "/".join(found) if found else None


def _string(ask: Callable[[Any, int, Any], int]) -> str:
    size = ctypes.c_ulong()
    buffer = ctypes.create_string_buffer(256)
    if not ask(ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), len(buffer), size):
        return ""
    return buffer.raw[: max(0, min(size.value, len(buffer)) - 2)].decode("utf-16-le", "replace")


def _drawn(page: Any) -> bytes:
    width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
    scale = _LONG_SIDE / max(width, height, 1.0)
    across, down = max(1, round(width * scale)), max(1, round(height * scale))
    pixels = ctypes.create_string_buffer(across * down)
    bitmap = pdfium.FPDFBitmap_CreateEx(across, down, pdfium.FPDFBitmap_Gray, pixels, across)
    try:
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, across, down, 0xFFFFFFFF)
        pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, across, down, 0, 0)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)
    return pixels.raw
