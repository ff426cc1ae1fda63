"""Every code that `result.review` and `error.code` may have, driven over HTTP: from the POST over the ledger and a
worker to the lists, the review and the client."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from extractor.client import ExtractionFailed
from tests.codes.cases import ERRORS, HELD, MARKS, TEXT, Case, ErrorCase, MarkCase
from tests.codes.conftest import Caller
from tests.codes.files import FILES, BadFile
from workers.ledger.ledger import NewJob

pytestmark = pytest.mark.timeout(300)
# What an API of another version, or with other settings, may have taken.
FOREIGN: tuple[tuple[str, NewJob, dict[str, Any]], ...] = (
    ("unknown_schema", NewJob("later@1", b"A-7"), {}),
    ("binary_document", NewJob("inline", b"\1\2\3\4A-7", json_schema=TEXT), {}),
    ("expired", NewJob("inline", f"Case {HELD}".encode(), json_schema=TEXT), {"open_ttl_s": 0.5}),
)
NOTHING_KEPT = {"code", "detail", "retryable", "errors"}


@pytest.mark.parametrize("case", MARKS, ids=lambda case: f"{case.code}-{case.name}")
def test_a_mark_is_told_listed_and_looked_at(caller: Caller, case: MarkCase) -> None:
    found = caller.ended(case.body())
    assert found["status"] == "succeeded", found["error"]
    result = found["result"]
    [mark] = [one for one in result["review"] if one["code"] == case.code]
    assert (mark["pointer"], mark["severity"]) == (case.pointer, case.severity)
    assert case.says in mark["detail"]
    assert found["needs_review"] is result["needs_review"] is True
    assert result["usage"]["model_calls"] > 0
    assert result["fields"]

    id = found["id"]
    job = caller.client.get(id)
    assert (job.review, job.needs_review) == (result["review"], True)
    assert caller.listed(review="open")[id]["needs_review"] is True
    assert id in [one.id for one in caller.client.list(review="open")]
    answer = caller.http.put(f"/v1/extractions/{id}/review", json={"confirmed": [case.pointer]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["needs_review"] is False
    assert answer.json()["result"]["review"] == result["review"], "the marks stay"
    assert id not in caller.listed(review="open")
    assert caller.listed(review="done")[id]["reviewed"] is True


@pytest.mark.parametrize("name", ["missed", "unsure", "disagree"])
def test_the_same_is_marked_where_nobody_wants_the_fields(caller: Caller, name: str) -> None:
    [case] = [one for one in MARKS if one.name == name]
    body = case.body()
    whole, bare = (caller.ended({**body, "options": {"fields": fields}})["result"] for fields in (True, False))
    assert bare["fields"] == {}
    assert bare["review"] == whole["review"] != []
    assert bare["needs_review"] is True


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: f"{case.code}-{case.name}")
def test_an_error_is_told_with_what_there_is_of_an_answer(caller: Caller, case: ErrorCase) -> None:
    found = caller.ended(case.body())
    error = failed(caller, found, case.code, retryable=case.retryable)
    assert tuple(one["pointer"] for one in error["errors"]) == case.errors
    assert case.says in error["detail"]
    if case.data is None:
        assert error.keys() == NOTHING_KEPT
        refused(caller, found["id"])
        return
    assert error["data"] == case.data
    assert error["last"].startswith("{")
    assert error["fields"].keys() == scalars(case.data)
    assert error["usage"]["model_calls"] == case.calls
    assert found["needs_review"] is bool(case.data), "it brought an answer that did not stand"
    assert (found["id"] in caller.listed(review="open")) is bool(case.data)
    answer = caller.http.put(f"/v1/extractions/{found['id']}/review", json={"confirmed": [""]})
    assert answer.status_code == 200, answer.text
    assert found["id"] in caller.listed(review="done")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.code)
def test_a_file_that_cannot_be_read_says_why(caller: Caller, file: BadFile) -> None:
    document = {"content": base64.b64encode(file.content).decode(), "password": file.password}
    error = failed(caller, caller.ended({"json_schema": TEXT, "document": document}), file.code)
    assert error.keys() == NOTHING_KEPT


@pytest.mark.parametrize(("code", "job", "settings"), FOREIGN, ids=[code for code, _, _ in FOREIGN])
def test_what_an_api_of_another_version_took_ends_too(caller: Caller, code: str, job: NewJob, settings: Any) -> None:
    found = caller.waited(caller.entered(job, **settings))
    failed(caller, found, code, retryable=code == "expired")
    refused(caller, found["id"])


def scalars(data: dict[str, Any]) -> set[str]:
    """Their pointers; a list has one item."""
    return {f"/{key}/0" if isinstance(value, list) else f"/{key}" for key, value in data.items()}


def failed(caller: Caller, found: dict[str, Any], code: str, *, retryable: bool = False) -> dict[str, Any]:
    """The error, which is the same wherever one looks."""
    assert (found["status"], found["result"]) == ("failed", None)
    error: dict[str, Any] = found["error"]
    assert (error["code"], error["retryable"]) == (code, retryable)
    assert error["detail"]
    assert "A-7" not in error["detail"], "no text of the document"
    assert caller.listed(status="failed")[found["id"]]["error_code"] == code
    job = caller.client.get(found["id"])
    assert job.error == error
    assert job.review == error.get("review", [])
    raised = ExtractionFailed(job)
    assert (raised.code, raised.detail, len(raised.errors)) == (code, error["detail"], len(error["errors"]))
    return error


def refused(caller: Caller, job_id: str) -> None:
    """There is nothing to review."""
    assert job_id not in caller.listed(review="open")
    answer = caller.http.put(f"/v1/extractions/{job_id}/review", json={"confirmed": [""]})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_answer")


def test_no_case_is_named_twice() -> None:
    cases: list[Case] = [*MARKS, *ERRORS]
    assert len({case.name for case in cases}) == len(cases)
