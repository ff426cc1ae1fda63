"""`extractor eval` in this process, with an engine that answers from a script: figures, JSON, a page, and what it says
of what it cannot use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from extractor.lab.bench import beside
from tests.cli.test_commands import Run, run
from tests.support.scripted import ScriptedEngine, tokenizer

__all__ = ["run"]

DOCUMENTS = {"a.txt": "Name: Mina Okafor\nEmail: mina@larkspur.io", "b.txt": "Name: Jo Roe\nPhone: 12"}
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "email": {"type": ["string", "null"]}},
    "required": ["name", "email"],
    "additionalProperties": False,
}
ANSWERS = ('{"name":"Mina Okafor","email":"mina@larkspur.io"}', '{"name":"Jo Doe","email":null}')


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    gold = tmp_path / "gold"
    gold.mkdir()
    for name, text in DOCUMENTS.items():
        (gold / name).write_text(text)
    (gold / "a.json").write_text('{"name": "MINA OKAFOR", "email": "mina@larkspur.io"}')
    (gold / "b.json").write_text('{"name": "Jo Roe", "email": null}')
    (tmp_path / "mine.json").write_text(json.dumps(SCHEMA))
    return gold


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts an engine that gives these answers in the place of the model's."""

    def put(*answers: str, finish: str = "stop") -> None:
        encoder = tokenizer()
        engine = ScriptedEngine(encoder, *answers, finish=finish)
        about = {"model": "scripted", "context": 2048, "examples": 0}
        monkeypatch.setattr("extractor.extract.start_engine", lambda _: (engine, encoder, about))

    return put


def arguments(folder: Path, *more: str) -> tuple[str, ...]:
    return ("eval", str(folder), "-s", str(folder.parent / "mine.json"), "--rows", "1", *more)


def test_a_table_for_a_person(run: Run, folder: Path, answering: Any) -> None:
    answering(*ANSWERS)
    done = run(*arguments(folder))
    assert done.status == 0
    shown = {line[:30].strip(): line[30:].strip() for line in done.out.splitlines()}
    assert shown["documents"] == "2: 1 right in every field"
    assert shown["fields right"] == "75.0% of 4"
    assert done.out.splitlines()[1].split() == ["/name", "0", "1", "1", "0", "0", "0", "0.500"]
    assert "1 field in which all is right" in done.out
    assert "not printed in the document" in done.out
    assert "\n\nb.txt /name: Jo Doe (right: Jo Roe)\n\n" in done.out


def test_json_for_a_machine_and_what_changed_since(run: Run, folder: Path, answering: Any, tmp_path: Path) -> None:
    answering(*ANSWERS)
    first = run(*arguments(folder, "--json"))
    assert first.json["totals"]["value_f1"]["micro"]["f1"] == pytest.approx(2 / 3)
    assert first.json["totals"]["invented"]["not_printed"] == 1, "Jo Doe"
    assert (first.json["model"], first.json["gold"]) == ("scripted", "gold")
    (tmp_path / "before.json").write_text(first.out)
    answering(ANSWERS[0], '{"name":"Jo Roe","email":null}')
    second = run(*arguments(folder, "--json", "--compare", str(tmp_path / "before.json")))
    changed = second.json["compared"]
    assert [(one["document"], one["pointer"], one["after"]) for one in changed["better"]] == [
        ("b.txt", "/name", "Jo Roe")
    ]
    assert changed["worse"] == []
    assert beside.main([f"ours={tmp_path / 'before.json'}"]) == 0


def test_a_page(run: Run, folder: Path, answering: Any, tmp_path: Path) -> None:
    answering(*ANSWERS)
    assert run(*arguments(folder, "--html", str(tmp_path / "report.html"))).status == 0
    text = (tmp_path / "report.html").read_text()
    assert 'title="/email"' in text
    assert "mina@larkspur.io</mark>" in text
    assert run(*arguments(folder, "--html", str(tmp_path / "no" / "report.html"))).status == 2


def test_answers_that_fail_are_counted(run: Run, folder: Path, answering: Any) -> None:
    answering('{"name":"Mina', finish="length")
    done = run(*arguments(folder, "--json"))
    assert done.status == 1, "nothing was answered at all"
    assert done.json["totals"]["documents"]["failed"] == {"truncated_output": 2}
    assert done.json["totals"]["documents"]["ran_on"] == 2
    assert done.json["totals"]["leaves"]["missing"] == 3


@pytest.mark.parametrize(("more", "told"), [((), True), (("--model", "bundled"), False)])
def test_a_service_that_is_not_asked_is_told(
    run: Run, folder: Path, answering: Any, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...], told: bool
) -> None:
    monkeypatch.setenv("EXTRACTOR_URL", "http://127.0.0.1:1")
    answering(*ANSWERS)
    done = run(*arguments(folder, *more))
    assert (done.status, "not the service of EXTRACTOR_URL" in done.err) == (0, told)


def test_some_of_many(run: Run, folder: Path, answering: Any) -> None:
    answering(ANSWERS[1])
    names = {
        run(*arguments(folder, "--json", "--limit", "1", *more)).json["documents"][0]["name"]
        for more in ((), ("--seed", "0"), ("--seed", "1"), ("--seed", "2"), ("--seed", "3"))
    }
    assert names == {"a.txt", "b.txt"}


BAD = [
    (["nothing.jsonl", "-s", "invoice"], "There is no file nothing.jsonl"),
    ([".", "-s", "bill"], "there is no schema 'bill'"),
    ([".", "-s", "invoice", "--url", "http://localhost:1", "--model", "x"], "--model and --rows are of a model here"),
    ([".", "-s", "invoice", "--compare", "none.json"], "Cannot read none.json"),
    ([".", "-s", "invoice", "--compare", "null.json"], "null.json: this is no report of `extractor eval --json`"),
    ([".", "-s", "invoice"], "holds no document with its NAME.json"),
]


@pytest.mark.parametrize(("given", "what"), BAD)
def test_what_it_cannot_use_it_says_before_a_model_is_loaded(
    given: list[str], what: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "null.json").write_text("null")
    monkeypatch.delattr("extractor.extract.start_engine")
    done = run("eval", *given)
    assert (done.status, done.out) == (2, "")
    assert what in done.err


def test_a_right_answer_that_does_not_fit_is_told_with_its_line_and_pointer(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text('{"document": "x y", "expected": {"total": 1}}\n{"document": "x y", "expected": {"total": "a"}}\n')
    done = run("eval", str(path), "-s", "invoice")
    assert done.status == 2
    assert "gold.jsonl:2: the answer does not fit the schema invoice@1" in done.err
    assert "/total: " in done.err


def test_places_beyond_the_text_are_told_and_the_rest_is_judged(run: Run, folder: Path, answering: Any) -> None:
    (folder / "a.places.json").write_text('{"/email": [{"start": 1000000, "stop": 1000009}]}')
    answering(*ANSWERS)
    done = run(*arguments(folder, "--json"))
    assert done.status == 0
    assert done.json["totals"]["documents"]["count"] == 2
    assert f"a.txt: places beyond the {len(DOCUMENTS['a.txt'])} characters that were read: /email" in done.err


def test_where_no_document_can_be_sent_no_service_is_asked(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    (tmp_path / "mine.json").write_text(json.dumps(SCHEMA))
    path.write_text(r'{"document": "a \ud800 b", "expected": {"email": null}}' + "\n")
    done = run("eval", str(path), "-s", str(tmp_path / "mine.json"), "--url", "http://127.0.0.1:9", "--json")
    assert done.status == 1
    assert done.json["totals"]["documents"]["failed"] == {"undecodable_document": 1}
