"""Runs an example of a page as a reader would: in a folder of its own, by a shell or by Python, at a running service.

What the page calls `localhost:8000` is that service, and an id that an earlier answer of the page shows is the one that
was given here. Knows no region and no page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from extractor.lab.pages import answer
from extractor.lab.pages.page import PageExample

_PLACE = "localhost:8000"
_LIMIT_S = 120.0
_AGAIN_S = 0.2


class Desk:
    """Where the examples of one page are typed. `root` is the repository, `folder` an empty one to work in."""

    def __init__(self, root: Path, folder: Path, url: str) -> None:
        self._root, self._folder, self._place = root, folder, urlsplit(url).netloc
        self._given: dict[str, str] = {}  # ids of the page → ids of here
        samples = folder / "extractor"  # what the pages call extractor/samples/…, as in a clone
        samples.mkdir(parents=True)
        (samples / "samples").symlink_to(root / "extractor" / "samples")
        tools = Path(sys.executable).parent
        clean = {name: value for name, value in os.environ.items() if not name.startswith("EXTRACTOR_")}
        self._environ = {
            **clean,
            "PATH": f"{tools}{os.pathsep}{clean.get('PATH', '')}",
            "PYTHONPATH": str(root),
            "EXTRACTOR_URL": url,
        }

    def answered(self, example: PageExample) -> str:
        """What comes back now, as the page shows it and in the page's ids. Raises ExampleFailed."""
        deadline = time.monotonic() + _LIMIT_S
        while True:
            output = self._run(example)
            if example.until in output:
                break
            if time.monotonic() > deadline:
                raise ExampleFailed(f"{example.until!r} did not come within {_LIMIT_S:g} s: {output[-1000:]}")
            time.sleep(_AGAIN_S)
        found = answer.written(output, example.show, example.head)
        for named, given in zip(answer.ids(example.answer or ""), answer.ids(found), strict=False):
            self._given.setdefault(named, given)
        return self._as_printed(found)

    def command(self, line: str) -> str:
        """What a command of the repository prints. Raises ExampleFailed."""
        return self._finished(["bash", "-euo", "pipefail", "-c", line], self._root)

    def _run(self, example: PageExample) -> str:
        typed = example.request.replace(_PLACE, self._place)
        for named, given in self._given.items():
            typed = typed.replace(named, given)
        if example.language == "python":
            return self._finished([sys.executable, "-W", "error", "-c", typed], self._folder)
        return self._finished(["bash", "-euo", "pipefail", "-c", typed], self._folder)

    def _finished(self, command: list[str], folder: Path) -> str:
        done = subprocess.run(
            command, cwd=folder, env=self._environ, capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
        if done.returncode:
            raise ExampleFailed(f"exit code {done.returncode}: {done.stdout[-1000:]}{done.stderr[-2000:]}")
        return done.stdout

    def _as_printed(self, text: str) -> str:
        here = {given: named for named, given in self._given.items()}
        text = re.sub("|".join(here) or r"(?!)", lambda found: here[found[0]], text)
        return text.replace(self._place, _PLACE)


class ExampleFailed(Exception):
    """A request of a page did not work; says with what."""
