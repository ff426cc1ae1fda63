"""What the gate for documents refuses, as problems of the API."""

from __future__ import annotations

import pytest

from api.problems import Problem
from api.submission.document_check import check_document, check_document_size
from extractor.documents import ACCEPTED


def refused(data: bytes, media_type: str | None = None) -> Problem:
    with pytest.raises(Problem) as caught:
        check_document(data, media_type, None, max_bytes=10, at="/file", media_type_at="/type")
    return caught.value


def test_a_document_over_the_limit() -> None:
    problem = refused(b"x" * 11)
    assert (problem.code, problem.status) == ("document_too_large", 413)
    assert problem.extra == {"limit": {"name": "max_document_bytes", "value": 10}}
    assert problem.errors == (("/file", "over the limit of 10 bytes"),)
    assert problem.headers == {}
    with pytest.raises(Problem) as caught:
        check_document_size(None, 10, "")
    assert caught.value.headers == {"Connection": "close"}, "the rest of the body is not read"


def test_formats_that_are_read_are_named_where_another_came() -> None:
    problem = refused(b"Rar!\x1a\x07\x01\x00")
    assert (problem.code, problem.extra) == ("unsupported_media_type", {"accepted": list(ACCEPTED)})
    assert problem.detail.startswith("The document is a RAR archive")
    assert problem.errors == (("/file", "RAR archive: not read"),)


def test_a_charset_that_is_none_is_a_fault_of_the_media_type() -> None:
    problem = refused(b"abc", "text/plain; charset=klingon")
    assert (problem.code, problem.extra) == ("unsupported_media_type", {})
    assert problem.errors == (("/type", "'klingon' is no charset that is known here"),)
