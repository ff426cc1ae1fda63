"""rapidocr's detector and recogniser (PP-OCR, in its wheel), run on one thread: a process a page is how pages are read
side by side, and a process with threads could not be forked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from rapidocr import RapidOCR

from extractor.documents.ocr.lines import Quad, ReadLine, words_of
from extractor.documents.placement import Word

_LONGEST = 1_920  # pixels of the longer side, for finding lines
_SHORTEST = 640
_FINEST = 3_600  # pixels of the longer side, for reading them
_STRIP = 2.2  # times as long as wide: a longer picture is a strip
_PIECE, _OVER = 1.5, 0.15  # how many times as long as wide a piece of it is; which part of it the next one has too
_SEAM = 6.0  # pixels from where two pieces meet: a line there may be told of either, or of both
_UNREAD = 0.5  # a line that is less sure is no text
_DOUBTFUL = 0.8  # one that is less sure is tried again
_SURE = 0.88  # of a sample of lines that are upright
_SURER = 0.1  # of a single line, that it is upside down: a few letters read well both ways
_SAMPLE = 6
_SPARSE = 0.4  # letters a height of the line, of what is text


class Rapid:
    def __init__(self) -> None:
        cv2.setNumThreads(1)
        self._engine = RapidOCR(
            params={
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                "Global.log_level": "critical",
                "Global.use_cls": False,
                "Global.max_side_len": 2 * _LONGEST,  # sizes are chosen here
                "Det.limit_type": "max",
                "Det.limit_side_len": 2 * _LONGEST,
                "Global.return_word_box": True,
            }
        )
        self.read_array(np.full((64, 256, 3), 255, np.uint8))  # loads the models

    def read(self, image: Any, /) -> tuple[list[Word], int]:
        """`image`: an RGB picture (PIL)."""
        return self.read_array(np.asarray(image)[:, :, ::-1])

    def read_array(self, image: Any) -> tuple[list[Word], int]:
        """`image`: rows of pixels, blue, green, red."""
        image = _scaled(np.ascontiguousarray(image), _finest(*image.shape[:2]), _SHORTEST)
        turned, quads, turn = self._upright(image)
        crops = [_crop(turned, quad) for quad in quads]
        read = self._read(crops)
        doubtful = [at for at, (_, sure, _) in enumerate(read) if sure < _DOUBTFUL]
        again = self._read([_crop(turned, _grown(quads[at])) for at in doubtful])
        for at, other in zip(doubtful, again, strict=True):
            if other[1] > read[at][1]:
                read[at] = other
        lines = [
            ReadLine(text, sure, quad, centres)
            for quad, (text, sure, centres) in zip(quads, read, strict=True)
            if sure >= _UNREAD and _fills(text, quad)
        ]
        height, width = turned.shape[:2]
        return words_of(lines, width, height, turn), len(quads) - len(lines)

    def _upright(self, image: Any) -> tuple[Any, list[Quad], int]:
        """The picture turned so that its lines run to the right, its lines, and by how many quarters against the clock
        it was turned."""
        turn = 0
        quads = self._find(image)
        if sum(_is_upright(quad) for quad in quads) * 2 < len(quads):
            image, turn = np.ascontiguousarray(np.rot90(image)), 1
            quads = self._find(image)
        if self._is_upside_down(image, quads):
            height, width = image.shape[:2]
            image, turn = np.ascontiguousarray(np.rot90(image, 2)), turn + 2
            quads = [_half_turned(quad, width, height) for quad in quads]
        return image, quads, turn

    def _is_upside_down(self, image: Any, quads: Sequence[Quad]) -> bool:
        """By reading a few lines as they are and, unless that goes well, the other way up."""
        some = sorted(quads, key=lambda quad: -_ratio(quad) if _ratio(quad) < 16 else 0)[:_SAMPLE]
        crops = [_crop(image, quad) for quad in some]
        if not crops:
            return False
        sure = np.mean([sure for _, sure, _ in self._read(crops)])
        if sure >= _SURE:
            return False
        turned = [np.ascontiguousarray(np.rot90(crop, 2)) for crop in crops]
        surer = _SURER if len(crops) == 1 else 0.0
        return bool(np.mean([sure for _, sure, _ in self._read(turned)]) > sure + surer)

    def _find(self, image: Any) -> list[Quad]:
        """Where lines are. A long strip (a receipt, a page of the web as a picture) is looked at a piece at a time:
        each line is of the piece that its middle is well within."""
        height, width = image.shape[:2]
        down = height >= width
        found: list[Quad] = []
        for begin, end, first, last in _pieces(max(height, width), min(height, width)):
            piece = image[begin:end] if down else image[:, begin:end]
            offset = (0, begin) if down else (begin, 0)
            for quad in (_quad(box + np.array(offset)) for box in self._boxes(piece)):
                middle = sum(corner[down] for corner in quad) / 4
                at_seam = min(abs(middle - first), abs(middle - last)) < _SEAM
                if (first <= middle < last or at_seam) and not (at_seam and any(_is_same(quad, one) for one in found)):
                    found.append(quad)
        return found

    def _boxes(self, image: Any) -> list[Any]:
        small = _scaled(image, _LONGEST, 0)
        scale = image.shape[0] / small.shape[0]
        found = self._engine(np.ascontiguousarray(small), use_det=True, use_cls=False, use_rec=False)
        boxes = getattr(found, "boxes", None)
        return [] if boxes is None else [np.asarray(box) * scale for box in boxes]

    def _read(self, crops: Sequence[Any]) -> list[tuple[str, float, tuple[float, ...]]]:
        """For each its text, how sure that is, and where its characters stand."""
        if not crops:
            return []
        found: Any = self._engine.recognize_txt(list(crops))
        return [
            (text, float(sure), _centres(text, placed))
            for text, sure, placed in zip(found.txts, found.scores, found.word_results, strict=True)
        ]


def _centres(text: str, placed: Any) -> tuple[float, ...]:
    """A column of the recogniser's output for each character that is no space; spaces stand between."""
    columns = [column for word in placed.word_cols for column in word] if placed else []
    length = max(float(placed.line_txt_len), 1.0) if placed else 1.0
    centres: list[float] = []
    for char in text:
        if char.isspace() or not columns:
            centres.append(math.nan)
        else:
            centres.append(min((columns.pop(0) + 0.5) / length, 1.0))
    measured = [at for at, centre in enumerate(centres) if not math.isnan(centre)]
    if not measured:
        return tuple((at + 0.5) / len(text) for at in range(len(text)))
    return tuple(float(each) for each in np.interp(range(len(text)), measured, [centres[at] for at in measured]))


def _is_same(one: Quad, other: Quad) -> bool:
    """Whether two pieces show one line."""
    height = min(math.dist(one[0], one[3]), math.dist(other[0], other[3]))
    return all(math.dist(*corners) < 0.5 * height for corners in zip(one, other, strict=True))


def _finest(height: int, width: int) -> int:
    """Pixels of the longer side: a strip has as many more as it is longer than a page."""
    ratio = max(height, width) / max(min(height, width), 1)
    return round(_FINEST * max(1.0, ratio / _STRIP))


def _pieces(length: int, across: int) -> list[tuple[int, int, float, float]]:
    """Begin and end of each piece of a strip, which reach over into each other, and the bounds between which lines are
    its own. What is no strip is one piece."""
    size = max(round(_PIECE * across), _LONGEST)
    if length <= _STRIP * across or length <= size:
        return [(0, length, -math.inf, math.inf)]
    step = size - round(_OVER * size)
    begins = list(range(0, length - size + step, step))
    cuts = [-math.inf, *((before + size + begin) / 2 for before, begin in pairwise(begins)), math.inf]
    return [
        (begin, min(begin + size, length), first, last)
        for begin, (first, last) in zip(begins, pairwise(cuts), strict=True)
    ]


def _scaled(image: Any, longest: int, shortest: int) -> Any:
    height, width = image.shape[:2]
    scale = min(1.0, longest / max(height, width))
    if shortest and max(height, width) < shortest:
        scale = shortest / max(height, width)
    if scale == 1.0:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def _crop(image: Any, quad: Quad) -> Any:
    """The line cut out and straightened."""
    corners = np.array(quad, np.float32)
    width = max(2, round(max(math.dist(quad[0], quad[1]), math.dist(quad[3], quad[2]))))
    height = max(2, round(max(math.dist(quad[0], quad[3]), math.dist(quad[1], quad[2]))))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, target)
    return cv2.warpPerspective(image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _quad(box: Any) -> Quad:
    first, second, third, fourth = ((float(x), float(y)) for x, y in box)
    return first, second, third, fourth


def _grown(quad: Quad) -> Quad:
    """Higher by a tenth on both sides: what was cut off may be what was missing."""
    corners = np.array(quad)
    down = (corners[3] - corners[0] + corners[2] - corners[1]) / 20
    return _quad(np.array([corners[0] - down, corners[1] - down, corners[2] + down, corners[3] + down]))


def _half_turned(quad: Quad, width: int, height: int) -> Quad:
    first, second, third, fourth = ((width - x, height - y) for x, y in quad)
    return third, fourth, first, second


def _ratio(quad: Quad) -> float:
    return math.dist(quad[0], quad[1]) / max(math.dist(quad[0], quad[3]), 1.0)


def _fills(text: str, quad: Quad) -> bool:
    """Whether there are letters enough for a line of this length: of scripts that it does not know the recogniser
    leaves out most, and is sure."""
    return len("".join(text.split())) > _SPARSE * _ratio(quad)


def _is_upright(quad: Quad) -> bool:
    return _ratio(quad) >= 0.8
