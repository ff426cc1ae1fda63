"""Files that are made to harm: each is read or refused, in time, and harms nobody. As a program
(`python -m tests.documents.test_hostile_office`) it prints a line for each."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import asdict

import pytest

from extractor.documents.limits import ReadLimits
from extractor.sandbox import Limits, Refused, Sandbox, SandboxError
from tests.documents import hostile
from tests.documents.making import read

CODES = {
    "unreadable_document",
    "unsupported_media_type",
    "undecodable_document",
    "document_too_complex",
    "password_required",
}
CONTEXT = {"media_type": "", "limits": asdict(ReadLimits())}


@pytest.mark.parametrize("kind", sorted(hostile.samples()))
def test_damaged_files_are_read_or_refused(kind):
    """Here, in this process: a reader that fails in any other way than by saying so fails the test."""
    known = 0
    for name, data in hostile.damage({kind: hostile.samples()[kind]}):
        known += 1
        try:
            read(data)
        except Refused as no:
            if no.code not in CODES or not no.detail:
                pytest.fail(f"{name}: {no.code} {no.detail}")
    assert known == 12


def test_wrong_names_deceive_nobody():
    for name, data in hostile.wrong_names():
        try:
            read(data, name.rpartition(" ")[2])
        except Refused as no:
            assert no.code in CODES, name  # noqa: PT017 - most are read


@pytest.mark.chaos
def test_hostile_files_are_a_clear_problem_in_time():
    for name, took_s, said in _answers(hostile.every()):
        assert took_s < 25, name
        assert said in {"read", "cpu", "time", "memory"} | CODES, f"{name}: {said}"


def _answers(files: Iterable[tuple[str, bytes]]) -> Iterable[tuple[str, float, str]]:
    box = Sandbox("extractor.documents.child", Limits(cpu_s=10, wall_s=20, memory_bytes=1 << 30), setup=True)
    try:
        for name, data in files:
            began = time.perf_counter()
            try:
                box.call("read", {"context": CONTEXT}, blobs=[data])
                said = "read"
            except Refused as no:
                said = no.code
            except SandboxError as error:
                said = error.kind
            yield name, time.perf_counter() - began, said
    finally:
        box.close()


if __name__ == "__main__":
    answers = list(_answers(hostile.every()))
    for name, took_s, said in sorted(answers, key=lambda answer: answer[1]):
        print(f"{took_s:7.2f} s  {said:24} {name}")
    sys.exit(not all(said in {"read", "cpu", "time", "memory"} | CODES for *_, said in answers))
