"""Right answers from files: lines and folders as they come, and what is said of those that are wrong."""

from __future__ import annotations

import base64
import gzip
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from extractor.cli.evaluate import named_schema
from extractor.cli.flags import known_schema_of
from extractor.errors import InputError, SchemaError
from extractor.evaluation.fits import misfits
from extractor.evaluation.gold import GoldCase, read_gold
from extractor.evaluation.places import Place
from schemas import Registry

KNOWN = partial(known_schema_of, sources=())
INVOICE = Registry.discover().get("invoice")


def gold(path: Path, schema: str | None = "invoice") -> list[GoldCase]:
    return read_gold(path, None if schema is None else KNOWN(schema), partial(named_schema, KNOWN))


def lines(folder: Path, *said: Any) -> Path:
    path = folder / "gold.jsonl"
    path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in said))
    return path


def test_a_line_names_its_document_as_text_as_a_path_or_as_a_batch_does(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a bill.pdf").write_bytes(b"%PDF-1.4")
    content = base64.b64encode(b"Total 3").decode()
    found = gold(
        lines(
            tmp_path,
            {"document": "Total: 3\nEUR", "expected": {"total": 3}},
            "",
            {"document": "in/a bill.pdf", "expected": {}},
            {"document": "Total 3", "expected": {"total": 3}, "places": {"/total": [{"start": 6, "stop": 7}]}},
            {"custom_id": "c", "document": {"content": content, "filename": "x.txt"}, "expected": {"total": 3}},
            {"document": {"text": "a.pdf"}, "expected": {"name": "Roe"}, "schema": "contact"},
        )
    )
    assert [one.name for one in found] == ["gold.jsonl:1", "gold.jsonl:3", "gold.jsonl:4", "c", "gold.jsonl:6"]
    assert [one.document for one in found] == [
        "Total: 3\nEUR", tmp_path / "in" / "a bill.pdf", "Total 3", b"Total 3", "a.pdf"
    ]  # fmt: skip
    assert found[2].places == {"/total": [Place(None, None, 6, 7)]}
    assert found[3].hints == {"filename": "x.txt"}
    assert [one.schema.name for one in found] == ["invoice"] * 4 + ["contact"]


def test_lines_may_be_packed_and_bring_schemas_of_their_own(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}
    (tmp_path / "mine.json").write_text(json.dumps(schema))
    path = tmp_path / "gold.jsonl.gz"
    said = [{"document": "x y", "expected": {"code": "y"}, "schema": one} for one in (schema, "mine.json")]
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, said)).encode()))
    assert [one.schema.json_schema["properties"] for one in gold(path, None)] == [schema["properties"]] * 2


def test_a_folder_has_answers_beside_its_documents(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name, text in {
        "a.txt": "A", "a.json": '{"total": 1}', "b.pdf": "%PDF", "b.gold.json": '{"number": "B"}', "c.txt": "no answer",
        "sub/d.txt": "D", "sub/d.gold.json": '{"name": "Roe"}', "sub/d.places.json": '{"/name": [[1, 0, 0, 1, 1]]}',
        ".hidden.txt": "H", ".hidden.json": "{}",
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text)
    (tmp_path / "sub/d.schema.json").write_text(json.dumps(Registry.discover().get("contact").json_schema))
    with pytest.raises(InputError, match="names no schema"):
        gold(tmp_path, None)
    (tmp_path / "sub/d.gold.json").write_text('{"number": "Roe"}')
    (tmp_path / "sub/d.places.json").write_text('{"/number": [[1, 0, 0, 1, 1]]}')
    found = gold(tmp_path)
    assert [one.name for one in found] == ["a.txt", "b.pdf", "sub/d.txt"]
    assert [one.expected for one in found] == [{"total": 1}, {"number": "B"}, {"number": "Roe"}]
    assert found[2].places == {"/number": [Place(1, (0, 0, 1, 1))]}
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no document with its"):
        gold(tmp_path / "empty")


WRONG: list[tuple[Any, str]] = [
    ("{", "gold.jsonl, line 2 is not JSON"),
    ([1], 'gold.jsonl:2: a line is an object with "document" and "expected"'),
    ({"document": "x"}, 'gold.jsonl:2: a line is an object with "document" and "expected"'),
    ({"document": "no/such.pdf", "expected": {}}, "gold.jsonl:2: there is no file .*no/such.pdf"),
    ({"document": "scan.tiff", "expected": {}}, "gold.jsonl:2: there is no file .*scan.tiff"),
    ({"document": 3, "expected": {}}, "the document is a text, a path, or an object"),
    ({"document": {"content": "%%"}, "expected": {}}, "its bytes as base64"),
    ({"document": "x y", "expected": {}, "schema": 7}, "a schema is a name, a file or a JSON Schema"),
    ({"document": "x y", "expected": {"total": "much"}}, "gold.jsonl:2: the answer does not fit the schema invoice@1"),
    ({"document": "x y", "expected": {"total": 1}, "places": {"/nope": []}}, "'/nope' is no value of the answer"),
    ({"document": "x y", "expected": {"total": 1}, "places": {"/total": [[1, 2]]}}, "/total: a place is"),
    ({"document": "x y", "expected": {"total": 1}, "places": {"/total": [{"start": 1}]}}, "start and stop stand tog"),
    *(
        ({"document": "x y", "expected": {"total": 1}, "places": {"/total": [place]}}, f"gold.jsonl:2: .*{what}")
        for place, what in (
            ({"start": -5, "stop": -1}, "start is 0 at least"),
            ({"start": 9, "stop": 2}, "stop is behind it"),
            ([0], "counted from 1"),
            ([1, 10**400, 0, 1, 1], "a fraction of it"),
            ([1, 70, 80, 90, 99], "from 0 to 1"),
            ([1, True, 0, 1, 1], "a box is"),
        )
    ),
    ({"document": "x y", "expected": {}, "schema": ""}, "gold.jsonl:2: a schema is a name, a file or a JSON Schema"),
    ({"document": "x y", "expected": {}, "schema": "bill"}, "gold.jsonl:2: there is no schema 'bill'"),
    ({"document": "x y", "expected": {}, "schema": {"type": "array"}}, "gold.jsonl:2: the schema: the top level"),
]


@pytest.mark.parametrize(("said", "what"), WRONG)
def test_what_is_wrong_with_a_line_is_said_with_its_number(said: Any, what: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=what):
        gold(lines(tmp_path, {"document": "x y", "expected": {}}, said))


def test_what_is_no_gold_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        gold(tmp_path / "nothing.jsonl")
    with pytest.raises(InputError, match=r"Cannot read a+: File name too long"):
        gold(Path("a" * 300))
    with pytest.raises(InputError, match="holds no line"):
        gold(lines(tmp_path, "", ""))
    with pytest.raises(SchemaError, match="there is no schema 'bill'"):
        gold(lines(tmp_path, {"document": "x y", "expected": {}, "schema": "bill"}))
    (tmp_path / "gold.jsonl.gz").write_bytes(b"\x1f\x8b broken")
    with pytest.raises(InputError, match="Cannot read"):
        gold(tmp_path / "gold.jsonl.gz")


MISFITS: list[tuple[dict[str, Any], list[str]]] = [
    ({"total": 1, "seller": {"name": "x"}, "items": [{"amount": 2}]}, []),
    ({"items": [{"description": "a"}, {"amount": "2"}]}, ["/items/1/amount"]),
    ({"seler": {"name": "x"}}, ["/seler"]),
    ({"seller": {"name": "x", "city": "y"}}, ["/seller/city"]),
    ({"seller": "x"}, ["/seller"]), ({"seller": []}, ["/seller"]), ({"items": {}}, ["/items"]),
    ({"currency": "euro"}, ["/currency"]), ({"issue_date": "3 May"}, ["/issue_date"]), ({"number": 7}, ["/number"]),
    ({"number": None, "items": None}, ["/items"]),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "pointers"), MISFITS)
def test_a_right_answer_fits_its_schema_as_far_as_it_goes(expected: dict[str, Any], pointers: list[str]) -> None:
    assert [pointer for pointer, _ in misfits(INVOICE.json_schema, expected)] == pointers


def test_every_right_answer_of_every_schema_fits() -> None:
    for schema in Registry.discover().list():
        for example in schema.examples:
            assert misfits(schema.json_schema, example.answer) == []
