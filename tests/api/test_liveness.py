"""The probe of the API's container, at a real API."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from api import liveness
from tests.support.served import Api, wait_until
from tests.support.valkey import Valkey, free_port

pytestmark = pytest.mark.timeout(200)


def test_an_api_that_says_nothing_is_killed_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "heartbeat"
    with Valkey(tmp_path / "valkey") as valkey, Api(valkey, tmp_path, heartbeat_file=str(file)) as api:
        monkeypatch.setenv("EXTRACTOR_PORT", str(api.port))
        monkeypatch.setenv("EXTRACTOR_HEARTBEAT_FILE", str(file))
        assert wait_until(file.exists, 10)
        assert liveness.main(["--kill"]) == 0
        os.kill(api.pid, signal.SIGSTOP)
        monkeypatch.setattr(liveness, "_ANSWER_S", 0.3)
        assert liveness.main([]) == 1
        assert api.process is not None
        assert api.process.poll() is None, "it was only asked"
        assert liveness.main(["--kill"]) == 1
        assert api.process.wait(10) == -signal.SIGKILL
        assert liveness.main(["--kill"]) == 1, "nobody is there"


def test_one_that_ends_connections_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is full, and no reason to kill it."""
    port = free_port()
    monkeypatch.setenv("EXTRACTOR_PORT", str(port))
    assert not liveness.is_alive()
    with socket.create_server(("127.0.0.1", port)) as server:
        full = threading.Thread(target=lambda: server.accept()[0].close())
        full.start()
        assert liveness.is_alive()
        full.join()
