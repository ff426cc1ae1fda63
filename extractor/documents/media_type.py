"""Media types as senders write them: `Text/HTML; charset="latin-1"`."""

from __future__ import annotations


def parse_media_type(value: str | None) -> tuple[str, str | None]:
    """The type in lower case, "" where none is given, and the charset it names. The first charset parameter counts."""
    media_type, *parameters = (value or "").split(";")
    for parameter in parameters:
        name, _, charset = parameter.partition("=")
        if name.strip().lower() == "charset":
            return media_type.strip().lower(), charset.strip().strip("\"'").lower() or None
    return media_type.strip().lower(), None
