"""The program `tesseract`, where it is installed: faster than rapidocr and less exact with figures."""

from __future__ import annotations

import csv
import io
import subprocess
from typing import Any

from extractor.documents.ocr.lines import ReadLine, words_of
from extractor.documents.placement import Word

_TIMEOUT_S = 60.0
_UNREAD = 0.3
_WORD = "5"  # the level of words in its table


class Tesseract:
    def read(self, image: Any, /) -> tuple[list[Word], int]:
        """`image`: an RGB picture (PIL). Pages that are turned are found out by the program itself."""
        held = io.BytesIO()
        image.save(held, "PNG", compress_level=1)
        done = subprocess.run(
            ["tesseract", "stdin", "stdout", "--psm", "1", "tsv"],
            input=held.getvalue(),
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=True,
            env={"OMP_THREAD_LIMIT": "1", "PATH": "/usr/local/bin:/usr/bin:/bin"},
        )
        lines = [
            line
            for row in csv.DictReader(io.StringIO(done.stdout.decode()), delimiter="\t", quoting=csv.QUOTE_NONE)
            if (line := _line(row))
        ]
        return words_of(lines, image.width, image.height, 0), 0


def _line(row: dict[str, str]) -> ReadLine | None:
    """Each word is a line of its own: where its letters stand the table does not say."""
    text = (row.get("text") or "").strip()
    sure = float(row.get("conf") or -1) / 100
    if row.get("level") != _WORD or not text or sure < _UNREAD:
        return None
    left, top, wide, high = (float(row[name]) for name in ("left", "top", "width", "height"))
    quad = ((left, top), (left + wide, top), (left + wide, top + high), (left, top + high))
    return ReadLine(text, sure, quad, tuple((at + 0.5) / len(text) for at in range(len(text))))
