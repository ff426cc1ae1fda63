"""The lines of a batch as the command makes them of files: in whatever way they begin, with the options of its flags,
and otherwise as they are."""

from __future__ import annotations

import codecs
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from extractor.cli.batch_inputs import Inputs
from extractor.cli.byte_order import as_utf8
from extractor.cli.flags import sender_of
from extractor.errors import DocumentError

OPTIONS = {"max_output_tokens": 9}
FIRST, SECOND = {"custom_id": "a", "document": {"text": "Größe"}}, {"custom_id": "b", "document": {"text": "x"}}
WAYS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "UTF-8 with a mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "UTF-16": lambda text: codecs.BOM_UTF16_LE + text.encode("utf-16-le"),
    "UTF-16, the other way": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "UTF-32": lambda text: codecs.BOM_UTF32_LE + text.encode("utf-32-le"),
}


def lines_of(path: Path, options: dict[str, Any]) -> list[bytes]:
    return list(Inputs.of([str(path)], options).lines())


def jsonl(path: Path, *lines: str | bytes) -> Path:
    path.write_bytes(b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines))
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("way", WAYS)
def test_a_byte_order_mark_costs_no_line_its_options(tmp_path: Path, way: str, end: str, packed: bool) -> None:
    text = "".join(json.dumps(one, ensure_ascii=False) + end for one in (FIRST, SECOND))
    path = tmp_path / ("in.jsonl.gz" if packed else "in.jsonl")
    path.write_bytes(gzip.compress(WAYS[way](text)) if packed else WAYS[way](text))
    assert [json.loads(line) for line in lines_of(path, OPTIONS)] == [
        {"options": OPTIONS, **FIRST}, {"options": OPTIONS, **SECOND}
    ]  # fmt: skip
    assert [json.loads(line) for line in lines_of(path, {})] == [FIRST, SECOND]


def test_a_mark_in_the_middle_is_one_too(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "in.jsonl", json.dumps(FIRST), codecs.BOM_UTF8 + json.dumps(SECOND).encode())
    assert json.loads(lines_of(path, OPTIONS)[1]) == {"options": OPTIONS, **SECOND}


@pytest.mark.parametrize(
    "line",
    [
        '{"json_schema": {"enum": [9007199254740993, 123456789012345678901234567890]}, "document": {"text": "x"}}',
        '{"json_schema": {"minimum": 1.10}, "document": {"text": "x"}}',
        '{"json_schema": {"minimum": 1e400}, "document": {"text": "x"}}',
        '  {  "document" : {"text": "{"} }',
        '{"document": {"text": "' + "x" * 100 + '"}, "deep": ' + "[" * 150 + "]" * 150 + "}",
    ],
)
def test_a_line_takes_options_and_changes_in_nothing_else(tmp_path: Path, line: str) -> None:
    """Whatever this side's JSON makes of its numbers."""
    (said,) = lines_of(jsonl(tmp_path / "in.jsonl", line), OPTIONS)
    assert said.decode() == '{"options":{"max_output_tokens":9},' + line.partition("{")[2] + "\n"


@pytest.mark.parametrize(
    "line",
    [
        '{"options": {"seed": 1}, "document": {"text": "x"}}',
        '{"options": null}',
        "{}",
        "[1]",
        "no JSON",
        '{"a": NaN}',
        '{"document": {"text": "\\ud800"}}',
    ],
)
def test_a_line_with_options_of_its_own_or_that_is_none_stays(tmp_path: Path, line: str) -> None:
    assert lines_of(jsonl(tmp_path / "in.jsonl", line), OPTIONS) == [line.encode() + b"\n"]


def test_what_is_not_what_its_mark_says_is_told(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(codecs.BOM_UTF16_LE + b"\x00\xd8\x00\xd8\n")
    with pytest.raises(DocumentError, match="utf-16"):
        lines_of(path, {})


@pytest.mark.parametrize("way", WAYS)
def test_bytes_of_a_file_become_utf8(way: str) -> None:
    assert as_utf8(WAYS[way]('{"größe": 1}')) == '{"größe": 1}'.encode()


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 9_000, 70_000])
def test_files_of_any_size_are_read_whole(tmp_path: Path, size: int) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b"x" * size)
    assert b"".join(lines_of(path, {})).rstrip(b"\n") == b"x" * size


def test_what_is_known_of_files_goes_with_each_of_them(tmp_path: Path) -> None:
    """Not with lines that are written already."""
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "b.jsonl").write_bytes(b'{"custom_id": "1", "document": {"text": "x"}}\n')
    inputs = Inputs.of([str(tmp_path)], {}, how=sender_of("latin-1", "owl"))
    file, line = map(json.loads, inputs.lines())
    known = {"media_type": "text/plain; charset=latin-1", "password": "owl"}
    assert file["document"] == {"content": "JVBERi0xLjc=", "filename": "a.pdf", **known}
    assert line["document"] == {"text": "x"}
