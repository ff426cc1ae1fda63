"""Flags that several commands take, and what they become."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from extractor.cli.declare import option
from extractor.cli.json_file import UnreadableJson, json_in
from extractor.cli.output import fail
from extractor.client import Client, Patience
from extractor.client.document import SubmitOptions, printable
from extractor.drafters import DRAFTERS, parse_drafters
from extractor.errors import FieldError, SchemaError
from schemas.errors import SchemaProblem, UnknownSchema
from schemas.keywords import Mode

if TYPE_CHECKING:
    from schemas.schema import Schema

SchemaName = Annotated[str, option("--schema", "-s", help="A schema's name, name@version, or a file (.json, .py).")]
GoldSchema = Annotated[str | None, option("--schema", "-s", help="As for run; documents may name their own.")]
ModelFlag = Annotated[str | None, option("--model", help="A hub id or a folder; else EXTRACTOR_MODEL.")]
AtOnce = Annotated[int | None, option("--rows", min=1, help="Documents at a time; else EXTRACTOR_SLOTS.")]
Url = Annotated[str | None, option("--url", envvar="EXTRACTOR_URL", help="The service's address.")]
ApiKey = Annotated[str | None, option("--api-key", envvar="EXTRACTOR_API_KEY", help="Whose documents.")]
DraftersFlag = Annotated[str, option("--drafters", help="all, none, or some of grammar,copy,mtp.")]
MaxTokens = Annotated[int | None, option("--max-output-tokens", min=1, help="The longest answer.")]
KeepText = Annotated[
    bool, option("--keep-text", help="The text stays with the result, for who reviews it on the page.")
]
PrintedMode = Annotated[
    Mode, option("--printed", help="Which values have to stand in the document: declared, all, none.")
]
ReviewBelow = Annotated[
    float | None, option("--review-below", help="Mark what is less sure than this, 0 to 1; else as the model says.")
]
Charset = Annotated[
    str | None, option("--charset", help="The encoding of text files; else what they declare, or a guess.")
]
Password = Annotated[
    str | None, option("--password", envvar="EXTRACTOR_DOCUMENT_PASSWORD", help="Opens documents that need one.")
]


def drafters_of(text: str) -> tuple[str, ...] | None:
    """None for all of them, as options want it."""
    try:
        names = parse_drafters(text)
    except ValueError as error:
        fail(f"--drafters: {error}")
    assert isinstance(names, tuple)
    return None if names == DRAFTERS else names


def checked_share(flag: str, value: float | None) -> float | None:
    """Ends the command where it is no number from 0 to 1."""
    if value is not None and not 0 <= value <= 1:
        fail(f"{flag}: {value:g} is not between 0 and 1")
    return value


def options_of(
    drafters: str,
    max_output_tokens: int | None,
    printed: Mode = "declared",
    *,
    text: bool = False,
    review_below: float | None = None,
) -> dict[str, Any]:
    """The options of a submission; what is not said is left to the service."""
    chosen = drafters_of(drafters)
    options = {"drafters": chosen, "max_output_tokens": max_output_tokens, "printed": printed, "text": text}
    left = {"drafters": None, "max_output_tokens": None, "printed": "declared", "text": False}
    differing = {name: value for name, value in options.items() if value != left[name]}
    below = checked_share("--review-below", review_below)
    return differing if below is None else {**differing, "review_below": below}


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


def schema_of(text: str) -> str | dict[str, Any] | Schema:
    """A name stays a name; a file of JSON Schema (.json) or with a pydantic model (.py) becomes a schema. Beside the
    client alone JSON Schema stays what it is, for the service to judge, and a class raises ModuleNotFoundError."""
    path = Path(text)
    try:
        if path.suffix == ".py":
            from schemas.files import of_file

            if not path.is_file():
                fail(f"There is no file {printable(path)}")
            return of_file(path)
        return _inline(json_in(path)) if path.suffix == ".json" else text
    except UnreadableJson as problem:
        fail(problem.detail)
    except SchemaProblem as problem:
        raise SchemaError(
            f"{text}: {problem.detail}",
            code=problem.code,
            errors=tuple(FieldError(pointer, detail) for pointer, detail in problem.errors),
        ) from None


def _inline(json_schema: Any) -> dict[str, Any] | Schema:
    """Raises SchemaProblem."""
    try:
        from schemas.schema import inline
    except ModuleNotFoundError as error:
        if error.name != "jsonschema_rs":
            raise
        if not isinstance(json_schema, dict):
            raise SchemaProblem("a JSON Schema is an object") from None
        return json_schema
    return inline(json_schema)


def known_schema_of(text: str, sources: Sequence[str]) -> Schema:
    """The same where no service knows the name: one of those built in or in `sources`."""
    from schemas.registry import Registry
    from schemas.schema import Schema

    schema = schema_of(text)
    if isinstance(schema, Schema):
        return schema
    assert isinstance(schema, str)  # the schema machinery is here: nothing stays a dict
    try:
        return Registry.discover(sources).get(schema)
    except UnknownSchema as unknown:
        raise SchemaError(unknown.detail, code=unknown.code) from None
