"""Starts a room of this project as a program, in any working folder: `python -P extractor/processes/launch.py api`.

A user's working folder may hold an `api`, `workers` or `schemas` of its own, as `extractor up` is started in projects.
So it is not on the path of what runs here, and the rooms are always those of this file's own project.
"""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("extractor", "schemas", "workers", "api")
UNRECOVERABLE = 78  # EX_CONFIG of sysexits.h: another start would end alike


class _Rooms(MetaPathFinder):
    """Asked before the path is: our four names are found in this project only."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        return PathFinder.find_spec(fullname, [str(ROOT)]) if fullname in ROOMS else None


def own_rooms() -> None:
    """From now on in this process. The working folder leaves the path unless PYTHONPATH names it in full (an empty or
    a relative entry, as in `PYTHONPATH=$PYTHONPATH:/x`, means whatever folder one happens to be in)."""
    if not any(isinstance(finder, _Rooms) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Rooms())
    named = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if Path(entry).is_absolute()]
    try:
        here = {"", os.getcwd()} - {str(Path(entry)) for entry in named}  # noqa: PTH109 - as sys.path has it
    except FileNotFoundError:  # the folder was removed
        here = {""}
    sys.path[:] = [entry for entry in sys.path if entry not in here]
    if str(ROOT) not in sys.path:  # for the processes that are started from here: they are given this path
        sys.path.append(str(ROOT))


def open_standard_streams() -> None:
    """Whoever started this may have closed them (`extractor … >&-`, some schedulers): what is written goes nowhere, and
    no file or connection that is opened later takes their numbers, because the lowest that is free is taken here."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - stays open


def command(room: str) -> tuple[str, ...]:
    """How to start a room as a program."""
    return (sys.executable, "-P", str(Path(__file__).resolve()), room)


def cli() -> None:
    """The command `extractor`."""
    open_standard_streams()
    own_rooms()
    ctrl_c = signal.getsignal(signal.SIGINT)
    if ctrl_c is signal.default_int_handler:  # nothing is begun yet: Ctrl-C ends the process without a traceback
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        main = import_module("extractor.cli").front()
    except ModuleNotFoundError as error:
        from extractor.processes.packages import missing

        print(f"extractor: {missing(error)}", file=sys.stderr)
        raise SystemExit(2) from None
    signal.signal(signal.SIGINT, ctrl_c)
    main()


def main() -> None:
    import runpy

    room = sys.argv.pop(1)
    own_rooms()
    try:
        runpy.run_module(room, run_name="__main__", alter_sys=True)
    except ModuleNotFoundError as error:
        from extractor.processes.packages import missing

        print(f"extractor {room}: {missing(error)}", file=sys.stderr)
        raise SystemExit(UNRECOVERABLE) from None


if __name__ == "__main__":
    main()
