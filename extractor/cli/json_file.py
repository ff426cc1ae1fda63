"""A file of JSON as the service would read it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydantic_core

from extractor.cli.byte_order import as_utf8
from schemas.errors import SchemaProblem


class UnreadableJson(SchemaProblem):
    """The file, and why, in its detail."""


def json_in(file: Path) -> Any:
    """Raises UnreadableJson."""
    try:
        return pydantic_core.from_json(as_utf8(file.read_bytes()), allow_inf_nan=False)
    except OSError as error:
        raise UnreadableJson(f"Cannot read {file}: {error.strerror}") from None
    except ValueError as error:  # UnicodeDecodeError too
        raise UnreadableJson(f"{file} is not JSON: {error}") from None
