"""Files that are made to harm: each is read or refused, in time, and harms nobody. As a program
(`python -m tests.documents.test_hostile_office`) it prints a line for each."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable

import pytest

from extractor.documents.context import Context
from extractor.documents.readers import Readers
from extractor.documents.sniff import sniff
from extractor.errors import DocumentError
from extractor.sandbox import Rejected
from tests.documents import hostile
from tests.documents.making import read

CODES = {
    "unreadable_document",
    "unsupported_media_type",
    "undecodable_document",
    "document_too_complex",
    "password_required",
}


@pytest.mark.process
@pytest.mark.parametrize("kind", sorted(hostile.samples()))
def test_damaged_files_are_read_or_refused(kind):
    """Here, in this process: a reader that fails in any other way than by saying so fails the test."""
    known = 0
    for name, data in hostile.damage({kind: hostile.samples()[kind]}):
        known += 1
        try:
            read(data)
        except Rejected as no:
            if no.code not in CODES or not no.detail:
                pytest.fail(f"{name}: {no.code} {no.detail}")
    assert known == 12


def test_wrong_names_deceive_nobody():
    for name, data in hostile.wrong_names():
        try:
            read(data, name.rpartition(" ")[2])
        except Rejected as no:
            assert no.code in CODES, name  # noqa: PT017 - most are read


@pytest.mark.chaos
def test_hostile_files_are_a_clear_problem_in_time():
    for name, cpu_bound_s, said in _answers(hostile.every()):
        assert cpu_bound_s < 30, name  # eight of a processor; a busy machine gives less than one
        assert said == "read" or said in CODES, f"{name}: {said}"


def _answers(files: Iterable[tuple[str, bytes]]) -> Iterable[tuple[str, float, str]]:
    """Each file's name, how long it took, and `read` or the code of the problem."""
    readers = Readers(texts=1, engine=None)
    try:
        for name, data in files:
            began = time.perf_counter()
            try:
                readers.read(data, Context(sniff(data)))
                said = "read"
            except DocumentError as error:
                said = "broken" if "broke down" in error.detail else error.code
            yield name, time.perf_counter() - began, said
    finally:
        readers.close()


if __name__ == "__main__":
    answers = sorted(_answers(hostile.every()), key=lambda answer: answer[1])
    for name, took_s, said in answers:
        print(f"{took_s:7.2f} s  {said:24} {name}")
    sys.exit(not all(said == "read" or said in CODES for *_, said in answers))
