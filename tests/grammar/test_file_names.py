"""What a reader writes of attached files is a value of fields that ask for files, and of no others: for the grammar of
printed values, the finished answer, evidence and `extractor eval` alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from extractor.documents import Document
from extractor.documents.context import Context
from extractor.documents.convert import convert
from extractor.evaluation.printed import PrintedText
from extractor.evidence.choose import EvidenceSearch
from extractor.evidence.scalars import scalars
from extractor.grammar.narrow import Bounds
from extractor.grammar.printed.check import not_printed
from extractor.grammar.printed.grammars import demand
from schemas.errors import pointer
from tests.support.matching import accepts

JSON = dict[str, Any]
TEXT: JSON = {"type": "string"}
MAIL = b"""\
Subject: Order PO-9
From: Ann Lee <ann@example.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain

We order 12 chairs.
--b
Content-Type: text/plain; name="PO-9 of 2026-03-09 for 640.00.txt"

Attached.
--b
Content-Type: text/plain; name="post@quill.example"

Attached.
--b--
"""
NAME = "PO-9 of 2026-03-09 for 640.00.txt"
STEM = NAME.removesuffix(".txt")
BOTH = f"{NAME}, post@quill.example"
SAMPLE = Path(__file__).parents[2] / "extractor/samples/purchase_order-2.eml"


@pytest.fixture(scope="module")
def mail() -> Document:
    return convert(MAIL, Context("message/rfc822"))


def of(kind: JSON, *keys: str) -> JSON:
    """`kind` under these keys, in one another."""
    for key in reversed(keys):
        kind = {"type": "object", "properties": {key: kind}, "required": [key], "additionalProperties": False}
    return kind


def verdicts(document: Document, schema: JSON, answer: Any) -> tuple[bool, bool, bool, bool]:
    """Whether the answer's one value is printed: for the grammar, the comparison, evidence and evaluation."""
    demanded = demand(schema, "all", Bounds())
    assert demanded is not None
    printed = demanded.of(document.text, document.spans_of_file_names)
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    (scalar,) = scalars(text)
    search = EvidenceSearch(document.text, (), schema, document.spans_of_file_names)
    known = PrintedText(document.text, document.spans_of_file_names, schema)
    assert isinstance(scalar.value, str | int)
    return (
        accepts(printed.grammar or "", text),
        not not_printed(answer, printed.marked, printed.document),
        bool(search.of([scalar])[0]),
        known.prints(scalar.value, pointer(*scalar.path)),
    )


def nested(value: Any, *keys: str) -> Any:
    for key in reversed(keys):
        value = {key: value}
    return value


@pytest.mark.parametrize("value", [NAME, STEM, "640.00.txt", "PO-9 of", "Attachments: PO-9", BOTH])
@pytest.mark.parametrize("key", ["number", "name", "file_number"])
def test_no_value_of_another_field(mail: Document, key: str, value: str) -> None:
    assert verdicts(mail, of(TEXT, key), {key: value}) == (False, False, False, False)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ({"type": "number"}, 640),
        ({"type": "string", "format": "date"}, "2026-03-09"),
        ({"type": "string", "format": "email"}, "post@quill.example"),
        ({"type": "string", "pattern": "^post@"}, "post@quill.example"),
        ({"type": "string", "pattern": "^[0-9]{4}$"}, "2026"),
    ],
)
def test_nor_what_is_within_it(mail: Document, kind: JSON, value: str | float) -> None:
    schema = of({"anyOf": [kind, {"type": "null"}]}, "a")
    assert verdicts(mail, schema, {"a": value}) == (False, False, False, False)


@pytest.mark.parametrize("value", ["PO-9", "Order PO-9", "Ann Lee", "Attached", "12 chairs", "Attachments"])
def test_what_the_mail_says_is_a_value(mail: Document, value: str) -> None:
    assert verdicts(mail, of(TEXT, "number"), {"number": value}) == (True, True, True, True)


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        (TEXT, ["file_name"]),
        (TEXT, ["Anhang"]),
        (TEXT, ["attachments", "name"]),
        ({**TEXT, "title": "Pièce jointe"}, ["a"]),
        ({**TEXT, "description": "the name of the file that came along"}, ["a"]),
        ({"anyOf": [TEXT, {"type": "null"}], "description": "the name of the file that came along"}, ["a"]),
        ({**TEXT, "pattern": "^PO-9 of .*[.]txt$"}, ["file"]),
        ({**TEXT, "maxLength": 40}, ["file"]),
    ],
)
def test_a_value_of_fields_that_ask_for_files(mail: Document, kind: JSON, keys: list[str]) -> None:
    assert verdicts(mail, of(kind, *keys), nested(NAME, *keys)) == (True, True, True, True)
    if "pattern" not in kind:
        for value in (STEM, "Ann Lee"):
            assert verdicts(mail, of(kind, *keys), nested(value, *keys)) == (True, True, True, True)
    assert verdicts(mail, of(kind, *keys), nested("PO-9 of 2026.txt", *keys))[:2] == (False, False)


def test_lists_of_files_and_what_they_refer_to(mail: Document) -> None:
    one = {"type": "object", "properties": {"name": TEXT}, "required": ["name"], "additionalProperties": False}
    for key, title, fits in (("files", "One", True), ("rows", "Attachment", True), ("rows", "One", False)):
        schema = of({"type": "array", "items": {"$ref": "#/$defs/one"}}, key) | {
            "$defs": {"one": {**one, "title": title}}
        }
        assert verdicts(mail, schema, {key: [{"name": NAME}]}) == (fits,) * 4, (key, title)
    texts = of({"type": "array", "items": TEXT, "description": "all attached files"}, "a")
    assert verdicts(mail, texts, {"a": [NAME]}) == (True,) * 4
    described = of({**one, "description": "as in the attached file"}, "order")
    assert verdicts(mail, described, {"order": {"name": NAME}}) == (False,) * 4, "a description is of its own field"
    assert verdicts(mail, of({**one, "title": "File"}, "a") | {"title": "File"}, {"a": {"name": NAME}}) == (True,) * 4
    assert verdicts(mail, {**one, "title": "MailFile"}, {"name": NAME}) == (False,) * 4, "the whole's names no field"


def test_free_keys_and_values_of_no_type_within_files(mail: Document) -> None:
    free = {"type": "object", "additionalProperties": {"type": "integer"}}
    for key, fits in (("attachments", True), ("rows", False)):
        demanded = demand(of(free, key), "all", Bounds())
        assert demanded is not None
        printed = demanded.of(mail.text, mail.spans_of_file_names)
        answer = {key: {NAME: 12}}
        assert accepts(printed.grammar or "", json.dumps(answer, separators=(",", ":"))) is fits
        assert (not not_printed(answer, printed.marked, printed.document)) is fits
        assert verdicts(mail, of({}, key), {key: [{"Attached": NAME}]})[:2] == (fits, fits)


def test_the_sample() -> None:
    """Its number is printed, and nothing but the attachment is called `PO-3051.pdf`."""
    document = convert(SAMPLE.read_bytes(), Context("message/rfc822"))
    schema = of(TEXT, "number")
    assert verdicts(document, schema, {"number": "PO-3051.pdf"}) == (False,) * 4
    assert verdicts(document, schema, {"number": "PO-3051"}) == (True,) * 4
