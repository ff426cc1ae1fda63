"""`extractor schemas`: what can be extracted here, what a schema enforces, and a start for a new one."""

from __future__ import annotations

import keyword
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from extractor.cli.flags import ApiKey, connect
from extractor.cli.help import CommandGroup
from extractor.cli.json_file import UnreadableJson, json_in
from extractor.cli.output import BAD_INPUT, fail, put, put_rows, put_styled, put_text, say
from extractor.cli.settings import schema_sources
from extractor.sandbox import Sandbox, SandboxError, SandboxLimits
from schemas.check import check as check_alone
from schemas.checks.report import note
from schemas.checks.required import misspelt
from schemas.errors import SchemaProblem, UnknownSchema
from schemas.files import Found, find_in
from schemas.models.python_checks import ModelCheck, checks_of
from schemas.registry import Registry, schema_files

app = typer.Typer(name="schemas", help="What to extract.", no_args_is_help=True, cls=CommandGroup)
_TRIAL = SandboxLimits(cpu_s=10.0, wall_s=60.0, memory_bytes=1024**3)
_LISTED = ("ref", "sha256", "description")
_Listed = dict[str, str]
_SECTIONS = {  # and how each is shown
    "refused": ("refused: a document is never accepted with this", "red"),
    "validated": ("validated: checked when the JSON is complete", "yellow"),
    "ignored": ("ignored: has no effect on the data", "yellow"),
    "enforced": ("enforced: kept by the grammar at every token", "green"),
}
_BRIEF = "enforced"  # what is counted unless everything is asked for
_NAME = "A schema's name, name@version, or a file: JSON Schema (.json), or Python with a pydantic model (.py)."
_NAMES = f"{_NAME[:-1]}; or a folder, of which every file is checked that EXTRACTOR_SCHEMAS would read of it."
_TEMPLATE = '''"""{words}: what to read from one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from pydantic import BaseModel, Field, model_validator


class Line(BaseModel):
    """One row."""

    name: str = Field(description="As printed")
    amount: Decimal | None = Field(description="Without the currency; null when it is not there")


class {model}(BaseModel):
    """{words}: say here in a sentence what kind of document this is; the model reads it."""

    number: str | None = Field(description="Of the document; null when it has none")
    issued: date | None = Field(description="Day it was issued")
    lines: list[Line] = Field(description="Every row, in order")

    @model_validator(mode="after")
    def check(self) -> {model}:
        """What a grammar cannot say. A failure is told to the model once, then to the caller."""
        if any(line.amount is not None and line.amount < 0 for line in self.lines):
            raise ValueError("an amount is negative")
        return self
'''


@app.callback()
def _schemas() -> None:
    """What to extract."""


@app.command(name="list")
def list_(
    json: Annotated[bool, typer.Option("--json", help="One line of JSON each.")] = False,
    url: Annotated[str | None, typer.Option("--url", help="A running service, instead of what is here.")] = None,
    api_key: ApiKey = None,
) -> None:
    """The schemas found here: the built-in ones and those EXTRACTOR_SCHEMAS points at. With --url those of a
    service."""
    found, problems = _found_here() if url is None else _found_there(url, api_key)
    if json:
        for schema in found:
            put(schema)
    else:
        put_rows([(one["ref"], " ".join(one["description"].split())) for one in found], "schema", "description")
    for file, why in problems.items():
        say(f"extractor: {file}: {why}")


def _found_here() -> tuple[list[_Listed], Mapping[str, str]]:
    """And why files could not be read."""
    if os.environ.get("EXTRACTOR_URL"):
        say("These are found here; those of the service of EXTRACTOR_URL are listed by --url")
    registry = Registry.discover(schema_sources())
    return [{name: getattr(schema, name) for name in _LISTED} for schema in registry.list()], registry.problems


def _found_there(url: str, api_key: str | None) -> tuple[list[_Listed], Mapping[str, str]]:
    with connect(url, api_key) as client:
        answer = client.fetch("/v1/schemas")
    found = [{name: one[name] for name in _LISTED} for one in answer["data"]]
    return found, {one["file"]: one["detail"] for one in answer["problems"]}


@app.command()
def show(name: Annotated[str, typer.Argument(help=_NAME)]) -> None:
    """The JSON Schema of one."""
    try:
        put(_subject(name).json_schema, indent=True)
    except SchemaProblem as problem:
        fail(f"{name}: {problem.detail}" if Path(name).suffix == ".py" else problem.detail)


@app.command()
def check(
    names: Annotated[list[str], typer.Argument(metavar="NAME", help=_NAMES)],
    json: Annotated[bool, typer.Option("--json", help="The report as JSON, a line for each.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="What is enforced too, keyword by keyword.")] = False,
) -> None:
    """What the grammar does not enforce of a schema, which class it is of, what is refused. Exit code 2 when any is."""
    fine, chosen = True, list(_each(names)) if "folder" in map(_place, names) else names
    with closing(Sandbox("extractor.grammar.judge", _TRIAL, setup={}, size=1)) as judge:
        for name in chosen:
            try:
                verdict = _verdict(name, judge)
            except UnreadableJson as problem:
                say(f"extractor: {problem.detail}")
                fine = False
                continue
            fine = fine and verdict.report["ok"]
            if json:
                put(verdict.report if chosen == names[:1] else {"schema": verdict.name, **verdict.report})
            else:
                put_styled(_report_lines(verdict, verbose))
    if not fine:
        raise typer.Exit(BAD_INPUT)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="lower_case_words; the file and the schema are called so.")],
    folder: Annotated[Path | None, typer.Option("--dir", help="Where; else EXTRACTOR_SCHEMAS, else here.")] = None,
) -> None:
    """Write a file to start a schema from, ready to run and to change."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name) or keyword.iskeyword(name):
        fail(f"{name!r} must be lower-case letters, digits and underscores, begin with a letter and be no Python word")
    folders = [Path(source) for source in schema_sources() if Path(source).is_dir()]
    target = (folder or (folders or [Path()])[0]) / f"{name}.py"
    model = "".join(part.capitalize() for part in name.split("_"))
    text = _TEMPLATE.format(words=name.replace("_", " ").capitalize(), model=model)
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        fail(f"{target} exists already")
    except OSError as error:
        fail(f"Cannot write {target}: {error.strerror}")
    say(f"Change it, then: extractor schemas check {target}")
    put_text([str(target)])


@dataclass(frozen=True)
class _Subject:
    """What a name or a file stands for: `model` and `doubt` as `schemas.files` has them, `checks` the model's."""

    json_schema: Any
    ref: str = ""
    model: str = ""
    doubt: str = ""
    checks: tuple[ModelCheck, ...] = ()


@dataclass(frozen=True)
class _Verdict:
    name: str
    report: dict[str, Any]
    subject: _Subject | None = None


def _each(names: Iterable[str]) -> Iterator[str]:
    """`names`, with the files of a folder in its place; a name that is a schema's too is the schema's."""
    known = {schema.name for schema in Registry.discover(schema_sources()).list()}
    for name in names:
        files = schema_files(Path(name)) if name not in known and _place(name) == "folder" else []
        yield from map(str, files) if files else [name]


def _place(name: str) -> str:
    """`folder`, `file`, or nothing."""
    try:
        return "folder" if Path(name).is_dir() else "file" if Path(name).exists() else ""
    except (OSError, ValueError):  # too long for a path, such as a schema itself
        return ""


def _subject(name: str) -> _Subject:
    """Raises SchemaProblem."""
    path = Path(name)
    if path.suffix == ".json":
        return _Subject(json_in(path))
    found = find_in(path) if path.suffix == ".py" else _found(name)
    schema, model = found.schema, found.schema.model
    if model is None:
        return _Subject(schema.json_schema, schema.ref, doubt=found.doubt)
    return _Subject(schema.json_schema, schema.ref, model.__name__, found.doubt, tuple(checks_of(model)))


def _found(name: str) -> Found:
    """Raises UnknownSchema."""
    try:
        return Found(Registry.discover(schema_sources()).get(name))
    except UnknownSchema as problem:
        if not (place := _place(name)):
            raise
        if place == "folder":
            what = "a folder" if schema_files(Path(name)) else "a folder without a .py file"
            raise UnknownSchema(f"{name} is {what}; give a .py or .json file by its name") from None
        raise UnknownSchema(f"{name} is neither a .json nor a .py file; {problem.detail}") from None


def _verdict(name: str, judge: Sandbox) -> _Verdict:
    """What cannot be used is a refusal of the whole. Raises UnreadableJson."""
    try:
        subject = _subject(name)
    except UnreadableJson:
        raise
    except SchemaProblem as problem:
        places = problem.errors or [("", problem.detail)]
        refused = [{"pointer": pointer, "detail": detail} for pointer, detail in places]
        return _Verdict(name, {"ok": False, "enforced": [], "validated": [], "refused": refused, "ignored": []})
    report = _report(subject.json_schema, judge)
    if report["ok"] and not subject.doubt:
        subject = replace(subject, doubt=misspelt(subject.json_schema))
    return _Verdict(name, {**report, "checks": [asdict(one) for one in subject.checks]}, subject)


def _report(json_schema: Any, judge: Sandbox) -> dict[str, Any]:
    """As the service's own check, which builds the grammar too."""
    report = check_alone(json_schema)
    if report.ok:
        try:
            reply, _ = judge.call("report", None, [dumps(json_schema).encode()])
            return dict(reply["report"])
        except SandboxError as error:
            report.refuse(note((), f"too complex: checking it, {error.detail}", "schema_too_complex"))
    return report.as_json()


def _report_lines(verdict: _Verdict, verbose: bool) -> Iterator[Text]:
    report, subject = verdict.report, verdict.subject or _Subject(None)
    of = f" (class {subject.model})" if subject.model else ""
    ok = Text("ok", "bold green") if report["ok"] else Text("not ok", "bold red")
    yield Text.assemble((subject.ref or verdict.name, "bold"), f"{of}: ", ok)
    if subject.doubt:
        yield Text(f"  {subject.doubt}", "yellow")
    for section, (title, style) in _SECTIONS.items():
        notes = report.get(section) or []
        if not notes:
            continue
        if section == _BRIEF and not verbose:
            yield Text.assemble("  ", (title, style), f": {_count(len(notes))} (--verbose lists them)")
            continue
        yield Text.assemble("  ", (title, style), "" if section == "refused" else f": {_count(len(notes))}")
        for one in notes:
            yield Text.assemble("    ", (one["pointer"] or "(the whole)", "cyan"), f": {one['detail']}")
    yield from _check_lines(subject.checks)


def _check_lines(checks: Sequence[ModelCheck]) -> Iterator[Text]:
    if checks:
        yield Text.assemble("  ", ("checks: run in Python when the JSON is complete", "green"), ":")
    for one in checks:
        of = f" ({', '.join(one.fields)})" if one.fields else ""
        what = "marks the answer for review" if one.marks else "what fails it is written again"
        yield Text.assemble("    ", (f"{one.model}.{one.name}", "cyan"), f"{of}: {what}")


def _count(number: int) -> str:
    return f"{number:,} keyword{'' if number == 1 else 's'}"
