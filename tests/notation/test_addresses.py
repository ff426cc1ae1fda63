"""E-mail and web addresses of a text: whole ones."""

from __future__ import annotations

import time

import pytest

from extractor.notation import addresses


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("<a.b+c@x-y.co.uk>", ["a.b+c@x-y.co.uk"]),
        ("o'neil@x.org", ["o'neil@x.org"]),
        ("courriel=j.t@x.org", ["courriel=j.t@x.org", "j.t@x.org"]),
        ("lee@\nz.de", ["lee@z.de"]),
        ("邮箱chen@x.example请", ["chen@x.example"]),
        ("3 kg@4.50 and ann@x", []),
    ],
)
def test_emails(text: str, whole: list[str]) -> None:
    assert list(dict.fromkeys(addresses.emails(text))) == whole


def test_web_addresses_end_before_the_end_of_their_sentence() -> None:
    text = "网址:https://x.org/a?b=1。 See (http://y.de)."
    assert {"https://x.org/a?b=1", "http://y.de"} <= set(addresses.uris(text))
    assert addresses.hosts(text) == ["x.org", "y.de"]


@pytest.mark.parametrize("piece", ["a.", "a@", "a-", "www.", "https://", "a@b."])
def test_no_text_takes_longer_than_its_length(piece: str) -> None:
    took_s = []
    for size in (4_000, 40_000):
        text = (piece * size)[:size]
        began = time.thread_time()
        found = (*addresses.emails(text), *addresses.uris(text), *addresses.hosts(text))
        assert all(found)
        took_s.append(time.thread_time() - began)
    assert took_s[1] < 40 * took_s[0] + 0.5
