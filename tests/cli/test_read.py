"""`extractor read`: what the model will see, and where it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from extractor.cli.app import app
from tests.documents.samples import HEIGHT, WIDTH, Pdf


def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["read", *map(str, arguments)], input=stdin)


@pytest.fixture
def invoice(tmp_path: Path) -> Path:
    pdf = Pdf()
    pdf.text(60, 100, "Rechnung Nr.")
    pdf.text(300, 100, "4711")
    pdf.page()
    pdf.text(60, 100, "Summe 12,50 €")
    file = tmp_path / "invoice.pdf"
    file.write_bytes(pdf.bytes())
    return file


@pytest.mark.process
def test_text_of_several_files(invoice: Path, tmp_path: Path) -> None:
    note = tmp_path / "note.txt"
    note.write_bytes("Größe 3\r\n".encode("cp1252"))
    done = run(invoice, note)
    assert done.exit_code == 0
    assert done.stdout == "Rechnung Nr.   4711\nSumme 12,50 €\nGröße 3\n"


@pytest.mark.process
def test_json_says_pages_and_boxes(invoice: Path) -> None:
    said = json.loads(run(invoice, "--json").stdout)
    assert (said["media_type"], [page["how"] for page in said["pages"]]) == ("application/pdf", ["layout", "layout"])
    assert said["pages"][0]["width"] == pytest.approx(WIDTH, abs=0.1)
    number = said["pages"][0]["boxes"][1]
    assert said["text"][number["start"] : number["stop"]] == "4711"
    left, top, _, bottom = number["boxes"][0]
    assert (left, bottom) == pytest.approx((300 / WIDTH, 102 / HEIGHT), abs=0.003)
    assert top < 93 / HEIGHT


@pytest.mark.process
def test_pictures_have_the_boxes_on_them(invoice: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    assert run(invoice, "--pictures", folder).exit_code == 0
    assert sorted(file.name for file in folder.iterdir()) == ["invoice.pdf-1.png", "invoice.pdf-2.png"]
    image = Image.open(folder / "invoice.pdf-1.png").convert("RGB")
    filled = image.getpixel((round(310 / WIDTH * image.width), round(101.5 / HEIGHT * image.height)))
    assert filled != (255, 255, 255)
    assert image.getpixel((10, 10)) == (255, 255, 255)


@pytest.mark.process
def test_charset_and_standard_input() -> None:
    assert run("-", "--charset", "cp1251", stdin="Счёт 5".encode("cp1251")).stdout == "Счёт 5\n"


@pytest.mark.process
def test_a_file_that_cannot_be_read_is_told_and_the_rest_is_read(invoice: Path, tmp_path: Path) -> None:
    bad = tmp_path / "archive.zip"
    bad.write_bytes(b"PK\x05\x06" + bytes(18))
    done = run(bad, invoice, "--json")
    assert done.exit_code == 1
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["error"]["code"] == "unsupported_media_type"
    assert second["media_type"] == "application/pdf"
    assert run(bad).exit_code == 2
