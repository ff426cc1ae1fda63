"""A picture of an RTF file (`\\pict`): its bytes, as hexadecimal digits or after `\\bin`, and how large it is shown."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field

from extractor.documents.blocks import PictureBlock
from extractor.documents.dib import bmp_of

_TWIPS = 20  # a point
_HUNDRED = 100  # per cent
_MOST_TWIPS = 1_000_000
_NO_DIGIT = re.compile(rb"[^0-9A-Fa-f]+")


@dataclass
class RtfPicture:
    """As its group is read: control words by their parameters, then what it holds."""

    words: dict[str, int] = field(default_factory=dict)
    digits: bytearray = field(default_factory=bytearray)
    binary: bytearray = field(default_factory=bytearray)

    def block(self) -> PictureBlock:
        data = bytes(self.binary) or _of_digits(bytes(self.digits))
        data = bmp_of(data) if "dibitmap" in self.words else data
        return PictureBlock(f"pict:{zlib.crc32(data):x}-{len(data)}", lambda: data, self._points())

    def _points(self) -> tuple[float, float] | None:
        wide, high = (self._side(goal, scale) for goal, scale in (("picwgoal", "picscalex"), ("pichgoal", "picscaley")))
        return (wide, high) if wide and high else None

    def _side(self, goal: str, scale: str) -> float:
        twips = min(max(self.words.get(goal, 0), 0), _MOST_TWIPS)
        return twips / _TWIPS * (self.words.get(scale) or _HUNDRED) / _HUNDRED


def _of_digits(digits: bytes) -> bytes:
    digits = _NO_DIGIT.sub(b"", digits)
    return bytes.fromhex(digits[: len(digits) // 2 * 2].decode())
