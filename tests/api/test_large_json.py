"""Large bodies of JSON: what is made of them is what the parser would make of the whole, and memory holds them about
once."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pydantic_core
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.config import ApiSettings
from api.problems import Problem
from api.submission import large_json
from api.submission.json_body import parse_object, parse_request
from api.submission.large_json import LARGE_BYTES, detach_documents
from tests.support.served import Api
from tests.support.valkey import Valkey

MOST = 10**9
_BORDERS = re.compile(rb"(?:[^\\]{0,2}+(?:\\u....|\\.)){0,2}+[^\\]{0,3}+", re.DOTALL)  # pieces of a few bytes
_TEXT = st.text(st.sampled_from('ab"\\/u\n\t\0é語😀\ud7ff\ue000d8') | st.characters(codec="utf-8"), max_size=40)
_VALUE = st.none() | st.integers() | _TEXT | st.lists(_TEXT, max_size=3) | st.dictionaries(_TEXT, _TEXT, max_size=3)
_DOCUMENT = st.dictionaries(st.sampled_from(["text", "content", "filename", "x"]), _VALUE, max_size=4)
_BODY = st.dictionaries(st.sampled_from(["document", "schema", "text", "metadata"]), _VALUE | _DOCUMENT, max_size=4)


@pytest.fixture
def borders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_json, "_PIECE", _BORDERS)
    monkeypatch.setattr(large_json, "_LONG_BYTES", 0)


def whole(body: bytes) -> Any:
    """What `detach_documents` makes of it, put together again."""
    value, detached = detach_documents(body)
    document = value.get("document") if isinstance(value, dict) else None
    for name in ("text", "content") if isinstance(document, dict) else ():
        if isinstance(document.get(name), str) and document[name] in detached:
            placeholder, spans = document[name], dict(detached._spans)
            found, size = detached.text(placeholder, MOST)
            assert len(found) == size
            document[name] = found.decode()
            detached._body, detached._spans = body, spans
    return value


@pytest.mark.usefixtures("borders")
class TestDetachedDocuments:
    @given(value=_BODY | _VALUE, ascii_=st.booleans(), indent=st.sampled_from([None, 1]))
    def test_it_is_what_the_parser_makes_of_the_whole(self, value: Any, ascii_: bool, indent: int | None) -> None:
        assert whole(json.dumps(value, ensure_ascii=ascii_, indent=indent).encode()) == value

    @given(value=_DOCUMENT, cut=st.integers(0, 200), put=st.binary(max_size=3))
    def test_what_is_no_json_is_none(self, value: Any, cut: int, put: bytes) -> None:
        sent = json.dumps({"schema": "x", "document": value, "options": {}}, ensure_ascii=False).encode()
        at = cut % len(sent)
        sent = sent[:at] + put + sent[at:]
        try:
            expected = pydantic_core.from_json(sent, allow_inf_nan=False)
        except ValueError:
            with pytest.raises(ValueError, match=r"."):
                whole(sent)
        else:
            assert whole(sent) == expected

    @pytest.mark.parametrize(
        "text", ["\\ud83d\\ude00" * 9, "\\\\ud83d" * 9, "\\\\\\ud83d\\ude00" * 9, "é" * 9, "a" * 9 + "😀" * 9]
    )
    def test_no_character_is_cut(self, text: str) -> None:
        for before in range(8):
            body = ('{"document":{"text":"' + "x" * before + text + '"}}').encode()
            assert whole(body) == json.loads(body)

    @given(data=st.binary(max_size=60), line=st.integers(1, 9), spoil=st.sampled_from(["", "=", "é", "A", "====", "="]))
    def test_base64_is_as_strict_in_pieces(self, data: bytes, line: int, spoil: str) -> None:
        text = base64.b64encode(data).decode()
        at = len(text) * line // 10
        text = text[:at] + spoil + text[at:]
        body = json.dumps({"document": {"content": "\r\n".join(re.findall(f".{{1,{line}}}", text, re.S))}}).encode()
        value, detached = detach_documents(body)
        try:
            expected = binascii.a2b_base64(text, strict_mode=True)
            if len(text) % 4 or "===" in text:  # which this takes
                raise binascii.Error
        except ValueError:
            with pytest.raises(ValueError, match=r"."):
                detached.base64(value["document"]["content"], MOST)
        else:
            assert detached.base64(value["document"]["content"], MOST) == (expected, len(expected))

    def test_of_two_with_one_name_the_last_counts(self) -> None:
        assert whole(b'{"document":{"text":"a"},"document":{"text":"b","text":"c"}}') == {"document": {"text": "c"}}

    def test_more_than_may_be_is_counted_and_not_kept(self) -> None:
        value, detached = detach_documents(b'{"document":{"text":"0123456789"}}')
        found, size = detached.text(value["document"]["text"], 4)
        assert len(found) <= 4
        assert size == 10


def test_thousands_of_documents_and_lines_are_no_work() -> None:
    """A fault behind them is found where it is."""
    many = b'{"document":{' + b'"text":"a",' * 9_000 + b'"text":"' + b"x" * LARGE_BYTES + b'"}' + b"\n" * 10**7 + b" ,}"
    with pytest.raises(ValueError, match=r"line 10000001 column"):
        detach_documents(many)


def body(document: Any, **more: Any) -> bytes:
    return json.dumps({"document": document, **more}, ensure_ascii=False).encode()


LONG = "x" * (LARGE_BYTES * 5)


@pytest.mark.parametrize(
    ("sent", "code", "at"),
    [
        (body({"text": "a"}, metadata={"a": LONG}), "invalid_request", "/metadata"),
        (body({"text": "a"}, json_schema={"description": LONG}), "schema_too_large", "/json_schema"),
        (body({"text": "a"}, **{LONG: 1}), "invalid_request", ""),
        (body({"text": "a", "filename": LONG}), "invalid_request", "/document"),
        (body([{"text": LONG}]), "invalid_request", "/document"),
        (body({"text": LONG}) + b"}", "invalid_json", ""),
    ],
)
def test_all_other_text_is_small(sent: bytes, code: str, at: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_request(sent)
    assert (caught.value.code, caught.value.errors[0][0]) == (code, at)


def test_a_fault_is_where_it_is_in_the_body() -> None:
    for one in (b'"},\n "schema": {,}}', b'"}, "schema": {,}}'):
        faults = []
        for parse in (parse_request, parse_object):
            with pytest.raises(Problem) as failed:
                parse(b'{"document":{"text":"' + b"x" * LARGE_BYTES + one)
            faults.append(failed.value.detail)
        assert faults[0] == faults[1]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("large")
    with Valkey(folder / "valkey") as valkey, Api(valkey, folder, max_document_bytes=DOCUMENT_BYTES) as one:
        yield one


DOCUMENT_BYTES = 8 * 1024 * 1024  # a quarter of what it is by default, and of the time
SIZE = ApiSettings(max_document_bytes=DOCUMENT_BYTES).max_body_bytes - 64 * 1024
FORM = b'--b\r\ncontent-disposition: form-data; name="schema"\r\n\r\ncontact\r\n--b\r\ncontent-disposition: form-data; '
FORM += b'name="file"; filename="a"\r\n\r\n'
OPENING = b'{"schema":"contact","document":{"%b":"'


@pytest.mark.parametrize(
    ("path", "kind", "opening", "filling", "closing"),
    [
        ("extractions", "application/json", OPENING % b"text" + "😀".encode(), b"a", b'"}}'),
        ("extractions", "application/json", OPENING % b"text", b"\\u4711", b'"}}'),
        ("extractions", "application/json", OPENING % b"content", b"QUJD", b'"}}'),
        ("extractions", "application/json", b'{"' + "😀".encode(), b"a", b'":1}'),
        ("extractions", "multipart/form-data; boundary=b", FORM, b"a ", b"\r\n--b--\r\n"),
        ("extractions?schema=contact", "text/plain", b"", b"a ", b""),
        ("schemas/check", "application/json", b'{"json_schema":[', b"[],", b"[]]}"),
        ("batches", "application/x-ndjson", OPENING % b"text" + "😀".encode(), b"a", b'"}}\n'),
    ],
    ids=["astral", "escapes", "base64", "a name", "form", "itself", "arrays", "line"],
)  # fmt: skip
def test_memory_holds_a_body_about_once(
    api: Api, path: str, kind: str, opening: bytes, filling: bytes, closing: bytes
) -> None:
    """One with a character beyond 16 bits was six times as large as it came."""
    sent = opening + filling * ((SIZE - len(opening) - len(closing)) // len(filling)) + closing
    Path(f"/proc/{api.pid}/clear_refs").write_text("5")  # the peak is counted from here
    before = api.peak_bytes()
    answer = httpx.post(
        f"{api.url}/v1/{path}", content=sent, headers={"content-type": kind}, trust_env=False, timeout=100
    )
    assert answer.status_code < 500
    assert api.peak_bytes() - before < 1.85 * len(sent) + 4 * 1024**2
