"""API keys for tenants: made here, kept nowhere."""

from __future__ import annotations

from typing import Annotated

import typer

from extractor.cli.help import Group
from extractor.cli.output import fail, put_text, say

app = typer.Typer(name="keys", help="API keys for tenants.", no_args_is_help=True, cls=Group)


@app.callback()
def _keys() -> None:
    """API keys for tenants."""


@app.command()
def new(tenant: Annotated[str, typer.Argument(help="Whose key: lower-case letters, digits, - and _.")]) -> None:
    """Make a key. Prints the key (for the client), then the entry for EXTRACTOR_API_KEYS (for the service)."""
    from api.keys import KeyConfigError, new_key

    try:
        made = new_key(tenant)
    except KeyConfigError as error:
        fail(str(error))
    say("The client's key (shown once, stored nowhere), then the service's entry for EXTRACTOR_API_KEYS:")
    put_text([made.key, made.entry])
