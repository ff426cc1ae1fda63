"""The command `extractor`: the composition root, and the only part of this package that may enter workers/ and api/.

Exit codes: 0 all succeeded, 1 some documents failed, 2 bad usage or input, 3 the service cannot be reached.
Machine output goes to stdout, everything else to stderr; a user never sees a traceback unless EXTRACTOR_DEBUG is set.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def front() -> Callable[[], Any]:
    """The console script: with Typer every command, without it, beside the client alone, those that ask a service.
    Raises ModuleNotFoundError where something else is missing."""
    main: Callable[[], Any] = import_module(f"{__name__}.{'app' if find_spec('typer') else 'plain'}").main
    return main


def main() -> None:
    """Never returns."""
    front()()
