"""The file of a submission that came as a form, or as the body itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UploadedFile:
    """`at` points to the file in the request, `media_type_at` to its media type; `fields_at` is put before the pointers
    of the fields that came with it."""

    content: bytes
    media_type: str | None
    filename: str | None
    at: str = "/file"
    media_type_at: str = "/file"
    fields_at: str = ""

    def pointer(self, at: str) -> str:
        """Where in this request stands what would stand at `at` of a body in JSON."""
        return at if at in (self.at, self.media_type_at) else self.fields_at + at.removeprefix("/document")
