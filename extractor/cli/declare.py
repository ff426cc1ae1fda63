"""What a command says of its flags, once for two front ends: Typer (app.py), and where only the client is installed
argparse (plain.py). Typer's own records are used where it is there."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

typer: ModuleType | None
try:
    import typer
except ModuleNotFoundError:  # the client alone
    typer = None


@dataclass(frozen=True)
class Flag:
    """As Typer's `OptionInfo` and `ArgumentInfo` have it; of an argument there are no `param_decls`."""

    param_decls: tuple[str, ...]
    help: str
    metavar: str | None = None
    min: int | None = None
    envvar: str | None = None


class PlainExit(RuntimeError):
    """As Typer's."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(code)
        self.exit_code = code


Exit: Any = PlainExit if typer is None else typer.Exit


def option(
    *names: str,
    help: str,
    metavar: str | None = None,
    min: int | None = None,
    envvar: str | None = None,
) -> Any:
    if typer is None:
        return Flag(names, help, metavar, min, envvar)
    return typer.Option(*names, help=help, metavar=metavar, min=min, envvar=envvar)


def argument(*, metavar: str | None = None, help: str) -> Any:
    return Flag((), help, metavar) if typer is None else typer.Argument(metavar=metavar, help=help)
