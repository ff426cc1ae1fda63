"""The page, from a dropped file to a review, in a browser: `make test-page`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from extractor.evaluation.gold import read_gold
from extractor.service.supervisor import Service
from schemas.examples import example
from schemas.registry import Registry
from tests.page.support import EXTRACTED_MS, SCHEMES, WIDTHS, Visitor
from tests.support.served import Api, ThreadWorker
from tests.support.valkey import Valkey

pytestmark = [pytest.mark.page, pytest.mark.timeout(300)]
Visit = Callable[..., Visitor]
VIEWS = ("try", "jobs", "batches", "review", "workers", "schemas")
# Its total is not the sum of its lines: marked for review.
WRONG_SUM = """INVOICE 2026-88

Invoice number: 2026-88
Invoice date: 4 May 2026
Seller: Brightwater Studio Ltd
Buyer: Larkspur Labs Ltd
Currency: GBP

Description      Quantity   Unit price   Amount
Logo design             1       480.00   480.00
Business cards          2        35.00    70.00

Subtotal   550.00
VAT        110.00
Total      960.00
"""
# What a text of Python must not be broken by.
HARD = 'Notes: C:\\temp\\new """quoted""" "'


def test_a_pdf_beside_its_values(visit: Visit, samples: Path) -> None:
    visitor = visit()
    page = visitor.page
    visitor.extract(samples / "invoice-3.pdf", "invoice")
    assert visitor.leaf("/number").locator(".value").text_content() == "2026-0417"
    assert visitor.leaf("/items/1/amount").locator(".value").text_content() == "70.00", "digits as they were written"
    image = page.locator(".sheet img")
    image.wait_for(timeout=60_000)
    assert image.evaluate("image => image.complete && image.naturalWidth") > 500

    box = page.locator('.box[aria-label^="/total:"]')
    printed, drawn = box.bounding_box(), image.bounding_box()
    assert drawn["x"] < printed["x"] < drawn["x"] + drawn["width"]
    assert drawn["y"] < printed["y"] < drawn["y"] + drawn["height"]
    box.hover()
    assert "active" in visitor.leaf("/total").get_attribute("class")
    box.click()
    assert page.evaluate("document.activeElement.dataset.pointer") == "/total"
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.dataset.pointer") == "/tax"
    assert "active" in page.locator('.box[aria-label^="/tax:"]').get_attribute("class")
    visitor.leaf("/issue_date").hover()
    assert "active" in page.locator('.box[aria-label^="/issue_date:"]').get_attribute("class")
    assert "2 rows" in page.locator(".fields .group dt").filter(has_text="items").text_content()
    visitor.check_everywhere()
    visitor.picture("pdf")

    page.get_by_label("Text", exact=True).check()
    assert page.locator("mark").filter(has_text=re.compile("^660.00$")).count() == 1
    visitor.check_everywhere()
    visitor.picture("pdf-as-text")


def test_a_scan_is_shown_as_its_picture(visit: Visit, samples: Path) -> None:
    visitor = visit()
    visitor.extract(samples / "receipt-2.jpg", "receipt")
    visitor.page.locator(".sheet img").wait_for(timeout=60_000)
    assert visitor.leaf("/total").locator(".value").text_content() == "24.50"
    assert visitor.page.locator(".box").count() >= 10
    assert "read from a picture" in visitor.page.locator("figcaption").text_content()
    visitor.check_everywhere()
    visitor.picture("scan")


def test_a_mail_is_shown_with_its_attachment_and_as_text(visit: Visit, samples: Path) -> None:
    visitor = visit()
    visitor.extract(samples / "purchase_order-2.eml", "purchase_order")
    visitor.page.locator(".sheet img").wait_for(timeout=60_000)
    visitor.check_everywhere()
    visitor.picture("mail")
    visitor.page.get_by_label("Text", exact=True).check()
    mark = visitor.page.locator("mark").filter(has_text="PO-3051").first
    mark.focus()
    visitor.page.keyboard.press("Enter")
    assert visitor.page.evaluate("document.activeElement.dataset.pointer") == "/number"


def test_offsets_hold_behind_letters_of_two_units(visit: Visit) -> None:
    """The service counts characters, a browser's strings count units of UTF-16."""
    visitor = visit()
    card = "\U0001f600\U0001f600 card\nName: Mina Okafor\nCompany: Larkspur Labs\n"
    visitor.page.get_by_label("Text of the document").fill(card)
    visitor.page.select_option(".choice select", "contact")
    visitor.page.get_by_role("button", name="Extract", exact=True).click()
    visitor.page.locator(".result .fields").wait_for(timeout=EXTRACTED_MS)
    assert visitor.page.locator('mark[title="/name"]').text_content() == "Mina Okafor"


def test_own_fields_and_copying(visit: Visit) -> None:
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    page = visitor.page
    page.get_by_label("My own fields").check()
    rows = page.locator(".editor tbody tr")
    rows.nth(0).get_by_label("Name").fill("carrier")
    rows.nth(1).get_by_label("Name").fill("weight")
    rows.nth(1).get_by_label("Type").select_option("number")
    page.get_by_role("button", name="Add a field").click()
    rows.nth(2).get_by_label("Name").fill("carrier")
    page.get_by_label("Text of the document").fill("Carrier: DHL\nWeight: 12.50 kg\n")
    page.get_by_role("button", name="Extract", exact=True).click()
    page.get_by_text("Two fields are called carrier").wait_for()
    rows.nth(2).get_by_role("button").click()
    page.get_by_role("button", name="Extract", exact=True).click()
    page.locator(".result .fields").wait_for(timeout=EXTRACTED_MS)

    def copied(name: str) -> str:
        page.get_by_role("button", name=name).click()
        page.get_by_text("copied").wait_for()
        return str(page.evaluate("navigator.clipboard.readText()"))

    assert list(json.loads(copied("Copy JSON"))) == ["carrier", "weight"]
    curl = copied("Copy as curl")
    assert "-F json_schema='{" in curl
    assert "/v1/extractions" in curl
    compile(copied("Copy as Python"), "copied", "exec")


def test_a_schema_is_checked_as_it_is_typed(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    page.get_by_label("JSON Schema", exact=True).first.check()
    text = page.locator(".choice textarea")
    page.get_by_text("It can be used").wait_for()
    text.fill('{"type": "object", "properties": {"a": {"$ref": "https://elsewhere.example/s.json"}}}')
    page.get_by_text("It cannot be used").wait_for()
    assert "/properties/a/$ref" in page.locator(".verdict.refused").text_content()
    visitor.check_everywhere()
    visitor.picture("schema-refused")
    text.fill('{"type": "object", ')
    page.get_by_text("It cannot be used").wait_for()


def test_what_runs_can_be_cancelled(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    page.get_by_label("JSON Schema", exact=True).first.check()
    words = {"type": "array", "minItems": 400, "items": {"type": "string", "minLength": 8, "maxLength": 10}}
    endless = {"type": "object", "properties": {"words": words}, "required": ["words"]}
    page.locator(".choice textarea").fill(json.dumps(endless))
    page.get_by_label("Text of the document").fill("words")
    page.get_by_role("button", name="Extract", exact=True).click()
    page.get_by_role("button", name="Cancel").click(timeout=60_000)
    page.locator(".progress").filter(has_not_text="running").wait_for(timeout=60_000)
    visitor.go("jobs")
    page.locator(".state.cancelled").first.wait_for()


def test_many_files_are_a_batch(visit: Visit, tmp_path: Path) -> None:
    for number, text in enumerate(("Name: Ada Bell\n", "Name: Tom Reed\n", " ")):
        (tmp_path / f"card-{number}.txt").write_text(text)
    visitor = visit("batches")
    page = visitor.page
    page.locator('option[value="contact"]').wait_for(state="attached")
    page.set_input_files("#files", sorted(tmp_path.iterdir()))
    page.get_by_label("Schema").select_option("contact")
    page.get_by_role("button", name="Send them").click()
    page.locator(".state.completed").wait_for(timeout=EXTRACTED_MS)
    assert "2 of 2" in page.locator("main").text_content()
    refused = page.locator(".list tbody tr")
    refused.wait_for()
    assert "card-2.txt" in refused.text_content()
    assert "empty_document" in refused.text_content()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save results").click()
    lines = [json.loads(line) for line in Path(saved.value.path()).read_text().splitlines()]
    assert [line["custom_id"] for line in lines] == ["card-0.txt", "card-1.txt"]
    visitor.check_everywhere()
    visitor.picture("batch")
    page.get_by_role("link", name="Its jobs").click()
    page.get_by_role("link", name="card-1.txt").wait_for()
    assert page.locator(".list tbody tr").count() == 2
    visitor.go("batches")
    page.locator(".list a").first.wait_for()


def test_jobs_are_filtered_and_erased(visit: Visit, service: Service) -> None:
    made = httpx.post(f"{service.url}/v1/extractions", json={"schema": "contact", "document": {"text": "Name: X Y"}},
                      headers={"Prefer": "wait=60"}, timeout=90, trust_env=False).json()  # fmt: skip
    visitor = visit("jobs")
    page = visitor.page
    page.get_by_label("Status").select_option("failed")
    page.get_by_text("Nothing here").wait_for()
    page.get_by_label("Status").select_option("succeeded")
    page.locator(f'a[href="#/jobs/{made["id"]}"]').click()
    page.get_by_text(made["id"]).wait_for()
    assert page.locator(".left").filter(has_text="has erased this document").count() == 1
    visitor.check_everywhere()
    visitor.picture("job")
    page.get_by_role("button", name="Erase").click()
    page.get_by_role("dialog").get_by_role("button", name="Erase").click()
    page.wait_for_url("**/#/jobs")
    assert httpx.get(f"{service.url}/v1/extractions/{made['id']}", trust_env=False).status_code == 404


def test_what_is_marked_is_reviewed_with_the_keyboard(visit: Visit, tmp_path: Path, service: Service) -> None:
    (tmp_path / "wrong-sum.txt").write_text(WRONG_SUM + HARD)
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    page = visitor.page
    visitor.extract(tmp_path / "wrong-sum.txt", "invoice")
    reasons = page.locator(".reason")
    assert reasons.count() >= 1
    visitor.check_everywhere()
    visitor.picture("marked")
    page.get_by_role("link", name="Review", exact=True).click()
    page.get_by_role("link", name="wrong-sum.txt").click()
    page.locator(".panel").wait_for()
    while page.locator("label[for=right-value]").text_content() != "/total":
        page.keyboard.press("Alt+ArrowDown")
    page.keyboard.press("Control+a")
    page.keyboard.type("660.00")
    page.keyboard.press("Enter")
    assert visitor.leaf("/total").locator(".right-value").text_content() == "660.00"
    visitor.check_everywhere()
    visitor.picture("review")
    while "All that is marked is decided" not in (page.locator("#notice").text_content() or ""):
        page.keyboard.press("Enter")
    page.get_by_role("button", name="Copy as an example").click()
    page.get_by_text("example for a schema copied").wait_for()
    assert_example_is_taken(str(page.evaluate("navigator.clipboard.readText()")))
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"#/review(/[0-9a-f]{32})?$"))
    reviewed = httpx.get(f"{service.url}/v1/extractions?review=done", trust_env=False).json()["data"]
    (id,) = [one["id"] for one in reviewed if one["document"]["filename"] == "wrong-sum.txt"]
    kept = httpx.get(f"{service.url}/v1/extractions/{id}", trust_env=False).json()
    assert kept["reviewed"]["corrections"] == {"/total": 660.0}
    assert kept["result"]["data"]["total"] == 960.0, "the old value is kept"

    page.goto(f"{visitor.url}/#/review")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save them as gold").click()
    gold = [json.loads(line) for line in Path(saved.value.path()).read_text().splitlines()]
    (line,) = [line for line in gold if line["custom_id"] == id]
    assert line["expected"]["total"] == 660.0
    assert line["schema"] == "invoice"
    assert_gold_is_read(tmp_path / "gold.jsonl", [line])


def assert_example_is_taken(code: str) -> None:
    """By a schema, as it stands: the text to the letter, and the corrected answer."""
    made = eval(code, {"example": example})  # what a person would paste into a file of Python
    assert made.document == (WRONG_SUM + HARD).strip("\n")
    assert (made.answer["total"], made.answer["number"]) == (660, "2026-88")


def assert_gold_is_read(path: Path, lines: list[dict[str, Any]]) -> None:
    """As `extractor eval` does it."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    registry = Registry.discover(())
    assert len(read_gold(path, None, lambda name, _: registry.get(str(name)))) == len(lines)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_view_can_be_read(visit: Visit, scheme: str, width: int) -> None:
    for view in VIEWS:
        visitor = visit(view, viewport={"width": width, "height": 800}, color_scheme=scheme)
        visitor.page.wait_for_load_state("networkidle") if view == "schemas" else visitor.page.wait_for_timeout(400)
        if view == "schemas":
            visitor.page.locator("summary").first.click()
            visitor.page.locator("details[open] table").wait_for()
        visitor.check_looks()
        visitor.picture(f"{view}-{width}-{scheme}")


def test_a_key_is_asked_for_once_and_kept_for_the_tab(visit: Visit, tmp_path: Path) -> None:
    import hashlib

    entry = f"default:{hashlib.sha256(b'ex_secret').hexdigest()}"
    with Valkey(tmp_path) as valkey, Api(valkey, tmp_path, api_keys=entry) as api, ThreadWorker(valkey):
        visitor = visit(url=api.url)
        page = visitor.page
        box = page.get_by_role("dialog")
        box.get_by_label("API key").fill("wrong")
        page.keyboard.press("Enter")
        page.get_by_text("The key was not accepted").wait_for()
        visitor.check_everywhere()
        visitor.picture("key")
        page.get_by_role("dialog").get_by_label("API key").fill("ex_secret")
        page.keyboard.press("Enter")
        page.locator('option[value="contact"]').wait_for(state="attached")
        page.goto(f"{api.url}/#/jobs")
        page.reload()
        page.get_by_text("Nothing here").wait_for()
        assert page.get_by_role("dialog").count() == 0
        page.get_by_role("button", name="Change key").click()
        page.get_by_role("dialog").wait_for()
