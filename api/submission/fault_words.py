"""What pydantic finds wrong with a field, in words of JSON: no class, no type of Python, and no value that was sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_TYPES = {  # by pydantic's name of the fault: what has to be there
    "model_type": "an object",
    "dict_type": "an object",
    "list_type": "a list",
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of fewer digits",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number that is finite",
}
_HAS = {"DocumentIn": ' with "text" or "content"', "WebhookIn": ' with "url"'}  # what an object cannot be without
_OTHERS: dict[str, Callable[[dict[str, Any]], str]] = {  # by the same name, of what pydantic knows about the fault
    "missing": lambda _: "is missing",
    "extra_forbidden": lambda _: "no field of this name is known here",
    "literal_error": lambda ctx: f"has to be {ctx['expected']}".replace("'", '"'),
    "greater_than": lambda ctx: f"has to be more than {_number(ctx['gt'])}",
    "greater_than_equal": lambda ctx: f"has to be at least {_number(ctx['ge'])}",
    "less_than": lambda ctx: f"has to be less than {_number(ctx['lt'])}",
    "less_than_equal": lambda ctx: f"has to be at most {_number(ctx['le'])}",
    "string_pattern_mismatch": lambda ctx: f"has to match the pattern {ctx['pattern']}",
    "string_too_short": lambda ctx: _length("at least", ctx["min_length"], "character"),
    "string_too_long": lambda ctx: _length("at most", ctx["max_length"], "character"),
}


def in_words(fault: Any) -> str:
    """`fault`: one of the `errors()` of a ValidationError, with its input. What a validator of ours says stays."""
    name = "its name " if fault["loc"][-1:] == ("[key]",) else ""
    return name + _words(fault["type"], fault.get("ctx") or {}, fault)


def _words(kind: str, ctx: dict[str, Any], fault: Any) -> str:
    if "_parsing" in kind or kind == "finite_number":  # of a query, where everything is text
        return f"has to be {_TYPES[kind]}"
    if kind in _TYPES:
        return wanted(_TYPES[kind] + _HAS.get(ctx.get("class_name", ""), ""), fault["input"])
    if kind in ("too_short", "too_long"):  # of a list, an object, or a secret text
        one = "character" if ctx["field_type"] == "Value" else "member"
        at_least = kind == "too_short"
        return _length("at least" if at_least else "at most", ctx["min_length" if at_least else "max_length"], one)
    if kind in _OTHERS:
        return _OTHERS[kind](ctx)
    return str(fault["msg"]).removeprefix("Value error, ")


def wanted(what: str, value: object) -> str:
    """`what` has to be where `value` is. Says too what `value` is, but for a number that is not the right one."""
    return f"has to be {what}{_instead(what, value)}"


def _instead(what: str, value: object) -> str:
    if value is None:
        return ", not null"
    if isinstance(value, bool):
        return ", not true or false"
    for kind, name in ((str, "text"), (dict, "an object"), (list, "a list"), (int | float, "a number")):
        if isinstance(value, kind):
            return "" if name == "a number" and "number" in what else f", not {name}"
    return ""


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


def _length(most: str, count: int, one: str) -> str:
    return f"has to have {most} {count:,} {one}{'' if count == 1 else 's'}"
