"""What is said of a document that was read, beside its text: as JSON, in results."""

from __future__ import annotations

from typing import Any

from extractor.documents.document import Document, Page
from extractor.documents.formats import FORMATS

JSON = dict[str, Any]


def describe(document: Document) -> JSON:
    """What it is, its pages and how each was read, its parts, and what a person should know; where it says what files
    are called, if it does. Holds none of its text."""
    format_ = FORMATS.get(document.media_type)
    names = [{"start": name.start, "stop": name.stop} for name in document.file_names]
    return {
        "format": format_.name if format_ else document.media_type,
        "media_type": document.media_type,
        "characters": len(document.text),
        "pages": [
            {"number": page.number, "part": page.part, "label": page.label, "start": page.start, "stop": page.stop}
            | {"how": page.how, "confidence": _confidence(document, page)}
            | {"warnings": list(page.warnings), **_pictures(page)}
            for page in document.pages
        ],
        "parts": [
            {"number": part.number, "name": part.name, "media_type": part.media_type, "kind": part.kind}
            | {"start": part.start, "stop": part.stop}
            for part in document.parts
        ],
        "warnings": [
            *document.warnings,
            *(f"page {page.number}: {warning}" for page in document.pages for warning in page.warnings),
        ],
        **({"file_names": names} if names else {}),
    }


def _pictures(page: Page) -> JSON:
    counts = {"pictures": page.pictures, "pictures_unread": page.pictures_unread}
    return {name: count for name, count in counts.items() if count}


def _confidence(document: Document, page: Page) -> float | None:
    """Of the line that was read from a picture with the least; None where none was."""
    found = document.confidence(page.start, page.stop) if page.how == "ocr" or page.pictures else None
    return None if found is None else round(found, 4)
