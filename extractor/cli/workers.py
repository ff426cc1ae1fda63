"""Who does the work behind a service. The client makes the call; this prints what it returns."""

from __future__ import annotations

from typing import Annotated

from extractor.cli.declare import option
from extractor.cli.flags import ApiKey, Url, connect
from extractor.cli.output import put, put_rows, say
from extractor.client import Worker

_COLUMNS = ("worker", "state", "model", "busy", "tokens/s", "pid", "last seen")


def workers(
    json: Annotated[bool, option("--json", help="One line of JSON each, whole.")] = False,
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
        put_rows([_row(one) for one in found], *_COLUMNS)
    else:
        say("No worker has been heard of lately.")


def _row(one: Worker) -> tuple[str, ...]:
    state = one.state if one.alive else f"{one.state}, silent"
    model = "" if one.model is None else f"{one.model}@{one.revision[:12]}" if one.revision else one.model
    cells = (one.id, state, model, f"{one.busy}/{one.slots}", f"{one.tokens_per_s:,.1f}", str(one.pid))
    return (*cells, one.last_seen_at.strftime("%H:%M:%S"))
