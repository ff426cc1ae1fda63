"""The two header grammars: Prefer (RFC 7240) and Idempotency-Key."""

from __future__ import annotations

import pytest

from api.problems import Problem
from api.submission.request_headers import idempotency_key, wait_of


@pytest.mark.parametrize(
    ("prefer", "expected"),
    [
        ([], None),
        (["wait=20"], 20),
        (["respond-async, wait=10"], 10),
        (["respond-async", "Wait = 5"], 5),
        (['wait="7"; foo=bar'], 7),
        (["wait=1, wait=9"], 1),  # section 2: the first of a preference counts
        (["wait=99999999999999999999"], 999_999_999),
        (["wait=" + "9" * 5000], 999_999_999),
        (["wait=0000000000007"], 7),
        (["wait=0"], 0),
        (["wait"], None),
        (["wait=soon"], None),
        (["wait=-1"], None),
        (["waiting=3"], None),
    ],
)
def test_wait(prefer: list[str], expected: int | None) -> None:
    assert wait_of(prefer) == expected


def test_idempotency_key() -> None:
    assert idempotency_key(None) is None
    assert idempotency_key("8e03978e-40d5-43dd-bc93-6894a57f9324") == "8e03978e-40d5-43dd-bc93-6894a57f9324"
    for bad in ("", "a b", "x" * 256, "é", "a\n"):
        with pytest.raises(Problem) as caught:
            idempotency_key(bad)
        assert caught.value.errors[0][0] == "/header/Idempotency-Key"
