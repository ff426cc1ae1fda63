"""The command line in this process: what goes to which stream, the exit codes, and every command that needs neither a
service nor a model. What needs them is in test_e2e.py."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pty
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

from extractor.cli.app import app, main
from extractor.cli.documents import sources
from extractor.cli.flags import drafters_of, options_of, schema_of
from extractor.cli.local import in_order
from extractor.cli.output import describe
from extractor.cli.settings import collected, masked
from extractor.cli.up import _greeting, _write, run_until_stopped
from extractor.client import Client, Overloaded, Refused, ServiceError
from extractor.errors import DocumentError, FieldError, SchemaError
from schemas import Schema
from workers.config import WorkerSettings, misspelled


@dataclass
class InProcessRun:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., InProcessRun]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    def call(*arguments: str) -> InProcessRun:
        monkeypatch.setattr(sys, "argv", ["extractor", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsysbinary.readouterr()
        return InProcessRun(int(ended.value.code or 0), out.decode(), err.decode())

    return call


def write(path: Path, value: object) -> str:
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(path)


def test_every_command_of_the_design_is_there(run: Run) -> None:
    listed = run("--help")
    assert listed.status == 0
    for command in "up run submit status cancel list batch workers schemas settings keys bench".split():
        assert f"  {command} " in listed.out


def test_schemas_are_listed_and_shown(run: Run) -> None:
    assert "invoice@1" in run("schemas", "list").out
    refs = [json.loads(line)["ref"] for line in run("schemas", "list", "--json").out.splitlines()]
    assert refs == sorted(refs)
    assert run("schemas", "show", "invoice").json["type"] == "object"
    unknown = run("schemas", "show", "nothing")
    assert (unknown.status, unknown.out) == (2, "")
    assert "there is no schema 'nothing'" in unknown.err


def test_schemas_of_a_service_are_listed_by_its_address(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {"name": "lab", "version": "2", "ref": "lab@2", "sha256": "ab", "description": "Results of a lab."}
    asked = []

    def fetch(client: Client, path: str) -> Any:
        asked.append((str(client._http.base_url), path))
        return {"data": [listed], "problems": [{"file": "broken.py", "detail": "SyntaxError"}]}

    monkeypatch.setattr(Client, "fetch", fetch)
    found = run("schemas", "list", "--url", "http://there.example:8000")
    assert (found.out, found.err) == ("lab@2  Results of a lab.\n", "extractor: broken.py: SyntaxError\n")
    assert asked == [("http://there.example:8000", "/v1/schemas")]
    as_json = run("schemas", "list", "--json", "--url", "http://there.example:8000").json
    assert as_json == {"ref": "lab@2", "sha256": "ab", "description": "Results of a lab."}


def test_who_has_a_service_is_told_that_its_schemas_are_others(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRACTOR_URL", "http://there.example:8000")
    found = run("schemas", "list")
    assert "invoice@1" in found.out
    assert found.err.endswith("EXTRACTOR_URL are listed by --url\n")


def test_a_broken_schema_file_is_named_and_the_others_are_listed(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    write(tmp_path / "broken.py", "def (")
    monkeypatch.setenv("EXTRACTOR_SCHEMAS", str(tmp_path))
    listed = run("schemas", "list")
    assert listed.status == 0
    assert listed.err.splitlines() == ["extractor: broken.py: SyntaxError: invalid syntax (line 1)"]
    assert run("schemas", "show", "invoice").status == 0
    named = run("schemas", "show", "broken")
    assert named.status == 2
    assert "broken.py: SyntaxError" in named.err
    assert "invoice@1" in listed.out


@pytest.mark.process
@pytest.mark.parametrize(
    ("schema", "ok"),
    [
        ({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}, True),
        ({"type": "object", "properties": {"n": {"$ref": "http://elsewhere/x.json"}}}, False),
        ([1, 2], False),
    ],
)
def test_check_reports_json_schema(run: Run, tmp_path: Path, schema: object, ok: bool) -> None:
    done = run("schemas", "check", write(tmp_path / "s.json", schema), "--json")
    assert done.status == (0 if ok else 2)
    assert done.json["ok"] is ok
    assert bool(done.json["refused"]) is not ok
    assert set(done.json) >= {"ok", "enforced", "validated", "refused"}
    assert all(set(note) == {"pointer", "detail"} for note in done.json["refused"])
    assert ("not ok" in run("schemas", "check", str(tmp_path / "s.json")).out) is not ok


@pytest.mark.process
def test_a_check_builds_the_grammar_as_the_service_does(run: Run, tmp_path: Path) -> None:
    overlapping = {"type": "object", "patternProperties": {"^a": {"type": "integer"}, "a$": {"type": "string"}}}
    schema = {"type": "object", "properties": {"fine": {"type": "string"}, "bad": overlapping}}
    done = run("schemas", "check", write(tmp_path / "s.json", schema), "--json")
    assert done.status == 2
    (refused,) = done.json["refused"]
    assert refused["pointer"] == "/properties/bad"
    assert "disjoint" in refused["detail"]


@pytest.mark.process
def test_check_reports_python_and_says_why_it_cannot(run: Run, tmp_path: Path) -> None:
    good = write(tmp_path / "good.py", "from pydantic import BaseModel\nclass Good(BaseModel):\n    n: int\n")
    assert run("schemas", "check", good, "--json").json["ok"] is True
    bad = run("schemas", "check", write(tmp_path / "bad.py", "1/0"), "--json")
    assert (bad.status, bad.json["ok"]) == (2, False)
    assert "ZeroDivisionError" in bad.json["refused"][0]["detail"]
    assert run("schemas", "check", str(tmp_path / "absent.json")).status == 2
    assert "is not JSON" in run("schemas", "check", write(tmp_path / "x.json", "{")).err


@pytest.mark.process
def test_check_says_what_is_not_enforced_and_the_rest_when_asked(run: Run, tmp_path: Path) -> None:
    """A pattern that the grammar cannot keep among those it can."""
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer", "minimum": 1}, "tags": {"type": "array", "uniqueItems": True}},
        "required": ["n", "tags"],
        "readOnly": True,
    }
    file = write(tmp_path / "s.json", schema)
    brief, whole = run("schemas", "check", file), run("schemas", "check", file, "--verbose")
    report = run("schemas", "check", file, "--json").json
    assert brief.out.startswith(f"{file}: ok\n")
    assert "/properties/tags/uniqueItems: " in brief.out
    assert f"every token: {len(report['enforced'])} keywords (--verbose lists them)" in brief.out
    assert "/properties/n/minimum: " not in brief.out
    for note in [note for section in ("enforced", "validated", "ignored") for note in report[section]]:
        assert f"{note['pointer'] or '(the whole)'}: {note['detail']}" in whole.out
    assert len(brief.out.splitlines()) < len(whole.out.splitlines())


@pytest.mark.process
def test_check_and_show_take_a_name_or_a_file(run: Run, tmp_path: Path) -> None:
    text = "from pydantic import BaseModel\nclass Good(BaseModel):\n    n: int\nclass Helper(BaseModel):\n    x: int\n"
    file = write(tmp_path / "several.py", text)
    named, ours, unknown = (run("schemas", "check", name) for name in ("invoice", file, "nothing"))
    assert (named.status, ours.status, unknown.status) == (0, 0, 2)
    assert named.out.startswith("invoice@1 (class Invoice): ok\n")
    assert ours.out.startswith("several@1 (class Helper): ok\n")
    assert "its class Helper is taken, the last one, of which Good is no part" in ours.out
    assert "there is no schema 'nothing'" in unknown.out
    assert run("schemas", "show", file).json["properties"] == {"x": {"type": "integer"}}
    assert run("schemas", "show", "invoice@1").json == run("schemas", "show", "invoice").json
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    assert run("schemas", "show", write(tmp_path / "s.json", schema)).json == schema
    slip = write(tmp_path / "slip.json", {**schema, "required": ["nn"]})
    assert 'no property has this name, so any value will do (did you mean "n"?)' in run("schemas", "check", slip).out
    absent = run("schemas", "show", str(tmp_path / "absent.py"))
    assert (absent.status, absent.out) == (2, "")
    assert absent.err.strip() == f"extractor: {tmp_path / 'absent.py'}: cannot be read: No such file or directory"


@pytest.mark.process
def test_check_names_the_checks_that_a_model_makes(run: Run, tmp_path: Path) -> None:
    text = """
from pydantic import BaseModel, field_validator
from schemas.types import must, should

class Line(BaseModel):
    n: int

    @should
    def likely(self): yield "/n", "is much"

class Slip(BaseModel):
    lines: list[Line] | None = None
    month: int

    @must
    def whole(self): yield "/month", "is none"

    @field_validator("month")
    def a_month(cls, value): return value
"""
    file = write(tmp_path / "slip.py", text)
    assert run("schemas", "check", file).out.splitlines()[-3:] == [
        "    Line.likely: marks the answer for review",
        "    Slip.a_month (month): what fails it is written again",
        "    Slip.whole: what fails it is written again",
    ]
    assert [(one["name"], one["marks"]) for one in run("schemas", "check", file, "--json").json["checks"]] == [
        ("likely", True), ("a_month", False), ("whole", False),
    ]  # fmt: skip


@pytest.mark.process
def test_a_broken_file_among_several_is_a_line(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken, torn = write(tmp_path / "broken.py", "1/0"), write(tmp_path / "torn.json", "{")
    done = run("schemas", "check", "invoice", broken, torn, "receipt", "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [(line["schema"], line["ok"]) for line in lines] == [("invoice", True), (broken, False), ("receipt", True)]
    assert done.err.count("\n") == 1
    assert "torn.json is not JSON" in done.err
    assert done.status == 2
    output = run("schemas", "check", "invoice", broken).out
    assert "ZeroDivisionError: division by zero (line 1)" in output
    monkeypatch.chdir(tmp_path)
    assert "ZeroDivisionError: division by zero (line 1)" in run("schemas", "check", "./broken.py").out
    assert "cannot be read: No such file or directory" in run("schemas", "check", "../absent.py").out


@pytest.mark.process
def test_a_folder_is_checked_file_by_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = "from pydantic import BaseModel\nclass Good(BaseModel):\n    n: int\n"
    for name, text in (("good.py", good), ("broken.py", "1/0"), ("_shared.py", "1/0"), ("s.json", "{"), ("notes", "")):
        write(tmp_path / name, text)
    (tmp_path / "empty").mkdir()
    done = run("schemas", "check", str(tmp_path), str(tmp_path / "empty"), "receipt", "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert [(line["schema"].removeprefix(f"{tmp_path}/"), line["ok"]) for line in lines] == [
        ("broken.py", False), ("good.py", True), ("empty", False), ("receipt", True)]  # fmt: skip
    assert "is a folder without a .py file" in lines[2]["refused"][0]["detail"]
    assert done.status == 2
    listed = {line.partition("@")[0] for line in read_by_the_service(run, tmp_path, monkeypatch)}
    assert listed == {"good"}

    (tmp_path / "broken.py").unlink()
    assert run("schemas", "check", str(tmp_path)).out.startswith("good@1 (class Good): ok\n")
    assert run("schemas", "check", str(tmp_path), "--json").json["schema"] == str(tmp_path / "good.py")
    shown = run("schemas", "show", str(tmp_path))
    assert (shown.status, shown.err.count("is a folder; give a .py or .json file by its name")) == (2, 1)
    other = run("schemas", "check", str(tmp_path / "notes"))
    assert "is neither a .json nor a .py file" in other.out
    assert "there is no schema '{" in run("schemas", "check", '{"type": "object"}' * 999).out

    (tmp_path / "invoice").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run("schemas", "check", "invoice").out.startswith("invoice@1 (class Invoice): ok\n")


def read_by_the_service(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What EXTRACTOR_SCHEMAS adds."""
    before = run("schemas", "list").out.splitlines()
    with monkeypatch.context() as patch:
        patch.setenv("EXTRACTOR_SCHEMAS", str(folder))
        return [line for line in run("schemas", "list").out.splitlines() if line not in before]


def test_help_is_whole_and_as_wide_as_the_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for columns in (80, 110):
        monkeypatch.setenv("COLUMNS", str(columns))
        for command in ([], ["schemas"], ["keys"]):
            output = run(*command, "--help").out
            assert "..." not in output.partition("Commands:")[2]
            assert max(map(len, output.splitlines())) <= columns
    assert max(map(len, run("--help").out.splitlines())) > 90
    assert "and the embedded store unless EXTRACTOR_REDIS_URL is set." in run("--help").out


def on_a_terminal(*arguments: str, columns: int = 100) -> str:
    """What a person sees: the command on a pseudo-terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from extractor.cli.app import main; main()", *arguments]
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns)}
    environ.pop("NO_COLOR", None)
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ) as process:
        os.close(theirs)
        output = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while some := os.read(ours, 65536):
                output += some
        os.close(ours)
    assert process.returncode == 0
    return output.decode()


@pytest.mark.process
def test_colours_and_columns_on_a_terminal() -> None:
    listed = on_a_terminal("schemas", "list", columns=60)
    plain = [re.sub(r"\x1b\[[\d;]*m", "", line).rstrip() for line in listed.splitlines()]
    assert "\x1b[" in listed
    head = plain[0]
    assert head.split() == ["schema", "description"]
    where = head.index("description")
    assert all(line[where - 1] == " " for line in plain if len(line) > where), "columns stand under their heads"
    assert max(map(len, plain)) <= 60
    output = on_a_terminal("schemas", "check", "invoice")
    assert "\x1b[1;32mok" in output


@pytest.mark.process
def test_a_new_schema_works_as_written_and_is_never_overwritten(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    made = run("schemas", "new", "delivery_note", "--dir", str(tmp_path))
    file = tmp_path / "delivery_note.py"
    assert made.out.strip() == str(file)
    assert run("schemas", "check", str(file)).status == 0
    monkeypatch.setenv("EXTRACTOR_SCHEMAS", str(tmp_path))
    assert "delivery_note@1" in run("schemas", "list").out
    again = run("schemas", "new", "delivery_note")
    assert (again.status, again.out) == (2, "")
    for name in ("Class", "class", "a-b", "../up", ""):
        assert run("schemas", "new", name, "--dir", str(tmp_path)).status == 2


@pytest.mark.process
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_reader_that_goes_is_no_failure(more: list[str]) -> None:
    command = [sys.executable, "-c", "from extractor.cli.app import main; main()", "schemas", "list", *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        stderr = process.stderr.read()
    assert (process.returncode, stderr) == (128 + signal.SIGPIPE, b"")


def test_a_key_is_printed_once_with_its_entry(run: Run) -> None:
    done = run("keys", "new", "acme")
    key, entry = done.out.split()
    assert entry == "acme:" + hashlib.sha256(key.encode()).hexdigest()
    assert run("keys", "new", "Not A Tenant").status == 2


def test_keys_of_a_file_are_added_listed_and_revoked(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In place: the file stays the same, with what people have written into it."""
    file = tmp_path / "keys"
    assert run("keys", "list").status == 2, "no file is named"
    assert run("keys", "list", "--file", str(file)).status == 2, "there is none"
    file.write_text("# who may ask\nglobex:" + "0" * 64)
    node = file.stat().st_ino
    key = run("keys", "add", "acme", "--file", str(file)).out.strip()
    digest = hashlib.sha256(key.encode()).hexdigest()
    assert file.read_text() == f"# who may ask\nglobex:{'0' * 64}\nacme:{digest}\n"
    monkeypatch.setenv("EXTRACTOR_API_KEYS", str(file))
    assert run("keys", "list").out.split() == ["0" * 12, "globex", digest[:12], "acme"]
    for wrong in ("", digest[:5], "f" * 12 if digest[0] != "f" else "e" * 12):
        assert run("keys", "revoke", wrong).status == 2
    assert run("keys", "revoke", digest[:12]).status == 0
    assert run("keys", "list").out.split() == ["0" * 12, "globex"]
    assert run("keys", "revoke", digest[:12]).status == 2
    assert run("keys", "revoke", "0" * 12).status == 0
    assert file.read_text().split() == ["#", "who", "may", "ask"]
    assert file.stat().st_ino == node


def test_settings_name_value_source_and_hide_secrets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRACTOR_REDIS_URL", "redis://user:hunter2@store:6379/0")
    monkeypatch.setenv("EXTRACTOR_API_KEY", "ex_hunter2")
    done = run("settings", "--json")
    rows = {row["name"]: row for row in map(json.loads, done.out.splitlines())}
    assert rows["EXTRACTOR_REDIS_URL"]["value"] == "redis://user:***@store:6379/0"
    assert rows["EXTRACTOR_REDIS_URL"]["source"] == "environment"
    assert rows["EXTRACTOR_API_KEY"]["value"] == "***"
    assert rows["EXTRACTOR_PORT"]["source"] == "default"
    assert "hunter2" not in done.out + run("settings").out
    assert all(row["description"] for row in rows.values()), "a setting that nobody can look up"
    assert masked("api_keys", "") == ""


def test_a_bad_setting_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXTRACTOR_QUOTA_JOBS", "many")
    done = run("settings")
    assert done.status == 2
    assert "EXTRACTOR_QUOTA_JOBS" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "command",
    [
        ["status", "x"],
        ["list"],
        ["cancel", "x"],
        ["submit", "{file}", "-s", "contact"],
        ["batch", "{file}", "-s", "contact", "-o", "{file}.out"],
    ],
)
def test_no_service_is_exit_code_3(run: Run, tmp_path: Path, command: list[str]) -> None:
    file = write(tmp_path / "a.txt", "hello")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        done = run(*[part.format(file=file) for part in command], "--url", url)
    assert (done.status, done.out) == (3, "")
    assert "No answer from" in done.err
    assert "`extractor up` starts a service here, --url names another" in done.err


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["submit", "{folder}", "-s", "contact"], "{folder} is a folder: `extractor batch` takes folders"),
        (["submit", "{file}", "-s", "./nowhere.py"], "There is no file nowhere.py"),
        (
            ["batch", "{file}", "-s", "contact", "-o", "{folder}/no/out.jsonl"],
            "There is no folder {folder}/no for out.jsonl",
        ),
    ],
)
def test_a_slip_is_told_before_anything_is_sent(run: Run, tmp_path: Path, command: list[str], told: str) -> None:
    places = {"folder": str(tmp_path), "file": write(tmp_path / "a.txt", "hello")}
    done = run(*[part.format(**places) for part in command], "--url", "http://127.0.0.1:9")
    assert (done.status, done.err) == (2, f"extractor: {told.format(**places)}\n")


@pytest.mark.process
def test_who_leaves_standard_error_misses_what_is_said_and_nothing_else() -> None:
    script = "from extractor.cli.output import put, say; say('first'); say('second'); put({'a': 1})"
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=writing, timeout=60, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stdout) == (0, b'{"a":1}\n')


@pytest.mark.process
@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no full disk here")
def test_a_full_disk_is_told_and_what_cannot_be_told_is_no_failure() -> None:
    def ended(script: str, *arguments: str, **streams: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([sys.executable, "-c", script, *arguments], **streams, timeout=60, check=False)

    whole = "from extractor.cli.app import main; main()"
    with Path("/dev/full").open("wb") as full:
        for command in ("schemas list", "schemas list --json", "schemas show invoice"):
            done = ended(whole, *command.split(), stdout=full, stderr=subprocess.PIPE)
            told = "extractor: Cannot write to standard output: No space left on device\n"
            assert (done.returncode, done.stderr.decode()) == (2, told)
        lines = "from extractor.cli.output import put, say; say('first'); say('second'); put({'a': 1})"
        done = ended(lines, stdout=subprocess.PIPE, stderr=full)
    assert (done.returncode, done.stdout) == (0, b'{"a":1}\n')


@pytest.mark.parametrize(
    ("errors", "lines"),
    [
        ([("/path/id", "unknown")], []),
        ([("/query/status", "has to be open")], []),
        ([("/schema", "wrong: /query/status: has to be open")], ["  /schema"]),
        ([("/items/0", "is no number")], ["  /items/0: is no number"]),
    ],
)
def test_an_error_says_a_thing_once(errors: list[tuple[str, str]], lines: list[str]) -> None:
    faults = tuple(FieldError(*error) for error in errors)
    detail = "wrong: /query/status: has to be open"
    told = describe(Refused(detail, status=422, code="invalid_request", errors=faults)).splitlines()
    assert told == [f"{detail} (invalid_request)", *lines]


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (Overloaded("10 documents are open", status=429, code="quota_exceeded", retry_after_s=9), 1),
        (Overloaded("The store is away", status=503, code="store_unavailable"), 3),
        (Refused("It is over the quota", status=413, code="document_too_large"), 2),
    ],
)
def test_a_service_without_room_is_not_an_absent_one(
    run: Run, monkeypatch: pytest.MonkeyPatch, problem: ServiceError, status: int
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise problem

    monkeypatch.setattr(Client, "cancel", refuse)
    done = run("cancel", "x")
    assert done.status == status
    assert f"{problem.detail} ({problem.code})" in done.err
    assert ("try again in 9 s" in done.err) is (status == 1)


@pytest.mark.parametrize(
    "command",
    [
        ["nonsense"],
        ["submit"],
        ["submit", "/nonexistent", "-s", "contact"],
        ["run", "/nonexistent", "-s", "contact"],
        ["run", "{file}", "-s", "contact", "--drafters", "psychic"],
        ["run", "{file}", "-s", "{file}.json"],
        ["batch", "{folder}/none*", "-s", "contact"],
        ["list", "--url", "nowhere"],
        ["up", "--host", "0.0.0.0"],
        ["up", "--port", "99999"],
    ],
)
def test_bad_usage_and_bad_input_are_exit_code_2(run: Run, tmp_path: Path, command: list[str]) -> None:
    file = write(tmp_path / "a.txt", "hello")
    done = run(*[part.format(file=file, folder=tmp_path) for part in command])
    assert (done.status, done.out) == (2, "")
    assert done.err
    assert "Traceback" not in done.err


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REDIS_URL", "DATA_DIR", "HOST", "RESULT_TTL_S"):
        monkeypatch.setenv(f"EXTRACTOR_{name}", "")
    assert {one.name: one.value for one in collected()}["EXTRACTOR_DATA_DIR"] == ".run"


def test_a_hangup_that_is_ignored_stays_so() -> None:
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    seen = []

    class Ended:
        def __enter__(self) -> None:
            seen.append(signal.getsignal(signal.SIGHUP))
            raise KeyboardInterrupt

        def __exit__(self, *_: object) -> None: ...

    try:
        run_until_stopped(Ended())  # type: ignore[arg-type]
        assert seen == [signal.SIG_IGN]
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.process
def test_standard_input_is_read_before_anything_is_extracted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the thread that hears Ctrl-C, and once."""
    threads = []

    class PipedInput:
        def read(self) -> bytes:
            threads.append(threading.current_thread())
            return b"Ada Lovelace"

    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=PipedInput()))
    done = run("run", "-", "-", "-s", "contact", "--max-output-tokens", "4")
    assert threads == [threading.main_thread()]
    assert done.err.count("stdin") == 2
    assert done.err.endswith("\n0 succeeded, 2 failed\n")


def test_a_schema_that_is_not_there_is_told_before_a_model_is_loaded(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "lease.py", "1/0")
    monkeypatch.setenv("EXTRACTOR_SCHEMAS", str(tmp_path))
    monkeypatch.setitem(sys.modules, "extractor.extract", None)
    files = [write(tmp_path / name, "hello") for name in ("a.txt", "b.txt")]
    done = run("run", *files, "-s", "lease")
    assert (done.status, done.out, done.err.count("schema 'lease' could not be loaded: lease.py: ")) == (2, "", 1)
    assert "ZeroDivisionError" in done.err


def test_a_taken_port_is_told_before_anything_starts(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("up", "--port", str(taken.getsockname()[1]))
    assert done.status == 2
    assert "Cannot listen on" in done.err


def test_a_line_of_the_log_is_written_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or those of two programs, which come in two threads, are mixed."""
    pieces: list[str] = []
    monkeypatch.setattr(sys, "stderr", SimpleNamespace(write=pieces.append, flush=lambda: None))
    _write("a line")
    assert pieces == ["a line\n"]


def test_inputs_are_files_folders_and_globs_in_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", ".hidden", "sub/c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    inputs = [str(tmp_path / "b.txt"), str(tmp_path), f"{tmp_path}/*.txt"]
    names = [Path(source.name).name for source in sources(inputs)]
    assert names == ["b.txt", "a.txt", "b.txt", "c.txt", "a.txt", "b.txt"]
    assert next(sources([str(tmp_path / "a.txt")])).read() == b"a.txt"
    for nothing in (str(tmp_path / "absent"), f"{tmp_path}/*.pdf"):
        with pytest.raises(DocumentError):
            list(sources([nothing]))


def test_of_many_documents_only_the_one_that_is_printed_is_held() -> None:
    """An extraction has all of its document's text."""
    done: list[weakref.ref[set[int]]] = []

    def extract(number: int) -> set[int]:
        found = {number}
        done.append(weakref.ref(found))
        return found

    for number, outcome in in_order(range(20), extract, 1, threading.Event()):
        assert outcome.result() == {number}
        assert sum(one() is not None for one in done[:number]) <= 1, "the one before, whose name the loop still has"


def test_drafters_and_options_go_as_they_were_said() -> None:
    assert drafters_of("all") is None
    assert drafters_of("none") == ()
    assert options_of("all", None) == {}
    assert options_of("all", None, "all") == {"printed": "all"}
    assert options_of("all", None, text=True) == {"text": True}
    assert options_of("mtp,copy", 9) == {"drafters": ("copy", "mtp"), "max_output_tokens": 9}


def test_a_schema_may_be_a_file(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    model = write(tmp_path / "m.py", "from pydantic import BaseModel\nclass M(BaseModel):\n    n: int\n")
    for file in (write(tmp_path / "n.json", schema), model):
        read = schema_of(file)
        assert isinstance(read, Schema)
        assert read.json_schema == schema
    assert schema_of("invoice@1") == "invoice@1"
    with pytest.raises(SchemaError):
        schema_of(write(tmp_path / "bad.json", {"type": "objekt"}))


def test_a_variable_that_is_no_setting_is_told_with_the_nearest(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EXTRACTOR_WORKRES_SILENT_S", "EXTRACTOR_MODLE", "extractor_slotz", "EXTRACTOR_QQQQ", "EXTRACTOR_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("EXTRACTOR_DOCUMENT_PASSWORD", "of a flag")
    monkeypatch.setenv("extractor_offline", "true")
    done = run("schemas", "list")
    assert done.status == 0
    assert sorted(line for line in done.err.splitlines() if "is no setting" in line) == [
        "extractor: EXTRACTOR_MODLE is no setting; EXTRACTOR_MODEL is",
        "extractor: EXTRACTOR_QQQQ is no setting: extractor settings prints them all",
        "extractor: EXTRACTOR_WORKRES_SILENT_S is no setting; EXTRACTOR_WORKER_SILENT_S is",
        "extractor: extractor_slotz is no setting; EXTRACTOR_SLOTS is",
    ]
    assert "EXTRACTOR_MODLE" not in os.environ, "and what is started from here does not tell it again"


def test_a_process_tells_what_is_nearly_a_setting_of_its_own() -> None:
    from api.config import ApiSettings
    from extractor.config import Settings

    api, worker = (ApiSettings, WorkerSettings), (WorkerSettings, Settings)
    assert misspelled(["EXTRACTOR_QUOTA_JOB", "EXTRACTOR_MODLE", "OTHER"], *api) == {
        "EXTRACTOR_QUOTA_JOB": "EXTRACTOR_QUOTA_JOBS"
    }
    assert misspelled(["EXTRACTOR_MODLE"], *worker) == {"EXTRACTOR_MODLE": "EXTRACTOR_MODEL"}
    every = {one.name for one in collected()}
    assert misspelled(every, *api) == misspelled(every, *worker) == {}, "others' settings are none of one's own"


def test_what_is_to_be_tried_carries_a_key_where_keys_are_set() -> None:
    open_ = _greeting("http://127.0.0.1:8000", keyed=False)
    keyed = _greeting("http://127.0.0.1:8000", keyed=True)
    assert "Authorization" not in open_
    assert '-H "Authorization: Bearer $EXTRACTOR_API_KEY"' in keyed
    for greeting in (open_, keyed):  # a shell reads it as one command, with JSON in it
        command = greeting.partition("curl ")[2].replace("\\\n", " ")
        words = shlex.split(command)
        assert json.loads(words[words.index("-d") + 1])["schema"] == "contact"
        assert words.count("-H") == (3 if greeting is keyed else 2)


@pytest.mark.process
def test_a_schema_with_a_byte_order_mark(run: Run, tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"größe": {"type": "integer"}}}
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        file = tmp_path / f"{encoding}.json"
        file.write_text(json.dumps(schema, ensure_ascii=False), encoding=encoding)
        assert run("schemas", "check", str(file), "--json").json["ok"]
        kept = schema_of(str(file))
        assert isinstance(kept, Schema)
        assert kept.json_schema == schema
    (tmp_path / "big.json").write_text('{"type": "object", "properties": {"a": {"enum": [123456789012345678901]}}}')
    big = schema_of(str(tmp_path / "big.json"))
    assert isinstance(big, Schema)
    assert big.json_schema["properties"]["a"]["enum"] == [123456789012345678901]


def test_rooms_that_read_one_variable_agree_on_its_default() -> None:
    values: dict[str, set[str]] = {}
    for setting in collected():
        values.setdefault(setting.name, set()).add(setting.value)
    assert [name for name, found in values.items() if len(found) > 1] == []


def test_every_command_is_in_the_docs_and_no_other() -> None:
    page = (Path(__file__).parents[2] / "docs" / "clients.md").read_text(encoding="utf-8")
    table = page.partition("## The command\n")[2].partition("\nExit code 0")[0]
    calls = [call for row in re.findall(r"^\| (`.+?) \|", table, re.M) for call in re.findall(r"`(.+?)`", row)]
    shown = {" ".join(word for word in call.split() if word.islower()) for call in calls}
    there = set()
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        there |= {f"{name} {below}" for below in getattr(command, "commands", ())} or {name}
    assert shown == there
