"""Pictures: each frame is a page, to be recognised. The picture is only decoded when it is drawn."""

from __future__ import annotations

import io
import warnings
from functools import partial
from typing import Any

from PIL import Image, ImageFilter, ImageOps

from extractor.documents.builder import Builder
from extractor.documents.context import Context
from extractor.documents.limits import ReadLimits
from extractor.sandbox import Rejected

_FORMATS = {
    "image/png": ("PNG",),
    "image/jpeg": ("JPEG", "MPO"),
    "image/tiff": ("TIFF",),
    "image/webp": ("WEBP",),
    "image/bmp": ("BMP", "DIB"),
    "image/gif": ("GIF",),
    "image/heic": ("HEIF",),
    "image/avif": ("AVIF",),
}
KINDS = frozenset(_FORMATS)
_STILL = frozenset({"image/gif", "image/webp", "image/png", "image/avif"})  # whose other frames are a film
_LEAST_SIDE = 72  # pixels of a picture that lies in a document
_DPI = 150.0  # where the picture does not say
_LEAST_DPI, _MOST_DPI = 50.0, 2_400.0
_UNEQUAL = 1.3  # times as many one way: pixels are not square

Image.MAX_IMAGE_PIXELS = None  # limits.pixels is kept instead, before anything is decoded


def read(data: bytes, into: Builder, context: Context) -> None:
    """Raises Rejected `document_too_complex` for too many pixels, and what Pillow raises for a damaged picture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about broken metadata
        with _opened(data, context.media_type) as image:
            if context.depth and min(image.size) < _LEAST_SIDE:  # a logo in a mail's signature
                into.begin_page(how="none")
                into.warn("a picture too small to hold text, not read")
                return
            for frame in range(1 if context.media_type in _STILL else getattr(image, "n_frames", 1)):
                image.seek(frame)
                _check(image, context.limits)
                width, height = _size(image)
                into.begin_page(width=width, height=height, how="picture")
                into.draw(partial(_upright, image))


def size_of(data: bytes, media_type: str, limits: ReadLimits) -> tuple[int, int]:
    """Width and height in pixels, without decoding it. Raises as `read`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _opened(data, media_type) as image:
            _check(image, limits)
            return image.size[0], image.size[1]


def drawn(data: bytes, media_type: str) -> Any:
    """Upright, as RGB. Raises what Pillow raises for a damaged picture."""
    with _opened(data, media_type) as image:
        return _upright(image)


def _opened(data: bytes, media_type: str) -> Any:
    formats = _FORMATS[media_type]
    if "HEIF" in formats:
        from pi_heif import register_heif_opener

        register_heif_opener()
    return Image.open(io.BytesIO(data), formats=formats)


def _check(image: Any, limits: ReadLimits) -> None:
    pixels, most = image.width * image.height, limits.pixels
    if pixels > most:
        raise Rejected("document_too_complex", f"the picture has {pixels:,} pixels; the limit is {most:,}", limit=most)


def _upright(image: Any) -> Any:
    """As its EXIF orientation says it is shown; on white where it is transparent."""
    image.load()
    shown: Any = ImageOps.exif_transpose(_square(image))
    if shown.mode in ("RGBA", "LA", "PA") or "transparency" in shown.info:
        shown = shown.convert("RGBA")
        white = Image.new("RGBA", shown.size, "white")
        shown = Image.alpha_composite(white, shown)
    if shown.mode.startswith("I") or shown.mode == "F":  # 16 and 32 bits of grey
        low, high = shown.getextrema()
        shown = shown.point(lambda value: (value - low) * (255.0 / max(high - low, 1))).convert("L")
    return shown.convert("RGB")


def _square(image: Any) -> Any:
    """With pixels that are as high as wide: faxes have twice as many across as down, and specks between."""
    across, down = _dpi(image)
    if max(across, down) < _UNEQUAL * min(across, down):
        return image
    most = max(across, down)
    size = round(image.width * most / across), round(image.height * most / down)
    exif = image.getexif()
    if image.mode == "1":
        shown = image.convert("L").resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.MedianFilter(3))
    else:
        shown = image.resize(size)
    shown.info["exif"] = exif.tobytes()
    return shown


def _dpi(image: Any) -> tuple[float, float]:
    """Pixels an inch, across and down; the usual ones where the picture says none, or none that can be."""
    dpi = image.info.get("dpi") or (_DPI, _DPI)
    across, down = (float(each) if _LEAST_DPI <= float(each or 0) <= _MOST_DPI else _DPI for each in dpi[:2])
    return across, down


def _size(image: Any) -> tuple[float, float]:
    """In points, as it is shown."""
    across, down = _dpi(image)
    width, height = image.width * 72 / across, image.height * 72 / down
    turned = image.getexif().get(0x0112, 1) in (5, 6, 7, 8)
    return (height, width) if turned else (width, height)
