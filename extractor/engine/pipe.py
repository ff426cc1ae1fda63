"""The parent's end of the pipe to an engine's process: what is written to it, and how it is hung up."""

from __future__ import annotations

import logging
import os
import queue
import socket
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

log = logging.getLogger(__name__)

Outbox = queue.SimpleQueue[tuple[Any, ...] | None]  # messages, as child.py has them; None ends it


def write_out(pipe: Connection, outbox: Outbox) -> None:
    """Until the child is gone, which a write that hangs is told by an error too. What cannot be written ends the child,
    and so fails whoever waits."""
    try:
        while (message := outbox.get()) is not None:
            pipe.send(message)
    except (OSError, ValueError):
        return
    except Exception as error:  # its text may quote a document
        log.error("what the engine's process is to do cannot be written: %s", type(error).__name__)
        hang_up(pipe)


def hang_up(pipe: Connection) -> None:
    """Whoever reads or writes it here comes to its end now; what has arrived is read first."""
    with suppress(OSError), socket.socket(fileno=os.dup(pipe.fileno())) as end:
        end.shutdown(socket.SHUT_RDWR)
