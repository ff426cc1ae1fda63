"""Pictures → words where they stand.

    lines.py   what an engine reads off a picture, and its words, upright and straight
    rapid.py   rapidocr: neural, on the CPU          tesseract.py   the program, where it is installed

An engine is loaded once (`load`), and then reads one picture after the other.
"""

from __future__ import annotations

import importlib.util
import shutil
from typing import Any, Literal, Protocol

from extractor.documents.placement import Word

OcrEngineName = Literal["auto", "rapidocr", "tesseract"]


class Recognizer(Protocol):
    def read(self, image: Any, /) -> tuple[list[Word], int]:
        """The words of an RGB picture (PIL), placed, and how many lines were found that cannot be read."""


def available() -> OcrEngineName | None:
    """The engine that `auto` means here."""
    if importlib.util.find_spec("rapidocr") and importlib.util.find_spec("onnxruntime"):
        return "rapidocr"
    return "tesseract" if shutil.which("tesseract") else None


_LOADED: list[Recognizer] = []


def load(engine: OcrEngineName = "auto") -> Recognizer:
    """The engine of this process: the one that was loaded first. Raises ModuleNotFoundError where it is not
    installed."""
    if not _LOADED:
        if (available() if engine == "auto" else engine) == "tesseract":
            from extractor.documents.ocr.tesseract import Tesseract

            _LOADED.append(Tesseract())
        else:
            from extractor.documents.ocr.rapid import Rapid

            _LOADED.append(Rapid())
    return _LOADED[0]
