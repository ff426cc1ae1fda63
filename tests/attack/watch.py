"""Watches the processes of a service: who died, and how much memory each kind ever held. Kills one that takes more
than a machine can spare, and says so."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import psutil

ENGINE = "extractor.engine.child"
EVERY_S = 0.25
MOST_BYTES = 6 * 1024**3


class ProcessWatch:
    """`pids`: the service's own, by name; their children are found."""

    def __init__(self, pids: Callable[[], Mapping[str, int]]) -> None:
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch")
        self._first: dict[str, psutil.Process] = {}
        self.peaks: dict[str, int] = {}
        self.killed: list[str] = []

    def __enter__(self) -> ProcessWatch:
        for name, process in self._lasting():
            self._first[name] = process
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def deaths(self) -> list[str]:
        """Of those that were there at the beginning and are meant to stay."""
        return [name for name, process in self._first.items() if not process.is_running()]

    def _lasting(self) -> list[tuple[str, psutil.Process]]:
        found = []
        for name, pid in self._pids().items():
            process = psutil.Process(pid)
            found.append((name, process))
            engines = [child for child in process.children() if ENGINE in _command(child)]
            found += [(f"{name}'s engine", child) for child in engines]
        return found

    def _run(self) -> None:
        while not self._over.wait(EVERY_S):
            for name, pid in self._pids().items():
                with suppress(psutil.Error):
                    parent = psutil.Process(pid)
                    self._note(name, parent)
                    for child in parent.children(recursive=True):
                        kind = "engine" if ENGINE in _command(child) else "sandbox"
                        self._note(f"{name}'s {kind}", child)

    def _note(self, name: str, process: psutil.Process) -> None:
        with suppress(psutil.Error):
            held = process.memory_info().rss
            self.peaks[name] = max(self.peaks.get(name, 0), held, _most(process.pid))
            if held > MOST_BYTES:
                process.kill()
                self.killed.append(f"{name} at {held >> 20:,} MiB")


def _most(pid: int) -> int:
    """What it ever held, as the kernel has kept it; between two looks it may be more than at either."""
    with suppress(OSError):
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        return int(found[1]) * 1024 if found else 0
    return 0


def _command(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""
