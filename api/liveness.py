"""`python -P -m api.liveness`: the liveness probe of the API's container. Status 0 while the API answers /healthz, else
1.

--kill   one that says nothing, three times in a row, is killed (SIGKILL), for `restart:` to start another: docker
         restarts what ends, and nothing for being unhealthy. Which process that is, says the file
         EXTRACTOR_HEARTBEAT_FILE names; the API writes it once it listens.
"""

from __future__ import annotations

import http.client
import os
import sys
from pathlib import Path

from extractor.processes.heartbeat import read

_ANSWER_S = 5.0
_TRIES = 3


def main(arguments: list[str]) -> int:
    kill = "--kill" in arguments
    if any(is_alive() for _ in range(_TRIES if kill else 1)):
        return 0
    name = os.environ.get("EXTRACTOR_HEARTBEAT_FILE", "")
    beat = read(Path(name)) if name and kill else None
    killed = beat is not None and beat.kill()
    print(f"the API does not answer{'; it was killed' if killed else ''}")
    return 1


def is_alive() -> bool:
    """Whatever it answers. A process that closes the connection is alive, and full; a stopped one accepts it (its
    kernel does) and says nothing."""
    connection = http.client.HTTPConnection(_host(), int(os.environ.get("EXTRACTOR_PORT") or 8000), timeout=_ANSWER_S)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse()
    except (ConnectionResetError, BrokenPipeError, http.client.HTTPException):
        return True
    except OSError:
        return False
    finally:
        connection.close()
    return True


def _host() -> str:
    host = os.environ.get("EXTRACTOR_HOST") or "127.0.0.1"
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
