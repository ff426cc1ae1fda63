"""Files that mean harm, or were harmed: each is read or is a clear problem, in time, and the next document does not
notice. A few of each kind here; all of them by `pytest -m chaos tests/documents/test_harmful.py`."""

from __future__ import annotations

import time
from collections.abc import Iterable

import pytest

from extractor.documents import read
from extractor.documents.readers import Readers
from extractor.errors import DocumentError
from tests.documents import harmful

PROBLEMS = {
    "unsupported_media_type",
    "binary_document",
    "undecodable_document",
    "unreadable_document",
    "empty_document",
    "document_too_complex",
    "document_too_large",
    "password_required",
}
SOON_S = 100.0  # of a machine that does ten things at once; `make attack` and the figures know better
QUICK = 12  # one of so many


def check(readers: Readers, cases: Iterable[harmful.HarmfulFile]) -> None:
    good = harmful.whole()["a.pdf"]
    gold = read(good, readers=readers).text
    for number, case in enumerate(cases):
        begun = time.monotonic()
        try:
            read(case.data, filename=case.filename, max_bytes=1 << 28, ocr="none", readers=readers)
        except DocumentError as error:
            assert error.code in PROBLEMS, case.name  # noqa: PT017
            assert "broke down" not in error.detail, case.name  # noqa: PT017
        assert time.monotonic() - begun < SOON_S, case.name
        if number % 20 == 0:
            assert read(good, readers=readers).text == gold, f"after {case.name}"
    assert read(good, readers=readers).text == gold


@pytest.mark.process
def test_some_harmed_files(readers: Readers) -> None:
    check(readers, list(harmful.harmed(harmful.whole()))[::QUICK])


@pytest.mark.process
def test_some_bombs(readers: Readers) -> None:
    check(readers, harmful.bombs(harmful.SMALL))


@pytest.mark.chaos
@pytest.mark.parametrize("seed", [1, 2])
def test_all_harmed_files(readers: Readers, seed: int) -> None:
    check(readers, harmful.harmed(harmful.whole(), seed))


@pytest.mark.chaos
def test_all_bombs(readers: Readers) -> None:
    check(readers, harmful.bombs())
