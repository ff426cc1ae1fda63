"""Goes through the pages with a running service, and says or mends what no longer holds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from extractor.lab.pages import answer
from extractor.lab.pages.example import Desk, ExampleFailed
from extractor.lab.pages.page import MarkdownPage, PageExample, Region
from extractor.service.plan import ServicePlan
from extractor.service.supervisor import Service

ROOT = Path(__file__).parents[3]
START_S = 300.0


def pages() -> list[str]:
    """All that have marked regions or could have some, by their names in the repository."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *ROOT.glob("extractor/bundled/README.md")]
    return [str(path.relative_to(ROOT)) for path in found]


@contextmanager
def service() -> Iterator[str]:
    """The whole service with the bundled pair on a free port, as `extractor up` runs it; its address."""
    log: list[str] = []
    with Service(ServicePlan(port=0, worker_grace_s=5.0), log.append) as running:
        running.wait_ready(START_S)
        yield running.url


def read(name: str) -> MarkdownPage:
    return MarkdownPage(name, (ROOT / name).read_text("utf-8"))


def renewed(name: str, url: str) -> tuple[MarkdownPage, list[str]]:
    """The page as it would be made now, and what no longer held, a text each: empty where nothing has changed."""
    page = read(name)
    faults: list[str] = []

    def region_text(region: Region) -> str:
        try:
            found = _finished(desk.command(region.command))
        except ExampleFailed as error:
            faults.append(f"{name}: `{region.command}` ended with {error}")
            return region.text
        if found != _finished(region.text):
            faults.append(f"{name}: `{region.command}` gives now\n{found}")
        return found

    def example(shown: PageExample) -> str | None:
        try:
            found = desk.answered(shown)
        except ExampleFailed as error:
            faults.append(f"{name}: the example\n{shown.request}ended with {error}")
            return shown.answer
        if shown.answer is None or answer.same(shown.answer, found):
            return shown.answer
        faults.append(f"{name}: the example\n{shown.request}gives now\n{found}and not\n{shown.answer}")
        return found

    with tempfile.TemporaryDirectory(prefix="pages-") as folder:
        desk = Desk(ROOT, Path(folder), url)
        page.rewrite(region_text, example)
    return page, faults


def _finished(text: str) -> str:
    return f"{text.strip()}\n"
