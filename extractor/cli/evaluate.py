"""`extractor eval`: how right answers are, on documents whose right answers are known."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import orjson
import typer

from extractor.cli.evaluate_runs import run_here, run_there
from extractor.cli.flags import (
    ApiKey,
    AtOnce,
    Charset,
    DraftersFlag,
    GoldSchema,
    MaxTokens,
    ModelFlag,
    Password,
    PrintedMode,
    connect,
    known_schema_of,
    options_of,
    schema_of,
)
from extractor.cli.output import SOME_FAILED, fail, in_a_line, put, put_rows, put_text, say
from extractor.cli.whole_file import check_replaceable, check_writable, replace_whole
from extractor.client import Client
from extractor.config import read_settings
from extractor.errors import FieldError, InputError, SchemaError
from extractor.evaluation import table
from extractor.evaluation.gold import GoldCase, read_gold
from extractor.evaluation.html import page
from extractor.evaluation.judged import Answered, Judged, judge
from extractor.evaluation.places import beyond
from extractor.evaluation.report import check_report, compared, report
from schemas import Schema, SchemaProblem, inline, unjudged

JSON = dict[str, Any]
PATIENCE_S = 120.0  # of each call: a service that restarts does not end a run


def evaluate(
    gold: Annotated[
        Path, typer.Argument(metavar="GOLD", help="A .jsonl of lines, or a folder of documents with NAME.json beside.")
    ],
    schema: GoldSchema = None,
    model: ModelFlag = None,
    url: Annotated[str | None, typer.Option("--url", help="A running service, instead of a model here.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The whole report as JSON, not a table.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="A page with the documents and their evidence.")
    ] = None,
    compare: Annotated[
        Path | None, typer.Option("--compare", metavar="FILE", help="What changed since this report (of --json).")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many documents.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Draws those of --limit by chance.")] = None,
    rows: AtOnce = None,
    drafters: DraftersFlag = "all",
    max_output_tokens: MaxTokens = None,
    printed: PrintedMode = "declared",
    charset: Charset = None,
    password: Password = None,
    api_key: ApiKey = None,
) -> None:
    """Extract documents whose right answers are known, and say how right it is.

    A line of GOLD is {"document": "a text or the path of a file", "expected": {...}}, with "schema" and "places" where
    they are known. Fields that "expected" does not name are not judged. docs/evaluation.md explains every figure.
    """
    _check_where(
        url, given := {name: value for name, value in (("model", model), ("slots", rows)) if value is not None}
    )
    before = _checked(compare, html)
    options = options_of(drafters, max_output_tokens, printed)
    settings = read_settings(**given)
    find = partial(known_schema_of, sources=settings.schemas) if url is None else partial(_of_service, url, api_key)
    cases = read_gold(gold, None if schema is None else find(schema), partial(named_schema, find))
    cases = _some(cases, limit, seed)
    if url is None:
        run = run_here(cases, options, settings, charset, password)
    else:
        run = run_there(cases, options, partial(connect, url, api_key, PATIENCE_S), charset, password)
    judged = [_judged(case, answer) for case, answer in zip(cases, run.answers, strict=True)]
    report_ = report(judged, {"gold": gold.name, "model": run.model, "options": options}, run.seconds)
    changed = None if before is None else compared(before, report_)
    if html is not None:
        replace_whole(html, lambda file: file.write(page(judged, report_, changed).encode(errors="replace")))
    _show(report_, changed, as_json=json)
    if all(answer.error for answer in run.answers):
        raise typer.Exit(SOME_FAILED)


def _check_where(url: str | None, given: Mapping[str, object]) -> None:
    """`given`: what is said of a model here. Other commands ask the service that EXTRACTOR_URL names; this one does
    where --url says so."""
    if url is not None and given:
        fail("--url asks a service: --model and --rows are of a model here")
    if url is None and "model" not in given and os.environ.get("EXTRACTOR_URL"):
        say("A model here is judged, and not the service of EXTRACTOR_URL, which --url asks")


def _checked(compare: Path | None, html: Path | None) -> Any:
    """The report to compare with, if any. Before anything is measured, so that nothing is measured in vain."""
    before = None if compare is None else _read_report(compare)
    if html is not None:
        check_writable(html)
        check_replaceable(html)
    return before


def _judged(case: GoldCase, answer: Answered) -> Judged:
    if answer.text and (out := beyond(case.places, answer.text)):
        say(f"{case.name}: places beyond the {len(answer.text):,} characters that were read: {', '.join(out)}")
    return judge(case, answer)


def _show(report_: JSON, changed: JSON | None, *, as_json: bool) -> None:
    if as_json:
        put(report_ if changed is None else report_ | {"compared": changed})
        return
    faulty, right = table.field_rows(report_)
    if faulty:
        put_rows(faulty if sys.stdout.isatty() else [table.FIELD_HEADS, *faulty], *table.FIELD_HEADS)
    if right:
        put_text([f"{len(right)} field{'s' if len(right) != 1 else ''} in which all is right"])
    if faults := [in_a_line(fault) for fault in table.faults(report_)]:
        put_text(["", *faults])
    put_text([""])
    put_rows(list(table.summary_rows(report_)), "figure", report_["model"])
    if changed is not None:
        put_text(["", *map(in_a_line, table.changes(changed))])
    for one in report_["documents"]:
        if one["error"]:
            say(f"{one['name']}: {one['error']['detail']} ({one['error']['code']})")


def _some(cases: list[GoldCase], limit: int | None, seed: int | None) -> list[GoldCase]:
    if limit is None or limit >= len(cases):
        return cases
    chosen = range(limit) if seed is None else sorted(random.Random(seed).sample(range(len(cases)), limit))
    return [cases[at] for at in chosen]


def named_schema(schema_of_name: Any, name_or_schema: str | JSON, folder: Path) -> Schema:
    """The schema that a line means: an object, a file beside the gold, or a name."""
    if isinstance(name_or_schema, dict):
        try:
            return inline(name_or_schema)
        except SchemaProblem as problem:
            errors = tuple(FieldError(*place) for place in problem.errors)
            raise SchemaError(problem.detail, code=problem.code, errors=errors) from None
    beside = folder / name_or_schema
    found: Schema = schema_of_name(str(beside) if beside.suffix in (".json", ".py") else name_or_schema)
    return found


def _of_service(url: str, api_key: str | None, text: str) -> Schema:
    """One that the service knows by name; a file's is sent as JSON Schema."""
    local = schema_of(text)
    if isinstance(local, Schema):
        return inline(local.json_schema) if local.model is not None else local
    assert isinstance(local, str)  # the schema machinery is here: nothing stays a dict
    with connect(url, api_key) as client:
        found = _fetched(client, local)
    remote = unjudged(found["json_schema"])
    return Schema(found["name"], found["version"], found["sha256"], remote.json_schema, remote.description)


def _fetched(client: Client, name: str) -> JSON:
    return client.fetch(f"/v1/schemas/{quote(name, safe='@')}")


def _read_report(path: Path) -> Any:
    """Looked at before anything is measured."""
    try:
        report_ = orjson.loads(path.read_bytes())
    except OSError as error:
        fail(f"Cannot read {path}: {error.strerror}")
    except ValueError:
        fail(f"{path} is not JSON; --compare takes what --json printed")
    try:
        check_report(report_)
    except InputError as error:
        fail(f"{path}: {error.detail}")
    return report_
