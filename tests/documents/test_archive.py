"""Archives: within bounds, and named when they are none of ours."""

from __future__ import annotations

import pytest

from extractor.documents.archive import Archive, resolve
from extractor.sandbox import Rejected
from tests.documents.making import docx, p, read, zipped


def test_members_are_read_within_bounds():
    archive = Archive(zipped({"a/B.xml": "x" * 900, "c": "y" * 900}), 1_000)
    assert archive.read("A\\b.XML") == b"x" * 900
    assert archive.get("none") is None
    with pytest.raises(Rejected) as caught:
        archive.read("c")
    assert caught.value.code == "document_too_complex"
    with pytest.raises(Rejected, match="missing"):
        archive.read("none")


def test_expansion_is_bounded_for_the_whole_document():
    with pytest.raises(Rejected) as caught:
        read(docx(p("x" * 100_000)), expanded_bytes=50_000)
    assert caught.value.code == "document_too_complex"


@pytest.mark.parametrize(
    ("base", "target", "expected"),
    [
        ("word/document.xml", "media/a.png", "word/media/a.png"),
        ("ppt/slides/s.xml", "../media/a.png", "ppt/media/a.png"),
        ("word/document.xml", "/xl/a.xml", "xl/a.xml"),
        ("a", "../../../etc/passwd", "etc/passwd"),
        ("a", "b\\c", "b/c"),
    ],
)
def test_links_between_members(base, target, expected):
    assert resolve(base, target) == expected


def test_other_archives_are_named():
    with pytest.raises(Rejected) as caught:
        read(zipped({"letters/a.pdf": "x", "b.txt": "y"}))
    assert caught.value.code == "unsupported_media_type"
    assert caught.value.detail == (
        "the document is a ZIP archive of 2 files ('a.pdf', 'b.txt'), which is not read here; "
        "send the files in it one by one, or as a batch"
    )
    with pytest.raises(Rejected, match=r"of 9 files \('0', '1', '2', '3', '4', …\)"):
        read(zipped({str(at): "" for at in range(9)}))
    with pytest.raises(Rejected, match="unknown files"):
        read(b"PK\3\4" + bytes(50))
