"""The door for documents: what is certainly no text is refused there, everything else goes on to the worker."""

from __future__ import annotations

import encodings
import random

import pytest

from api import media
from api.problems import Problem
from extractor.documents import ACCEPTED as READABLE

TEXT = "text/plain"


def code_of(document: bytes, media_type: str = TEXT, limit: int = 1000) -> str:
    with pytest.raises(Problem) as caught:
        media.check(document, media_type, limit=limit, at="/file", charset_at="/type")
    assert caught.value.errors[0][0] in ("/file", "/type")
    return caught.value.code


@pytest.mark.parametrize(
    ("document", "media_type"),
    [
        (b"Total 12", TEXT),
        ("Größe 3 €".encode(), TEXT),
        ("Größe 3".encode("latin-1"), TEXT),  # in no encoding it claims: the worker decides
        ("Größe".encode("utf-16"), TEXT),  # NUL bytes, but with its mark
        ("Größe".encode("utf-16-le"), "text/plain; charset=utf-16-le"),
        ("Total 12".encode("utf-16-be"), TEXT),  # neither mark nor charset: the worker finds out
        ("Total 12".encode("utf-32-le"), TEXT),
        ("合計".encode("shift_jis"), 'TEXT/Plain; Charset="Shift_JIS"'),
        (b"# Title", "text/markdown"),
        (b"a,b\n1,2\n", "text/csv; header=present"),
    ],
)
def test_text_passes(document: bytes, media_type: str) -> None:
    media.check(document, media_type, limit=1000, at="/file", charset_at="/type")


def test_binary_garbage_is_refused() -> None:
    assert code_of(random.Random(0).randbytes(900)) == "binary_document"
    assert code_of(bytes(range(1, 9)) * 20) == "binary_document"
    assert code_of(b"a\0b", "text/plain; charset=utf-8") == "binary_document"


@pytest.mark.parametrize("document", [b"%PDF-1.7\n", b"\x89PNG\r\n", b"PK\x03\x04aaa", b"\x1f\x8b\x08"])
def test_a_known_format_is_named(document: bytes) -> None:
    assert code_of(document) == "unsupported_media_type"


@pytest.mark.parametrize("document", [b"", b" \n\t\r\n", b"\xef\xbb\xbf", b"\xff\xfe \x00"])
def test_nothing_to_read_is_empty(document: bytes) -> None:
    assert code_of(document) == "empty_document"


def test_the_limit_is_named() -> None:
    with pytest.raises(Problem) as caught:
        media.check(b"x" * 11, TEXT, limit=10, at="/file", charset_at="/type")
    assert (caught.value.code, caught.value.status) == ("document_too_large", 413)
    assert caught.value.extra["limit"] == {"name": "max_document_bytes", "value": 10}
    media.check(b"x" * 10, TEXT, limit=10, at="/file", charset_at="/type")


NO_CHARSETS = "no-such zlib punycode unicode_escape idna hex rot13 utf-7 charmap aliases mbcs x a\0b a/b ütf-8".split()


@pytest.mark.parametrize("charset", [*NO_CHARSETS, "utf 8", "utf!8", "u" * 99])
def test_a_charset_that_is_none_is_refused(charset: str) -> None:
    assert code_of(b"abc", f"text/plain; charset={charset}") == "unsupported_media_type"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("text/plain", "text/plain"),
        ("Text/PLAIN; Charset=Latin-1", "text/plain; charset=latin-1"),
        ('text/csv; header=present; charset="UTF-8"; x=y', "text/csv; charset=utf-8"),
        ("text/plain; charset='windows-1252'", "text/plain; charset=windows-1252"),
        ("text/plain; charset=koi8-u", "text/plain; charset=koi8-u"),
        ("text/plain; charset=", "text/plain"),
        ("text/plain; charset*=utf-8''klingon", "text/plain"),
        ("text/plain; charset=utf-8; charset=klingon", "text/plain; charset=utf-8"),
        ("text/plain;;;", "text/plain"),
    ],
)
def test_of_a_media_type_its_name_and_a_known_charset_are_kept(given: str, kept: str) -> None:
    assert media.check(b"abc", given, limit=10, at="/file", charset_at="/type") == kept


def test_names_that_are_made_up_are_not_remembered() -> None:
    before = len(encodings._cache)  # type: ignore[attr-defined]
    for number in range(100):
        assert code_of(b"abc", f"text/plain; charset=klingon-{number}") == "unsupported_media_type"
    assert len(encodings._cache) == before  # type: ignore[attr-defined]


def test_bytes_that_are_not_in_the_charset_claimed() -> None:
    assert code_of("Größe".encode("latin-1"), "text/plain; charset=utf-8") == "undecodable_document"


@pytest.mark.parametrize("media_type", ["application/pdf", "image/png", "video/mp4", "nonsense", "text/plainx"])
def test_other_media_types_are_refused_with_the_list(media_type: str) -> None:
    with pytest.raises(Problem) as caught:
        media.check(b"abc", media_type, limit=10, at="/file", charset_at="/type")
    assert caught.value.status == 415
    assert caught.value.extra["accepted"] == list(media.ACCEPTED)


def test_the_door_takes_what_the_worker_reads() -> None:
    assert set(media.ACCEPTED) <= set(READABLE)


@pytest.mark.parametrize(
    ("given", "filename", "expected"),
    [
        (None, "a.md", "text/markdown"),
        ("application/octet-stream", "A.MD", "text/markdown"),
        ("application/octet-stream", None, "text/plain"),
        (None, "a.pdf", "text/plain"),  # the bytes decide
        ("application/pdf", "a.txt", "application/pdf"),
        ("text/plain; charset=latin-1", "a.md", "text/plain; charset=latin-1"),
    ],
)
def test_a_missing_media_type_is_guessed_from_the_name(given: str | None, filename: str | None, expected: str) -> None:
    assert media.media_type_of(given, filename) == expected
