"""`extractor settings`: every EXTRACTOR_* variable with its value and where that comes from, secrets masked.

The settings are declared in the rooms that read them; this only collects their declarations.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from extractor.cli.output import put, put_text
from extractor.config import PREFIX, Settings, read_settings

# Of a flag, of docker/compose.yaml, and the old name of MAX_MODEL_CALLS.
_ELSEWHERE = frozenset({"DOCUMENT_PASSWORD", "PUBLISH", "MAX_ASKS"})
_SECRET = re.compile(r"(api_keys?|token|secret|password)$")
_PASSWORD = re.compile(r"(?<=://)([^/@]*:)[^@/]+(?=@)")


class ClientSettings(BaseSettings):
    """What the commands that talk to a service read."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    url: str = Field("http://127.0.0.1:8000", description="Service that the commands and `Client` talk to")
    api_key: str = Field("", description="Key that the commands and `Client` send")
    debug: str = Field("", description="Any value: show the traceback of an internal error")


class TraceSettings(BaseSettings):
    """What API and workers read for traces (workers/observability/tracing.py)."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    otel: str = Field("", description="Send traces over OTLP, true or false; empty: where an OTEL_* endpoint is set")


class BenchSettings(BaseSettings):
    """What `extractor bench` reads besides the settings of the library (extractor/lab/bench/vllm.py)."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    bench_vllm: str = Field(
        "", description="Python of an environment with vLLM, for `extractor bench --baseline vllm,vllm-mtp`"
    )


@dataclass(frozen=True)
class Setting:
    name: str
    value: str
    source: str
    description: str
    read_by: tuple[str, ...]


def schema_sources() -> tuple[str, ...]:
    """The folders and modules EXTRACTOR_SCHEMAS names. Raises InputError."""
    return read_settings().schemas


def rooms() -> Iterator[tuple[str, type[BaseSettings]]]:
    """Every settings class, under the name of its room."""
    from api.config import ApiSettings
    from extractor.service.valkey import EmbeddedSettings
    from workers.config import WorkerSettings

    yield "extractor", Settings
    yield "workers", WorkerSettings
    yield "api", ApiSettings
    yield "up", EmbeddedSettings
    yield "client", ClientSettings
    yield "api, workers", TraceSettings
    yield "bench", BenchSettings


def collected() -> list[Setting]:
    """By name; one line for the rooms that read a variable as the same value. Raises ValidationError for a value that
    cannot be used."""
    found: dict[tuple[str, str], Setting] = {}
    for room, kind in rooms():
        values = kind()
        for key, declared in kind.model_fields.items():
            name, value = PREFIX + key.upper(), masked(key, getattr(values, key))
            source = "environment" if os.environ.get(name) else "default"
            setting = found.get((name, value)) or Setting(name, value, source, declared.description or "", ())
            found[name, value] = replace(setting, read_by=(*setting.read_by, room))
    return [found[key] for key in sorted(found)]


def unknown(environ: Iterable[str]) -> dict[str, str | None]:
    """Variables that look like settings and are none, with the name that was perhaps meant."""
    settings = {name.upper() for _, kind in rooms() for name in kind.model_fields}
    named = {name: name.upper().removeprefix(PREFIX) for name in sorted(environ) if name.upper().startswith(PREFIX)}
    near = {
        name: difflib.get_close_matches(bare, settings, n=1)
        for name, bare in named.items()
        if bare not in settings | _ELSEWHERE
    }
    return {name: PREFIX + found[0] if found else None for name, found in near.items()}


def masked(key: str, value: Any) -> str:
    """A value as text, with what must not be shown as stars."""
    text = ",".join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)
    text = text.lower() if isinstance(value, bool) else text
    if _SECRET.search(key):
        return "***" if text else ""
    return _PASSWORD.sub(r"\1***", text)


def page() -> str:
    """docs/settings.md, with the values of where this runs."""
    rows = [
        f"| `{one.name}` | {f'`{one.value}`' if one.value else ''} | {', '.join(one.read_by)} | {one.description} |"
        for one in collected()
    ]
    return "\n".join([_PAGE, *rows, ""])


_PAGE = """# Settings

Every setting is an environment variable. A setting that is not set, or is set to nothing, has its default.
`extractor settings` prints each with its value here and where the value comes from; secrets are shown as stars.
`extractor settings --markdown` prints this page, and with no variable set it prints exactly this page.

*Read by* says which programs use a setting:

| read by | programs |
| --- | --- |
| `extractor` | the library, `extractor run`, and every worker |
| `workers` | every worker; the API uses those of Redis, quotas, keeping and logs |
| `api` | the API |
| `up` | `extractor up`, for the store that it starts |
| `client` | `Client` and the commands that talk to a service |
| `bench` | `extractor bench` |

| variable | default | read by | meaning |
| --- | --- | --- | --- |"""


def settings(
    json: Annotated[bool, typer.Option("--json", help="One line of JSON each.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="The table of docs/settings.md.")] = False,
) -> None:
    """Every setting: its variable, value, source and meaning."""
    if markdown:
        put_text([page().rstrip()])
        return
    for setting in collected():
        if json:
            put({**vars(setting), "read_by": list(setting.read_by)})
        else:
            meaning = " ".join(setting.description.split())
            put_text([f"{setting.name}={setting.value}  # {setting.source}; {', '.join(setting.read_by)}; {meaning}"])
