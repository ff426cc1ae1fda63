"""`extractor schemas`: what can be extracted here, what a schema enforces, and a start for a new one."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from extractor.cli.output import BAD_INPUT, fail, put, put_text, say
from extractor.cli.settings import schema_sources
from schemas.check import check as judge
from schemas.errors import SchemaProblem
from schemas.registry import Registry, of_file

app = typer.Typer(name="schemas", help="What to extract.", no_args_is_help=True)
_SECTIONS = {
    "refused": "refused: a document is never accepted with this",
    "validated": "validated: checked when the JSON is complete",
    "enforced": "enforced: kept by the grammar at every token",
    "ignored": "ignored: has no effect on the data",
}
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
def list_(json: Annotated[bool, typer.Option("--json", help="One line of JSON each.")] = False) -> None:
    """The schemas found here: the built-in ones and those EXTRACTOR_SCHEMAS points at."""
    registry = Registry.discover(schema_sources())
    for schema in registry.list():
        if json:
            put({"ref": schema.ref, "sha256": schema.sha256, "description": schema.description})
        else:
            put_text([f"{schema.ref:<24}  {' '.join(schema.description.split())}"])
    for file, why in registry.problems.items():
        say(f"extractor: {file}: {why}")
    if registry.problems:
        raise typer.Exit(BAD_INPUT)


@app.command()
def show(name: Annotated[str, typer.Argument(help="name or name@version")]) -> None:
    """The JSON Schema of one."""
    try:
        put(Registry.discover(schema_sources()).get(name).json_schema, indent=True)
    except SchemaProblem as problem:
        fail(problem.detail)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A JSON Schema (.json), or Python with a pydantic model (.py).")],
    json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """What the grammar enforces of a schema, what only validation checks, what is refused. Exit code 2 when any is."""
    report = _report(file)
    if json:
        put(report)
    else:
        for section, title in _SECTIONS.items():
            notes = report.get(section)
            if notes:
                put_text([title, *(f"  {note['pointer'] or '(the whole)'}: {note['detail']}" for note in notes)])
        put_text(["ok" if report["ok"] else "not ok"])
    if not report["ok"]:
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


def _report(file: Path) -> dict[str, Any]:
    """Of a file of either kind; a Python file that cannot be used is a refusal of the whole."""
    if file.suffix == ".py":
        try:
            return judge(of_file(file).json_schema).as_json()
        except SchemaProblem as problem:
            places = problem.errors or [("", problem.detail)]
            refused = [{"pointer": pointer, "detail": detail} for pointer, detail in places]
            return {"ok": False, "enforced": [], "validated": [], "refused": refused, "ignored": []}
    return judge(json_schema_of(file)).as_json()


def json_schema_of(file: Path) -> Any:
    """The JSON in a file; anything else ends the command."""
    try:
        return orjson.loads(file.read_bytes())
    except OSError as error:
        fail(f"Cannot read {file}: {error.strerror}")
    except orjson.JSONDecodeError as error:
        fail(f"{file} is not JSON: {error.msg} (line {error.lineno})")
