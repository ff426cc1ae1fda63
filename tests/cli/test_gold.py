"""What was reviewed as gold: whose file is whose, and what is right when people have corrected it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from extractor.cli import gold
from extractor.cli.declare import Exit
from extractor.cli.documents import sources
from extractor.cli.evaluate import named_schema
from extractor.cli.flags import known_schema_of
from extractor.cli.gold import SentFiles, corrected, line_of
from extractor.client import Job
from extractor.evaluation.gold import read_gold
from schemas.jsontext import read

LONG = f"{'x' * 80}.txt"
DATA: dict[str, Any] = {"total": 1.5, "items": [{"a": 1}, {"a": 2}], "a/b": None}


def job(name: str, bytes_: int, custom_id: str | None = None, id: str = "1" * 32, **more: Any) -> Job:
    document = {"filename": name, "bytes": bytes_}
    more = {"result": {"data": DATA}, "schema": "invoice@1", **more}
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return Job(id=id, status="succeeded", created_at=now, custom_id=custom_id, document=document, **more)


@pytest.fixture
def sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One name in two folders, of two sizes, and a name that is longer than a custom_id."""
    monkeypatch.chdir(tmp_path)
    for name, text in (
        ("in/1.txt", "one"),
        ("in/old/1.txt", "older"),
        (f"in/{'x' * 80}.txt", "long"),
        ("in/2.txt", "2"),
    ):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "file"),
    [
        (job("2.txt", 1), "in/2.txt"),
        (job("2.txt", 1, custom_id="bill-2"), "in/2.txt"),
        (job("1.txt", 5), "in/old/1.txt"),
        (job("1.txt", 3, custom_id="in/1.txt"), "in/1.txt"),
        (job("2.txt", 7), None),
        (job("3.txt", 1), None),
        (job(LONG, 4, custom_id=f"…{f'in/{LONG}'[-63:]}"), f"in/{LONG}"),
    ],
)
@pytest.mark.usefixtures("sent")
def test_a_file_is_known_by_its_name_and_its_size(asked: Job, file: str | None) -> None:
    assert SentFiles(sources(["in"]), Path()).of(asked) == file


def test_a_name_and_size_that_two_files_have_is_nobodys(sent: Path) -> None:
    (sent / "in/old/2.txt").write_text("3")
    assert SentFiles(sources(["in"]), Path()).of(job("2.txt", 1)) is None


@pytest.mark.parametrize(
    ("corrections", "right"),
    [
        ({}, DATA),
        ({"/total": 2, "/items/1/a": 3, "/a~1b": "x"}, {"total": 2, "items": [{"a": 1}, {"a": 3}], "a/b": "x"}),
        ({"/items/0/a": 9, "/items": [{"a": 0}]}, {**DATA, "items": [{"a": 9}]}),
        ({"/items/1/a": 9, "/items": []}, {**DATA, "items": []}),
        ({"": {"total": 3}}, {"total": 3}),
    ],
)
def test_a_correction_takes_the_place_of_what_it_points_to(corrections: dict[str, Any], right: Any) -> None:
    assert corrected(read(b'{"total": 1.5, "items": [{"a": 1}, {"a": 2}], "a/b": null}'), corrections) == right


def test_a_line_has_the_file_or_the_text_that_was_kept() -> None:
    reviewed = {"corrections": {"/total": 2}, "confirmed": []}
    assert line_of(job("1.txt", 3, reviewed=reviewed), "in/1.txt") == {
        "custom_id": "1.txt", "document": "in/1.txt", "expected": {**DATA, "total": 2}, "schema": "invoice",
    }  # fmt: skip
    assert line_of(job("1.txt", 3), None) is None
    kept = job("1.txt", 3, result={"data": {}, "document": {"text": "Total 2"}}, schema="inline@00")
    assert line_of(kept, None) == {"custom_id": "1.txt", "document": {"text": "Total 2"}, "expected": {}}
    failed = job("1.txt", 3, result=None, error={"code": "invalid_output", "data": {"total": 1}})
    assert (line_of(failed, "1.txt") or {})["expected"] == {"total": 1}


class Service:
    """Has reviewed extractions, the newest first."""

    def __init__(self, *jobs: Job) -> None:
        self.jobs = jobs
        self.asked: dict[str, str] = {}

    def __call__(self, *_: object) -> Service:
        return self

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None: ...

    def list(self, **which: str) -> list[Job]:
        self.asked = which
        return [*self.jobs]

    def get(self, id: str) -> Job:
        return next(one for one in self.jobs if one.id == id)


def test_what_it_writes_is_gold(
    sent: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (sent / "in/2.txt").write_text("Total 2.50")
    schema = {"schema": "purchase_order@1"}
    newest = job("2.txt", 10, id="a" * 32, result={"data": {"total": 2.5}}, **schema)
    older = job("2.txt", 10, id="b" * 32, result={"data": {"total": 9}}, **schema)
    service = Service(newest, older)
    monkeypatch.setattr(gold, "connect", service)
    gold.gold(["in"], "purchase_order", sent / "gold.jsonl")
    assert service.asked == {"review": "done", "schema": "purchase_order"}
    (case,) = read_gold(sent / "gold.jsonl", None, partial(named_schema, partial(known_schema_of, sources=())))
    assert (case.document, case.expected) == (sent / "in/2.txt", {"total": 2.5})
    assert "1 reviewed document\n" in capsys.readouterr().err


@pytest.mark.usefixtures("sent")
def test_what_is_left_out_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(gold, "connect", Service(job("gone.txt", 3), job("2.txt", 1, id="2" * 32)))
    with pytest.raises(Exit) as ended:
        gold.gold(["in"])
    assert ended.value.exit_code == 1
    said = capsys.readouterr()
    assert said.out.count("\n") == 1
    assert "1 left out, whose file is not among INPUT" in said.err
