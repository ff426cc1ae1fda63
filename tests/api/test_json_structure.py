"""Bodies that would become a hundred times their size: counted before anything is made of them."""

from __future__ import annotations

import json
import resource

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.problems import Problem
from api.submission import json_structure
from api.submission.json_body import parse_object
from schemas import LIMITS
from tests.support.api_support import BODY, is_problem

pytest_plugins = ["tests.support.api_fixtures"]
MANY = json_structure.MAX_VALUES + 10
LARGE = 300_000  # of anything: a body of about a megabyte

TOO_MANY = {
    "arrays": b"[" + b"[]," * LARGE + b"[]]",
    "objects": b"[" + b"{}," * LARGE + b"{}]",
    "numbers": b"[" + b"0," * LARGE + b"0]",
    "texts": b"[" + b'"",' * LARGE + b'""]',
    "texts of commas and brackets": b"[" + b'",[{",' * LARGE + b'""]',
    "nulls in a field": b'{"json_schema": {"type": "object", "default": [' + b"null," * LARGE + b"null]}}",
    "keys": b"{" + b",".join(b'"%d":0' % at for at in range(MANY)) + b"}",
    "escapes": b"[" + rb'"\"\\",' * LARGE + b'""]',
    "spaces": b"[" + b" 1 ,\n" * LARGE + b"1]",
    "nested a little": b"[" + b"[[[0]]]," * LARGE + b"0]",
    "after a long text": b'{"document": {"text": "' + b"a,[{" * LARGE + b'"}, "metadata": [' + b"1," * MANY + b"1]}",
    "not even JSON": b"," * LARGE,
    "nor is this": b"[" * LARGE,
}
FEW = {
    "a text of commas": json.dumps({"text": "a,b[c]{d}," * LARGE}).encode(),
    "a text of escapes": json.dumps({"text": '\\"\n,[' * LARGE}).encode(),
    "no end": b'{"text": "' + b"a,[{" * LARGE,
    "an escape at the end": b'{"text": "' + b",[" * LARGE + b"\\",
    "as many as may be": b"[" + b"0," * (json_structure.MAX_VALUES - 5) + b"0]",
    "letters": b"x" * LARGE,
}


@pytest.mark.parametrize("name", TOO_MANY)
def test_too_many(name):
    body = TOO_MANY[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Problem) as caught:
        parse_object(body)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024  # KiB
    if name == "nor is this":
        assert caught.value.code == "invalid_json"
        return
    inside = name == "nulls in a field"
    assert caught.value.code == ("schema_too_large" if inside else "invalid_request")
    assert caught.value.extra["limit"]["name"] == "max_values"


@pytest.mark.parametrize("name", FEW)
def test_not_too_many(name):
    assert not json_structure.has_too_many_values(FEW[name])


def test_where_it_becomes_too_many():
    assert json_structure.field_with_too_many(TOO_MANY["after a long text"]) == "/metadata"
    assert json_structure.field_with_too_many(TOO_MANY["nulls in a field"]) == "/json_schema"
    assert json_structure.field_with_too_many(TOO_MANY["keys"]) == ""
    assert json_structure.field_with_too_many(b'{"a": {"json_schema": [' + b"1," * MANY) == ""


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(alphabet='a,[]{}":\\\n', max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet='k,"\\', max_size=3), inner, max_size=4)
    ),
    max_leaves=30,
)


def count(value):
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(count(item) for item in below)


def empties(value):
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (value in ([], {})) + sum(empties(item) for item in below)


@pytest.mark.process
@given(JSON, st.sampled_from([None, 1]))
def test_the_count_is_right_but_for_what_is_empty(value, indent):
    body, exact = json.dumps(value, indent=indent).encode(), count(value)
    assert json_structure.has_too_many_values(body, exact - 2) or exact < 2
    assert not json_structure.has_too_many_values(body, exact - 1 + empties(value))


@pytest.mark.process
@pytest.mark.anyio
async def test_a_schema_of_too_many_values(api: httpx.AsyncClient) -> None:
    schema = {"type": "object", "default": [0] * MANY}
    for path in ("/v1/schemas/check", "/v1/extractions"):
        body = {"json_schema": schema} if "check" in path else {"document": BODY["document"], "json_schema": schema}
        problem = is_problem(await api.post(path, json=body), 422, "schema_too_large", "/json_schema")
        assert problem["limit"] == {"name": "max_values", "value": LIMITS.max_values}


@pytest.mark.process
@pytest.mark.anyio
async def test_too_many_values_in_a_line_and_a_form(api: httpx.AsyncClient) -> None:
    line = json.dumps(BODY | {"custom_id": "a", "metadata": {"a": [0] * MANY}})
    batch = (await api.post("/v1/batches", content=line, headers={"Content-Type": "application/x-ndjson"})).json()
    (error,) = (await api.get(f"/v1/batches/{batch['id']}/errors")).text.splitlines()
    assert json.loads(error)["error"]["limit"]["name"] == "max_values"
    form = {"json_schema": json.dumps({"type": "object", "default": [0] * MANY})}
    response = await api.post("/v1/extractions", data=form, files={"file": ("a.txt", b"text", "text/plain")})
    is_problem(response, 422, "schema_too_large", "/json_schema")
