"""`extractor read`: a document's text as the model will see it, and where on its pages it stands."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from extractor.cli.documents import Source, sources
from extractor.cli.flags import Charset, Password
from extractor.cli.output import BAD_INPUT, SOME_FAILED, describe, put, put_text, say
from extractor.config import Settings, read_settings
from extractor.documents import Document, Page, draw, read
from extractor.documents.readers import Readers
from extractor.errors import DocumentError, ExtractorError, InputError

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

_APART = re.compile(r"\S+(?: \S+)*")  # a cell, or what stands together on a line


def command(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Files, folders or globs; - reads stdin.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="A line of JSON a file, with pages, parts and boxes.")
    ] = False,
    pictures: Annotated[
        Path | None, typer.Option("--pictures", metavar="DIR", help="Draw pages with the boxes on them, as PNG files.")
    ] = None,
    charset: Charset = None,
    password: Password = None,
) -> None:
    """The text of documents as the model will see it."""
    settings = read_settings()
    found = list(sources(files))
    piped = sys.stdin.buffer.read() if any(source.path is None for source in found) else b""
    failures: list[ExtractorError] = []
    readers = Readers(texts=1, pictures=os.cpu_count() or 1, engine=settings.ocr_engine)
    try:
        for source in found:
            try:
                data = piped if source.path is None else source.read()
                document = _read(source, data, charset, password, settings, readers)
                if pictures is not None:
                    _draw(source, data, document, password, pictures, readers)
            except ExtractorError as error:
                failures.append(error)
                say(f"{source.name}: {describe(error)}")
                if as_json:
                    put({"file": source.name, "error": {"code": error.code, "detail": error.detail}})
                continue
            _show(source, document, as_json, len(found) > 1)
    finally:
        readers.close()
    if failures:
        all_input = len(failures) == len(found) and all(isinstance(each, InputError) for each in failures)
        raise typer.Exit(BAD_INPUT if all_input else SOME_FAILED)


def _read(
    source: Source, data: bytes, charset: str | None, password: str | None, settings: Settings, readers: Readers
) -> Document:
    return read(
        data,
        filename=source.path.name if source.path else None,
        max_bytes=settings.max_document_bytes,
        charset=charset,
        password=password,
        ocr=settings.ocr,
        readers=readers,
    )


def _show(source: Source, document: Document, as_json: bool, one_of_many: bool) -> None:
    for warning in document.warnings:
        say(f"{source.name}: {warning}")
    for page in document.pages:
        for warning in page.warnings:
            say(f"{source.name}: page {page.number}: {warning}")
    if as_json:
        put({"file": source.name, **_as_json(document)})
        return
    if one_of_many:
        say(f"==> {source.name}")
    put_text([document.text.removesuffix("\n")])


def _as_json(document: Document) -> dict[str, Any]:
    return {
        "media_type": document.media_type,
        "characters": len(document.text),
        "pages": [_page(document, page) for page in document.pages],
        "parts": [
            {"number": each.number, "name": each.name, "media_type": each.media_type, "kind": each.kind}
            | {"start": each.start, "stop": each.stop}
            for each in document.parts
        ],
        "cells": [{"start": each.start, "stop": each.stop, "address": each.address} for each in document.cells],
        "warnings": list(document.warnings),
        "text": document.text,
    }


def _page(document: Document, page: Page) -> dict[str, Any]:
    lines = [
        {"start": start, "stop": stop, "boxes": [box.as_list() for box in document.boxes(start, stop)]}
        for start, stop in _spans(document, page)
        if page.number in document.places
    ]
    return {
        "number": page.number,
        "part": page.part,
        "label": page.label,
        "start": page.start,
        "stop": page.stop,
        "width": page.width,
        "height": page.height,
        "how": page.how,
        "confidence": document.confidence(page.start, page.stop),
        "pictures": page.pictures,
        "pictures_unread": page.pictures_unread,
        "warnings": list(page.warnings),
        "boxes": lines,
    }


def _spans(document: Document, page: Page) -> Iterator[tuple[int, int]]:
    """Of what stands together on a line of the page."""
    for match in _APART.finditer(document.text, page.start, page.stop):
        yield match.span()


def _draw(
    source: Source, data: bytes, document: Document, password: str | None, folder: Path, readers: Readers
) -> None:
    """A file for each page that has places: `NAME-PAGE.png`."""
    try:
        import io

        from PIL import Image, ImageDraw
    except ModuleNotFoundError:
        raise InputError("pictures need the extra documents", code="invalid_settings") from None
    name = source.path.name if source.path else "stdin"
    drawn = draw(data, list(document.places), filename=name, password=password, readers=readers)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, png in drawn.items():
            image = Image.open(io.BytesIO(png)).convert("RGB")
            _draw_boxes(ImageDraw.Draw(image, "RGBA"), document, number, image.width, image.height)
            image.save(folder / f"{name}-{number}.png")
    except OSError as error:
        raise DocumentError(f"cannot write to {folder.name}: {error.strerror}", code="unwritable_folder") from None
    say(f"{source.name}: {len(drawn)} page{'s' if len(drawn) != 1 else ''} drawn in {folder}")


def _draw_boxes(drawing: ImageDraw, document: Document, number: int, width: int, height: int) -> None:
    page = document.pages[number - 1]
    for start, stop in _spans(document, page):
        for box in document.boxes(start, stop):
            sides = (box.left * width, box.top * height, box.right * width, box.bottom * height)
            drawing.rectangle(sides, outline=(220, 30, 30, 255), fill=(255, 220, 0, 50), width=2)
