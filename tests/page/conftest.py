"""A service and a browser for all tests of the page. What a view looks like is kept in build/page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from extractor.service.plan import ServicePlan
from extractor.service.supervisor import Service
from tests.page.support import PICTURES, Visitor

# As root in a container Chromium needs the first; the others keep it from asking its maker's servers for anything.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    with Service(ServicePlan(port=0), lambda _: None) as running:
        running.wait_ready(200.0)
        yield running


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=os.environ["BROWSER"], args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture(scope="session", autouse=True)
def pictures() -> None:
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir(parents=True)


@pytest.fixture
def visit(browser: Any, request: pytest.FixtureRequest) -> Iterator[Callable[..., Visitor]]:
    """Opens a view in a window of its own, of `url` or of the service with the bundled pair. Whatever the browser
    complains of fails the test."""
    visitors: list[Visitor] = []

    def opened(view: str = "try", *, url: str = "", **more: Any) -> Visitor:
        context = browser.new_context(viewport=more.pop("viewport", {"width": 1280, "height": 900}), **more)
        visitors.append(Visitor(context, url or request.getfixturevalue("service").url))
        visitors[-1].go(view)
        return visitors[-1]

    yield opened
    for visitor in visitors:
        visitor.context.close()
    assert [line for visitor in visitors for line in visitor.complaints] == []


@pytest.fixture
def samples() -> Path:
    return Path(__file__).parents[2] / "extractor" / "samples"
