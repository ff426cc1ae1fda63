"""The command `extractor` beside the client alone (httpx and pydantic): what talks to a service works, by argparse, out
of the same declarations that Typer reads where it is installed. Everything else says what to install."""

from __future__ import annotations

import argparse
import inspect
import os
import sys
import types
import typing
from collections.abc import Callable
from enum import EnumMeta
from functools import partial
from importlib.metadata import version
from typing import Any, NoReturn

from extractor.cli import batch, gold, remote, workers
from extractor.cli.declare import Exit
from extractor.cli.ending import status_of
from extractor.cli.output import BAD_INPUT, put_text, say

Command = Callable[..., None]
COMMANDS: dict[str, Command] = {
    "submit": remote.submit,
    "status": remote.status,
    "cancel": remote.cancel,
    "list": remote.list_,
    "batch": batch.batch,
    "gold": gold.gold,
    "workers": workers.workers,
}
NEED = {  # of the other commands: the extra that brings what they work with
    "up": "all",
    "run": "all",
    "read": "documents",
    "eval": "all",
    "calibrate": "all",
    "schemas": "service",
    "keys": "service",
    "settings": "service",
    "bench": "dev",
}


def main() -> NoReturn:
    """The console script."""
    sys.exit(status_of(partial(_run, sys.argv[1:])))


def _run(arguments: list[str]) -> None:
    if arguments and arguments[0] in NEED:
        what = f"'.[{NEED[arguments[0]]}]'"
        say(
            f"extractor: {arguments[0]} needs more than the client, which is installed here: in a clone, "
            f"pip install -c constraints.txt {what}"
        )
        raise SystemExit(BAD_INPUT)
    if arguments == ["--version"]:
        put_text([version("extractor")])
        return
    given = vars(parser().parse_args(arguments))
    given.pop("version")
    command: Command = given.pop("command")
    try:
        command(**given)
    except Exit as ended:
        raise SystemExit(ended.exit_code) from None


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser("extractor", description="Turns documents into validated JSON.", allow_abbrev=False)
    whole.add_argument("--version", action="store_true", help="Print it.")
    commands = whole.add_subparsers(
        title="Commands", required=True, metavar="COMMAND", description=f"Not installed here: {', '.join(NEED)}."
    )
    for name, command in COMMANDS.items():
        text = inspect.getdoc(command) or ""
        one = commands.add_parser(name, help=text.split("\n\n")[0], description=text, allow_abbrev=False)
        declare(one, command)
    return whole


def declare(to: argparse.ArgumentParser, command: Command) -> None:
    """Its flags and arguments."""
    to.set_defaults(command=command)
    hints = typing.get_type_hints(command, include_extras=True)
    for parameter in inspect.signature(command).parameters.values():
        _add(to, parameter, hints[parameter.name])


def _add(to: argparse.ArgumentParser, parameter: inspect.Parameter, hint: Any) -> None:
    kind, flag = typing.get_args(hint)[:2]
    names = _names(flag)
    if not names:
        name = (flag.metavar or parameter.name).rstrip(".")
        many = typing.get_origin(kind) is list
        to.add_argument(parameter.name, nargs="+" if many else None, metavar=name, help=flag.help)
        return
    more: dict[str, Any] = {"dest": parameter.name, "help": _escaped(flag), "default": _default(parameter, flag)}
    if kind is bool:
        to.add_argument(*names, action="store_true", **more)
        return
    more["required"] = parameter.default is inspect.Parameter.empty
    choices, convert = _values(kind, flag.min)
    # A metavar for a default that is none: argparse would show the name of the parameter.
    metavar = flag.metavar or (None if choices else names[0].lstrip("-").replace("-", "_").upper())
    to.add_argument(*names, type=convert, choices=choices, metavar=metavar, **more)


def _names(flag: Any) -> list[str]:
    """Typer keeps the first as a default until it reads the declaration."""
    first = getattr(flag, "default", None)
    return [*([first] if isinstance(first, str) else []), *(flag.param_decls or ())]


def _values(kind: Any, least: int | None) -> tuple[list[Any] | None, Callable[[str], Any]]:
    """What may be said, where that is a list; and how a word becomes a value."""
    if isinstance(kind, types.UnionType):  # X | None
        kind = next(one for one in typing.get_args(kind) if one is not type(None))
    if typing.get_origin(kind) is typing.Literal:
        return list(typing.get_args(kind)), str
    if isinstance(kind, EnumMeta):
        return list(kind), kind
    if kind is int:
        return None, partial(_number, least)
    return None, kind


def _number(least: int | None, text: str) -> int:
    if not text.lstrip("-").isdigit() or (least is not None and int(text) < least):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number" + ("" if least is None else f" from {least} on"))
    return int(text)


def _default(parameter: inspect.Parameter, flag: Any) -> Any:
    default = None if parameter.default is inspect.Parameter.empty else parameter.default
    return os.environ.get(flag.envvar) or default if isinstance(flag.envvar, str) else default


def _escaped(flag: Any) -> str:
    """For argparse, to which a percent sign is a place for a value."""
    variable = f" Else {flag.envvar}." if isinstance(flag.envvar, str) else ""
    return f"{flag.help}{variable}".replace("%", "%%")
