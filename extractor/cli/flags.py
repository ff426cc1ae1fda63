"""Flags that several commands take, and what they become."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from extractor.cli.output import fail
from extractor.cli.schemas import json_schema_of
from extractor.client import Client, Patience
from extractor.client.document import SubmitOptions
from extractor.config import parse_drafters
from extractor.drafters import DRAFTERS
from extractor.errors import FieldError, SchemaError
from schemas.errors import SchemaProblem, UnknownSchema
from schemas.keywords import Mode
from schemas.registry import Registry, of_file
from schemas.schema import Schema, inline

SchemaName = Annotated[
    str, typer.Option("--schema", "-s", help="A schema's name, name@version, or a file (.json, .py).")
]
GoldSchema = Annotated[str | None, typer.Option("--schema", "-s", help="As for run; documents may name their own.")]
ModelFlag = Annotated[str | None, typer.Option("--model", help="A hub id or a folder; else EXTRACTOR_MODEL.")]
AtOnce = Annotated[int | None, typer.Option("--rows", min=1, help="Documents at a time; else EXTRACTOR_SLOTS.")]
Url = Annotated[str | None, typer.Option("--url", envvar="EXTRACTOR_URL", help="The service's address.")]
ApiKey = Annotated[
    str | None, typer.Option("--api-key", envvar="EXTRACTOR_API_KEY", show_envvar=True, help="Whose documents.")
]
DraftersFlag = Annotated[str, typer.Option("--drafters", help="all, none, or some of grammar,copy,mtp.")]
MaxTokens = Annotated[int | None, typer.Option("--max-output-tokens", min=1, help="The longest answer.")]
PrintedMode = Annotated[
    Mode, typer.Option("--printed", help="Which values have to stand in the document: declared, all, none.")
]
Charset = Annotated[
    str | None, typer.Option("--charset", help="The encoding of text files; else what they declare, or a guess.")
]
Password = Annotated[
    str | None, typer.Option("--password", envvar="EXTRACTOR_DOCUMENT_PASSWORD", help="Opens documents that need one.")
]


def drafters_of(text: str) -> tuple[str, ...] | None:
    """None for all of them, as options want it."""
    try:
        names = parse_drafters(text)
    except ValueError as error:
        fail(f"--drafters: {error}")
    assert isinstance(names, tuple)
    return None if names == DRAFTERS else names


def options_of(drafters: str, max_output_tokens: int | None, printed: Mode = "declared") -> dict[str, Any]:
    """The options of a submission; what is not said is left to the service."""
    chosen = drafters_of(drafters)
    options = {"drafters": chosen, "max_output_tokens": max_output_tokens, "printed": printed}
    left = {"drafters": None, "max_output_tokens": None, "printed": "declared"}
    return {name: value for name, value in options.items() if value != left[name]}


def sender_of(charset: str | None, password: str | None) -> SubmitOptions:
    """What is known of a document beside its bytes; nothing where nothing is said."""
    options = SubmitOptions()
    if charset is not None:
        options["media_type"] = f"text/plain; charset={charset}"
    if password is not None:
        options["password"] = password
    return options


def connect(url: str | None, api_key: str | None, patience_s: float = 3.0) -> Client:
    """Short patience: a person waits, and wants to hear soon that nothing is there."""
    return Client(url, api_key, patience=Patience(total_s=patience_s))


def schema_of(text: str) -> str | Schema:
    """A name stays a name; a file of JSON Schema (.json) or with a pydantic model (.py) becomes a schema."""
    path = Path(text)
    try:
        if path.suffix == ".py":
            return of_file(path)
        return inline(json_schema_of(path)) if path.suffix == ".json" else text
    except SchemaProblem as problem:
        raise SchemaError(
            f"{text}: {problem.detail}",
            code=problem.code,
            errors=tuple(FieldError(pointer, detail) for pointer, detail in problem.errors),
        ) from None


def known_schema_of(text: str, sources: Sequence[str]) -> Schema:
    """The same where no service knows the name: one of those built in or in `sources`."""
    schema = schema_of(text)
    if isinstance(schema, Schema):
        return schema
    try:
        return Registry.discover(sources).get(schema)
    except UnknownSchema as unknown:
        raise SchemaError(unknown.detail, code=unknown.code) from None
