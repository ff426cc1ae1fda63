"""How good the places of evidence are: `python -m extractor.lab.bench.places FOLDER`.

The folder holds documents, each with its right answer beside it: `NAME.gold.json` for `NAME.pdf`, `NAME.png` or
another format with boxes. Each value of the answer is looked up as a model's would be; then the characters inside its
boxes are read by somebody else, PDFium for a PDF and OCR of what is cut out for a picture, and have to be the value.
Where `NAME.places.json` says for each pointer where the value may stand (`[[page, left, top, right, bottom], …]`, empty
for what the document does not print), the place has to be one of those.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from extractor import documents
from extractor.config import read_settings
from extractor.documents import Document
from extractor.errors import InputError
from extractor.evidence.ground import ground
from extractor.evidence.scalars import Scalar, scalars
from extractor.lab.bench.boxes import BoxReader, box_reader
from extractor.lab.bench.options import command
from extractor.notation import find
from extractor.result import Evidence

OUTCOMES = ("right", "elsewhere", "misread", "missing", "unprinted", "invented")
_HEADS = "| document | pages | values | right | of printed | in another place | box misread | not found | invented |"


@dataclass(frozen=True)
class Looked:
    """What became of one value: `right`, printed `elsewhere` than it should be, its boxes `misread`, `missing`;
    `unprinted` is rightly without evidence, `invented` has some where there should be none."""

    pointer: str
    value: object
    outcome: str
    described: str


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.places", description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--verbose", action="store_true", help="each value that is not right")
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    files = answered(options.folder)
    print(f"{_HEADS}\n{'| --- ' * 9}|")
    total: Counter[str] = Counter()
    wrong: list[tuple[Path, Looked]] = []
    pages = 0
    for file in files:
        document, looked = measure(file)
        counts = Counter(one.outcome for one in looked)
        pages += len(document.pages)
        total += counts
        wrong += [(file, one) for one in looked if one.outcome not in ("right", "unprinted")]
        print(_row(file.name, len(document.pages), counts), flush=True)
    print(_row(f"all {len(files)}", pages, total))
    for file, one in wrong if options.verbose else ():
        print(f"{file.name} {one.pointer} {one.value!r}: {one.outcome} {one.described}")
    return 0


def answered(folder: Path) -> list[Path]:
    """The documents of a folder that have their right answer beside them. Raises InputError where there are none."""
    names = [gold.name.removesuffix("gold.json") for gold in folder.glob("*.gold.json")]
    files = sorted(file for name in names for file in folder.glob(f"{name}*") if file.suffix != ".json")
    if not files:
        raise InputError(f"{folder} holds no document with its NAME.gold.json", code="unreadable_document")
    return files


def _row(name: str, pages: int, counts: Counter[str]) -> str:
    right, elsewhere, misread, missing, unprinted, invented = (counts[outcome] for outcome in OUTCOMES)
    printed = right + elsewhere + misread + missing
    share = f"{right / printed:.1%}" if printed else "–"
    cells = (pages, counts.total(), right, share, elsewhere, misread, missing, f"{invented} of {unprinted + invented}")
    return f"| {name} | " + " | ".join(map(str, cells)) + " |"


def measure(file: Path) -> tuple[Document, list[Looked]]:
    """Of each value of the right answer that is not null. Raises DocumentError."""
    data, settings = file.read_bytes(), read_settings()
    document = documents.read(data, filename=file.name, max_bytes=settings.max_document_bytes, ocr=settings.ocr)
    answer = file.with_name(f"{file.stem}.gold.json").read_text()
    known = ground(answer, document, [], [])
    truth = file.with_name(f"{file.stem}.places.json")
    places = json.loads(truth.read_text()) if truth.exists() else {}
    with box_reader(data, document) as reader:
        return document, [
            _looked(one, known[one.pointer]["evidence"], places.get(one.pointer), reader)
            for one in scalars(answer)
            if one.value is not None
        ]


def _looked(one: Scalar, found: list[Evidence], places: list[list[float]] | None, reader: BoxReader) -> Looked:
    described = " ".join(f"p{each['page']} {each['text']!r}" for each in found)
    return Looked(one.pointer, one.value, _outcome(one, found, places, reader), described)


def _outcome(one: Scalar, found: list[Evidence], places: list[list[float]] | None, reader: BoxReader) -> str:
    if not found:
        return "missing" if places else "unprinted"
    if places is not None and not any(_meets(each, place) for each in found for place in places):
        return "elsewhere" if places else "invented"
    seen = [reader(each["page"] or 0, box) for each in found for box in each["boxes"]]
    return "right" if seen and says(one.value, " ".join(seen)) else "misread"


def _meets(found: Evidence, place: list[float]) -> bool:
    """Whether the middle of one of its boxes lies in the place."""
    page, left, top, right, bottom = place
    middles = [((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) for box in found["boxes"]]
    return found["page"] == page and any(left <= x <= right and top <= y <= bottom for x, y in middles)


def says(value: object, printed: str) -> bool:
    """Whether `printed` and nothing more is the value, in whatever notation. Knows nothing of how it was found."""
    if isinstance(value, bool):
        return bool(printed.strip())
    if isinstance(value, int | Decimal):
        return abs(Decimal(value)) in find.readings(printed) and not any(map(str.isalpha, printed))
    if not isinstance(value, str):
        return False
    if (parts := find.date_and_time(value)) is not None and parts[0] is not None:
        return parts[0] in find.date_spans(printed)
    letters = _letters(printed)
    return letters == _letters(value) if letters else bool(printed.strip())  # a sign of a currency for its code


def _letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
