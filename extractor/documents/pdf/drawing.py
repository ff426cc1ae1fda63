"""A page of a PDF, or a part of it, as a picture. Knows PDFium."""

from __future__ import annotations

import ctypes
from typing import Any

import pypdfium2.raw as pdfium


def drawn(page: Any, scale: float, box: tuple[float, float, float, float] | None = None, put_on: bool = True) -> Any:
    """RGB, `scale` pixels a point; `box` in points of the page as it is shown. `put_on`: with what is filled in and
    stamped."""
    from PIL import Image

    width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
    left, top, right, bottom = box or (0.0, 0.0, width, height)
    across, down = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    whole = (max(1, round(width * scale)), max(1, round(height * scale))) if box else (across, down)
    pixels = ctypes.create_string_buffer(across * down * 4)
    bitmap = pdfium.FPDFBitmap_CreateEx(across, down, pdfium.FPDFBitmap_BGRx, pixels, across * 4)
    try:
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, across, down, 0xFFFFFFFF)
        flags = pdfium.FPDF_REVERSE_BYTE_ORDER | (pdfium.FPDF_ANNOT if put_on else 0)
        pdfium.FPDF_RenderPageBitmap(bitmap, page, -round(left * scale), -round(top * scale), *whole, 0, flags)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)
    return Image.frombuffer("RGBX", (across, down), pixels.raw, "raw", "RGBX", 0, 1).convert("RGB")
