"""The program `tesseract`, where it is installed: faster than rapidocr and less exact with figures."""

from __future__ import annotations

import csv
import io
import re
import subprocess
from typing import Any

from extractor.documents.ocr.lines import ReadLine, words_of
from extractor.documents.placement import Word

_TIMEOUT_S = 60.0
_ROTATE = re.compile(r"Rotate: (\d+)")  # clockwise, to be upright
_UNREAD = 0.3
_LINE, _WORD = "4", "5"  # levels of its table


class Tesseract:
    def read(self, image: Any, /) -> tuple[list[Word], int]:
        """`image`: an RGB picture (PIL)."""
        rotation = _ROTATE.search(_run(image, "0"))
        turn = -int(rotation[1]) // 90 % 4 if rotation else 0
        if turn:
            image = image.rotate(90 * turn, expand=True)
        rows = list(csv.DictReader(io.StringIO(_run(image, "3", "tsv")), delimiter="\t", quoting=csv.QUOTE_NONE))
        heights = {_line_of(row): (float(row["top"]), float(row["height"])) for row in rows if row["level"] == _LINE}
        words = (_word(row, *heights[_line_of(row)]) for row in rows if row["level"] == _WORD)
        return words_of([word for word in words if word is not None], image.width, image.height, turn), 0


def _run(image: Any, mode: str, *more: str) -> str:
    """What the program says; nothing where it cannot do what `mode` asks of it. Raises CalledProcessError for a page
    that is to be read."""
    held = io.BytesIO()
    image.save(held, "PNG", compress_level=1)
    done = subprocess.run(
        ["tesseract", "stdin", "stdout", "--psm", mode, *more],
        input=held.getvalue(),
        capture_output=True,
        timeout=_TIMEOUT_S,
        check=bool(more),
        env={"OMP_THREAD_LIMIT": "1", "PATH": "/usr/local/bin:/usr/bin:/bin"},
    )
    return done.stdout.decode()


def _line_of(row: dict[str, str]) -> tuple[str, ...]:
    return row["block_num"], row["par_num"], row["line_num"]


def _word(row: dict[str, str], top: float, height: float) -> ReadLine | None:
    """Each word is a line of its own, as high as the line it is of: where its letters stand the table does not say."""
    text = (row.get("text") or "").strip()
    sure = float(row.get("conf") or -1) / 100
    if not text or sure < _UNREAD:
        return None
    left, wide = float(row["left"]), float(row["width"])
    quad = ((left, top), (left + wide, top), (left + wide, top + height), (left, top + height))
    return ReadLine(text, sure, quad, tuple((at + 0.5) / len(text) for at in range(len(text))))
