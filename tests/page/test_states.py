"""What the page says of what waits, of what runs and of what was stopped, in a browser and without a model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.page.support import EXTRACTED_MS, WIDTHS, Visitor
from tests.support.api_support import ANSWER, BODY, FakeWorker
from tests.support.fleet import Fleet
from tests.support.long_documents import ledger
from tests.support.served import Api
from tests.support.valkey import Valkey

pytestmark = [pytest.mark.page, pytest.mark.timeout(300)]
Visit = Callable[..., Visitor]
SCHEMAS = "tests.support.window_engine"


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
    with Api(valkey, tmp_path_factory.mktemp("api"), schemas=SCHEMAS) as running:
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


# What has stood under the form, each once and in its order.
SAID = """() => {
  const place = document.querySelector(".progress");
  window.said = [];
  new MutationObserver(() => {
    const text = place.textContent.trim();
    if (text && text !== window.said.at(-1)) window.said.push(text);
  }).observe(place, { childList: true, subtree: true, characterData: true });
}"""


def test_a_long_document_says_how_far_it_is(visit: Visit, api: Api, valkey: Valkey, tmp_path: Path) -> None:
    document, rows = ledger(12, 60)
    settings = {"extractor_factory": "tests.support.window_worker:make", "warm_up": False, "slots": 2}
    with Fleet(valkey, tmp_path, **settings) as fleet:
        fleet.environ = {
            "EXTRACTOR_SCHEMAS": SCHEMAS, "EXTRACTOR_CONTEXT": "2048", "EXTRACTOR_SLOTS": "2", "WINDOW_S": "1.5",
        }  # fmt: skip
        fleet.start()
        visitor, jobs = visit(url=api.url), visit("jobs", url=api.url)
        page = visitor.page
        page.locator('.choice option[value="window_engine"]').wait_for(state="attached")
        page.select_option(".choice select", "window_engine")
        page.get_by_label("Text of the document").fill(document.text)
        page.evaluate(SAID)
        page.get_by_role("button", name="Extract", exact=True).click()
        progress = re.compile(r"(\d+) of (\d+) parts read")
        page.locator(".progress").filter(has_text=progress).wait_for(timeout=EXTRACTED_MS)
        jobs.page.locator(".why").filter(has_text=progress).wait_for()
        visitor.picture("progress")
        page.locator(".result .fields").wait_for(timeout=EXTRACTED_MS)
        assert page.locator(".progress").text_content() == "", "what was said of the way is gone at its end"
        far = [(int(found[1]), int(found[2])) for text in page.evaluate("said") if (found := progress.search(text))]
        assert len(far) > 2
        assert far == sorted(far, key=lambda one: one[0])
        assert len({total for _, total in far}) == 1
        assert all(0 <= done <= total for done, total in far)
        assert visitor.leaf("/number").locator(".value").text_content() == "A-17"
        assert f"{len(rows)} rows" in page.locator(".fields .group dt").filter(has_text="rows").first.text_content()


def test_an_answer_without_a_value_can_be_said_to_be_looked_at(visit: Visit, api: Api, valkey: Valkey) -> None:
    job_id = httpx.post(f"{api.url}/v1/extractions", json=BODY, trust_env=False).json()["id"]
    mark = {"pointer": "", "code": "not_read", "detail": "page 2 was not read", "severity": "high"}
    worker = FakeWorker(valkey.url)
    worker.succeed(job_id, result={**ANSWER, "data": {"phones": []}, "review": [mark]}, marked=True)
    worker.ledger.close()
    visitor = visit(f"review/{job_id}", url=api.url)
    visitor.page.get_by_role("button", name="Looked at").click()
    visitor.page.wait_for_url(re.compile(r"#/review(/[0-9a-f]{32})?$"))
    done = httpx.get(f"{api.url}/v1/extractions?review=done", trust_env=False).json()["data"]
    assert [one["id"] for one in done] == [job_id]


def test_the_value_of_another_window_is_taken_by_a_click(visit: Visit, api: Api, valkey: Valkey) -> None:
    job_id = httpx.post(f"{api.url}/v1/extractions", json=BODY, trust_env=False).json()["id"]
    other = {"value": "ann@post.example", "evidence": [], "confidence": 0.45}
    mark = {
        "pointer": "/email", "code": "windows_disagree", "detail": "page 3 has another", "severity": "low",
        "others": [other],
    }  # fmt: skip
    worker = FakeWorker(valkey.url)
    worker.succeed(job_id, result={**ANSWER, "data": {"email": None}, "review": [mark]}, marked=True)
    worker.ledger.close()
    page = visit(f"review/{job_id}", url=api.url).page
    page.get_by_role("button", name="Take ann@post.example").click()
    page.get_by_role("button", name="Right, next").click()
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved").wait_for()
    kept = httpx.get(f"{api.url}/v1/extractions/{job_id}", trust_env=False).json()
    assert kept["reviewed"]["corrections"] == {"/email": "ann@post.example"}
