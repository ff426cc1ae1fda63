"""`python -m workers.liveness`: the liveness probe of a worker's container. Status 0 while the worker of this machine
moves; 1 when it does not, or there is none. It reads the file EXTRACTOR_HEARTBEAT_FILE names and asks no store: one
that is away is no reason to start a worker again.

    --ready   it has to take documents, too
    --kill    one that no longer moves is killed (SIGKILL), for `restart:` to start another: docker restarts what
              ends, and nothing for being unhealthy
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from extractor.processes.heartbeat import read

FILE = "EXTRACTOR_HEARTBEAT_FILE"


def main(arguments: list[str]) -> int:
    name = os.environ.get(FILE, "")
    beat = read(Path(name)) if name else None
    if beat is None:
        print(f"no heartbeat: {name or FILE + ' is not set'}")
        return 1
    if beat.silent():
        killed = "--kill" in arguments and beat.kill()
        print(f"process {beat.pid} no longer moves{'; it was killed' if killed else ''}")
        return 1
    print(f"{beat.state}{': ' if beat.why else ''}{beat.why}")
    return int("--ready" in arguments and beat.state != "ready")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
