"""The errors of this room. Each has a `code` for machines, a `detail` for people and the places at fault.

SchemaProblem
├── UnknownSchema        no schema of that name (and version)
├── InvalidSchema        not JSON Schema, over a limit, or uses what can neither be enforced nor checked
└── ValidationProblem    a value does not fit its schema
"""

from __future__ import annotations

Place = tuple[str, str]  # (RFC 6901 JSON pointer, what is wrong there)


class SchemaProblem(Exception):
    """Base of the tree."""

    code = "schema_problem"
    limit: tuple[str, int] | None = None  # of `limits.py`, its name and value, where one was crossed

    def __init__(self, detail: str, errors: list[Place] | None = None, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors or []
        if code is not None:
            self.code = code


class UnknownSchema(SchemaProblem):
    code = "unknown_schema"


class InvalidSchema(SchemaProblem):
    """`code` is `invalid_schema`, `schema_too_large` (over a limit) or `unsupported_keyword`."""

    code = "invalid_schema"


class ValidationProblem(SchemaProblem):
    code = "validation_failed"

    def __init__(self, errors: list[Place]) -> None:
        super().__init__(f"the value does not fit the schema in {len(errors)} place(s)", errors)


def parts_of(pointer: str) -> list[str]:
    """What `pointer` was made of, as texts."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def pointer(*parts: object) -> str:
    """The JSON pointer to `parts`: `pointer("items", 0, "a/b")` is `/items/0/a~1b`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
