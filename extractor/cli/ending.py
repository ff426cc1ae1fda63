"""The one place where errors become exit codes."""

from __future__ import annotations

import signal
from collections.abc import Callable

from pydantic import ValidationError

from extractor.cli.output import BAD_INPUT, SOME_FAILED, debugging, describe, exit_code_of, say
from extractor.errors import ExtractorError
from extractor.processes.packages import missing


def status_of(command: Callable[[], object]) -> int:
    """Runs it. What it raises is told on stderr; SystemExit goes through."""
    try:
        command()
    except ExtractorError as error:
        say(f"extractor: {describe(error)}")
        return exit_code_of(error)
    except ValidationError as error:  # of a settings object: values from the environment
        from workers.config import faults_of

        say(f"extractor: {faults_of(error)}")
        return BAD_INPUT
    except ModuleNotFoundError as error:  # an installation for less, asked to do more
        if debugging():
            raise
        say(f"extractor: {missing(error)}")
        return BAD_INPUT
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as error:
        if debugging():
            raise
        say(f"extractor: internal error: {type(error).__name__}; EXTRACTOR_DEBUG=1 shows where")
        return SOME_FAILED
    return 0
