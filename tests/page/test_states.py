"""What the page says of what waits, of what runs and of what was stopped, in a browser and without a model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.page.support import WIDTHS, Visitor
from tests.support.served import Api
from tests.support.valkey import Valkey

pytestmark = [pytest.mark.page, pytest.mark.timeout(300)]
Visit = Callable[..., Visitor]


def send_batch(api: Api, *custom_ids: str) -> str:
    lines = [{"schema": "contact", "custom_id": one, "document": {"text": "Name: Ada Bell"}} for one in custom_ids]
    body = "".join(json.dumps(line) + "\n" for line in lines)
    headers = {"Content-Type": "application/x-ndjson"}
    made = httpx.post(f"{api.url}/v1/batches", content=body, headers=headers, trust_env=False)
    assert made.status_code == 202, made.text
    return str(made.json()["id"])


# Of each element of a selector its text, and how many lines that takes. In one call: lists are written anew.
LINES = """selector => Object.fromEntries([...document.querySelectorAll(selector)].map((element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  return [element.textContent, new Set([...range.getClientRects()].map((one) => Math.round(one.top))).size];
}))"""
HEIGHTS = "() => [...document.querySelectorAll('.list tbody tr')].map((row) => row.getBoundingClientRect().height)"
STATUS_ENDS = "() => document.querySelector('.list .state').getBoundingClientRect().right"


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with Valkey(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture(scope="module")
def api(valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with Api(valkey, tmp_path_factory.mktemp("api")) as running:
        yield running


def test_reasons_are_said_in_words(visit: Visit, api: Api) -> None:
    batch = send_batch(api, "card-1")
    visitor = visit(f"batches/{batch}", url=api.url)
    page = visitor.page
    page.get_by_text("No worker is alive; it starts when one is").wait_for()
    visitor.check_everywhere()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("Cancelled because somebody asked").wait_for()
    visitor.go(f"jobs/of/{batch}")
    page.locator(".why", has_text="Cancelled because somebody asked").wait_for()
    assert "requested" not in page.locator("main").text_content()


@pytest.mark.parametrize("width", WIDTHS)
def test_an_id_stands_in_a_line(visit: Visit, api: Api, width: int) -> None:
    names = ("0" * 32, "550e8400-e29b-41d4-a716-446655440000", "w" * 64)
    batch = send_batch(api, *names)
    visitor = visit(f"jobs/of/{batch}", url=api.url, viewport={"width": width, "height": 800})
    page = visitor.page
    page.get_by_role("link", name=names[0]).wait_for()
    lines = page.evaluate(LINES, ".list .name")
    assert lines.pop(names[2]) > 1, "what is longer than an id breaks"
    assert lines == dict.fromkeys(names[:2], 1 if width > 480 else 2)
    assert page.evaluate(STATUS_ENDS) <= width, "what an id leaves no room for is seen: there it breaks too"
    assert sorted(page.evaluate(HEIGHTS))[1] < 110, "no column is squeezed until rows are tall"
    visitor.check_everywhere()
    visitor.picture(f"jobs-of-a-batch-{width}")
    page.get_by_role("link", name=names[0]).click()
    page.locator(".facts").wait_for()
    assert list(page.evaluate(LINES, ".facts code").values()) == [1, 1], "its own and its batch's"
    visitor.check_everywhere()
    visitor.picture(f"job-of-a-batch-{width}")
    page.locator(".facts a").click()
    page.get_by_role("link", name="Its jobs").wait_for()
    assert page.evaluate(LINES, ".facts code") == {batch: 1}
