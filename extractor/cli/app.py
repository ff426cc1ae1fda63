"""The table of commands and the one place where errors become exit codes."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated

import typer

from extractor.cli import batch, calibrate, evaluate, gold, keys, local, read, remote, schemas, settings, up, workers
from extractor.cli.ending import status_of
from extractor.cli.help import WIDTH, CommandGroup
from extractor.cli.output import fail, put_text, say

app = typer.Typer(
    name="extractor",
    help="Turns documents into validated JSON.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    cls=CommandGroup,
    context_settings=WIDTH,
)
app.command()(up.up)
app.command()(local.run)
app.command(name="read")(read.command)
app.command()(remote.submit)
app.command()(remote.status)
app.command()(remote.cancel)
app.command(name="list")(remote.list_)
app.command()(batch.batch)
app.command()(gold.gold)
app.command(name="eval")(evaluate.evaluate)
app.command()(calibrate.calibrate)
app.command()(workers.workers)
app.add_typer(schemas.app, name="schemas")
app.add_typer(keys.app, name="keys")
app.command()(settings.settings)


LAB = "extractor.lab"  # what measures and trains: a clone has it, an installed package does not


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
    hidden=find_spec(LAB) is None,
)
def bench(context: typer.Context) -> None:
    """The measurements of the README (`extractor bench --help`), in a clone of the project."""
    if find_spec(LAB) is None:
        fail(
            "bench is not in the installed package: it needs extractor/lab. Run `make bench` in a clone of the project"
        )
    raise typer.Exit(import_module(f"{LAB}.bench.cli").main(context.args))  # here: it loads torch


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        put_text([version("extractor")])
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,  # noqa: ARG001
) -> None:
    """Turns documents into validated JSON."""
    for name, near in settings.unknown(os.environ).items():
        say(f"extractor: {name} is no setting{f'; {near} is' if near else ': extractor settings prints them all'}")
        del os.environ[name]  # told once: what is started from here need not tell it again


def main() -> None:
    """The console script. Never returns."""
    sys.exit(status_of(app))
