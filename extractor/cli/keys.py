"""API keys for tenants: made here, and kept as hashes in the file that a service follows while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from extractor.cli.help import CommandGroup
from extractor.cli.output import fail, put_rows, put_text, say

if TYPE_CHECKING:
    from api.keys.keys import ApiKeys

app = typer.Typer(name="keys", help="API keys for tenants.", no_args_is_help=True, cls=CommandGroup)
_Tenant = Annotated[str, typer.Argument(help="Whose key: lower-case letters, digits, - and _.")]
_File = Annotated[Path | None, typer.Option("--file", help="The file of keys; else the one EXTRACTOR_API_KEYS names.")]


@app.callback()
def _keys() -> None:
    """API keys for tenants."""


@app.command()
def new(tenant: _Tenant) -> None:
    """Make a key. Prints the key (for the client), then the entry for EXTRACTOR_API_KEYS (for the service)."""
    key, entry = _new_entry(tenant)
    say("The client's key (shown once, stored nowhere), then the service's entry for EXTRACTOR_API_KEYS:")
    put_text([key, entry])


@app.command()
def add(tenant: _Tenant, file: _File = None) -> None:
    """Make a key and put its entry into the file. A running service takes it within a second."""
    path = _file(file)
    text = _text(path) if path.exists() else ""
    key, entry = _new_entry(tenant)
    try:
        with path.open("a", encoding="utf-8") as opened:
            opened.write(f"{'' if not text or text.endswith(chr(10)) else chr(10)}{entry}\n")
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    say(f"Added to {path}. The client's key (shown once, stored nowhere):")
    put_text([key])


@app.command(name="list")
def list_(file: _File = None) -> None:
    """The keys of the file: their ids and tenants."""
    put_rows([(entry.id, entry.tenant) for entry in _of(_text(_file(file))).entries], "ID", "TENANT")


@app.command()
def revoke(id: Annotated[str, typer.Argument(help="As `keys list` shows it.")], file: _File = None) -> None:
    """Take a key out of the file. A running service ends what is done with it within a second."""
    from api.keys.keys import without

    path = _file(file)
    text = _text(path)
    found = {entry.digest: entry for entry in _of(text).entries if len(id) >= 6 and entry.digest.startswith(id.lower())}
    if len(found) != 1:
        fail(f"{len(found) or 'No'} keys of {path} have the id {id}; `extractor keys list` shows them")
    ((digest, entry),) = found.items()
    try:
        with path.open("r+b") as opened:  # in place: a file that is mounted into a container stays the same file
            opened.write(without(text, digest).encode())
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    say(f"Revoked: {entry.id} of {entry.tenant}")


def _new_entry(tenant: str) -> tuple[str, str]:
    from api.keys.keys import KeyConfigError, new_key

    try:
        new = new_key(tenant)
    except KeyConfigError as error:
        fail(str(error))
    return new.key, new.entry


def _file(given: Path | None) -> Path:
    from api.config import ApiSettings
    from api.keys.keys import file_of

    path = given or file_of(ApiSettings().api_keys)
    if path is None:
        fail("Name the file of keys by --file, or in EXTRACTOR_API_KEYS (which holds none or entries now)")
    return path


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"{path} is not UTF-8")


def _of(text: str) -> ApiKeys:
    from api.keys.keys import ApiKeys, KeyConfigError

    try:
        return ApiKeys.of_file(text.encode())
    except KeyConfigError as error:
        fail(str(error))
