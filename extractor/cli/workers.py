"""Who does the work behind a service. The client makes the call; this prints what it returns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from extractor.cli.flags import ApiKey, Url, connect
from extractor.cli.output import put, say
from extractor.client import Worker


def workers(
    json: Annotated[bool, typer.Option("--json", help="One line of JSON each, whole.")] = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """The service's workers: state, model, rows busy, tokens/s, when each sent its last heartbeat."""
    with connect(url, api_key) as client:
        found = client.workers()
    if json:
        for one in found:
            put(one.as_json())
    elif found:
        Console(highlight=False).print(_table(found))
    else:
        say("No worker has been heard of lately.")


def _table(found: Sequence[Worker]) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("worker", "state", "model"):
        table.add_column(name, overflow="fold")
    for name in ("busy", "tokens/s", "pid", "last seen"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found:
        state = one.state if one.alive else f"{one.state}, silent"
        model = "" if one.model is None else f"{one.model}@{one.revision[:12]}" if one.revision else one.model
        cells = (one.id, state, model, f"{one.busy}/{one.slots}", f"{one.tokens_per_s:,.1f}", str(one.pid))
        table.add_row(*map(Text, (*cells, one.last_seen_at.strftime("%H:%M:%S"))))  # Text: nothing in them is markup
    return table
