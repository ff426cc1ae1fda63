"""`extractor settings`: every EXTRACTOR_* variable with its value and where that comes from, secrets masked.

The settings are declared in the rooms that read them; this only collects their declarations.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from extractor.cli.output import put, put_text

PREFIX = "EXTRACTOR_"
_SECRET = re.compile(r"(api_keys?|token|secret|password)$")
_PASSWORD = re.compile(r"(?<=://)([^/@]*:)[^@/]+(?=@)")


class ClientSettings(BaseSettings):
    """What the commands that talk to a service read."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    url: str = Field("http://127.0.0.1:8000", description="The service the commands talk to")
    api_key: str = Field("", description="The key they send")
    debug: str = Field("", description="Anything: show tracebacks of internal errors")


@dataclass(frozen=True)
class Setting:
    name: str
    value: str
    source: str
    description: str
    read_by: tuple[str, ...]


def schema_sources() -> tuple[str, ...]:
    """The folders and modules EXTRACTOR_SCHEMAS names."""
    return tuple(part.strip() for part in os.environ.get("EXTRACTOR_SCHEMAS", "").split(",") if part.strip())


def rooms() -> Iterator[tuple[str, type[BaseSettings]]]:
    """Every settings class, under the name of its room."""
    from api.config import ApiSettings
    from extractor.config import Settings
    from extractor.embedded import EmbeddedSettings
    from workers.config import WorkerSettings

    yield "extractor", Settings
    yield "workers", WorkerSettings
    yield "api", ApiSettings
    yield "up", EmbeddedSettings
    yield "client", ClientSettings


def collected() -> list[Setting]:
    """By name; one that two rooms read stands once. Raises ValidationError for a value that cannot be used."""
    found: dict[str, Setting] = {}
    for room, kind in rooms():
        values = kind()
        for key, field in kind.model_fields.items():
            name = PREFIX + key.upper()
            source = "environment" if name in _environment() else "default"
            before = found.get(name)
            found[name] = Setting(
                name,
                before.value if before else masked(key, getattr(values, key)),
                source,
                before.description if before and before.description else field.description or "",
                (*(before.read_by if before else ()), room),
            )
    return [found[name] for name in sorted(found)]


def masked(key: str, value: Any) -> str:
    """A value as text, with what must not be shown as stars."""
    text = "" if value is None else str(value)
    if _SECRET.search(key):
        return "***" if text else ""
    return _PASSWORD.sub(r"\1***", text)


def settings(json: Annotated[bool, typer.Option("--json", help="One line of JSON each.")] = False) -> None:
    """Every setting: its variable, value, source and meaning."""
    for setting in collected():
        if json:
            put({**vars(setting), "read_by": list(setting.read_by)})
        else:
            meaning = " ".join(setting.description.split())
            put_text([f"{setting.name}={setting.value}  # {setting.source}; {', '.join(setting.read_by)}; {meaning}"])


def _environment() -> set[str]:
    return {name.upper() for name in os.environ}
