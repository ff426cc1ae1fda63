"""The page's files: served to anyone, under a policy that they keep to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import httpx
import pytest

from api.app import create_app
from api.config import ApiSettings
from api.problems import CODES
from tests.support.api_support import client
from workers.ledger.wait_reason import WaitReason

FOLDER = Path(__file__).parents[2] / "api" / "webpage"
FILES = sorted(path.name for path in FOLDER.iterdir())
pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def page() -> httpx.AsyncClient:
    """Of a service with keys, by somebody who has none, and without a store."""
    key = f"acme:{'0' * 64}"
    return client(create_app(ApiSettings(api_keys=key, redis_url="redis://127.0.0.1:1/0")), peer="203.0.113.9")


async def test_the_page_is_there_without_a_key_and_holds_itself_to_its_own_files(page: httpx.AsyncClient) -> None:
    answer = await page.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_what_it_loads_is_there(page: httpx.AsyncClient) -> None:
    wanted = set(re.findall(r'(?:src|href)="(/page/[^"]+)"', (await page.get("/")).text))
    for name in FILES:
        if name.endswith(".js"):
            wanted |= {f"/page/{found}" for found in re.findall(r'from "\./([^"]+)"', (FOLDER / name).read_text())}
    assert {Path(path).name for path in wanted} | {"index.html"} == set(FILES), "nothing is missing, nothing is unused"
    for path in wanted:
        answer = await page.get(path)
        assert answer.status_code == 200
        assert answer.content == (FOLDER / Path(path).name).read_bytes()


async def test_an_unchanged_file_is_not_sent_again(page: httpx.AsyncClient) -> None:
    first = await page.get("/page/main.js")
    again = await page.get("/page/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await page.get("/page/main.js", headers={"If-None-Match": '"another"'})
    assert other.status_code == 200
    head = await page.head("/")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("name", ["none.js", "..%2Fapp.py", "%2e%2e%2fapp.py", "__init__.py", ""])
async def test_nothing_else_is_served(page: httpx.AsyncClient, name: str) -> None:
    assert (await page.get(f"/page/{name}")).status_code == 404


@pytest.mark.parametrize("name", FILES)
def test_no_file_needs_what_the_policy_forbids(name: str) -> None:
    text = (FOLDER / name).read_text("utf-8")
    assert not re.search(r"\bon[a-z]+=\"|style=\"|<style|javascript:|\beval\(|new Function|innerHTML|outerHTML", text)
    assert not re.search(r"<script(?![^>]*src=)", text)
    elsewhere = set(re.findall(r"https?://[^\s\"'`)]+", text)) - {"http://www.w3.org/2000/svg"}
    assert elsewhere == set()


def test_every_reason_and_every_failure_has_words() -> None:
    """What the page would show as a bare code."""
    root = FOLDER.parents[1]
    words = dict(re.findall(r'^  (\w+): "(.+)",$', (FOLDER / "words.js").read_text("utf-8"), flags=re.M))
    failed = re.search(r"\n## Failed extractions\n(.*?)\n## ", (root / "docs" / "errors.md").read_text(), flags=re.S)
    assert failed is not None
    codes = {
        code for row in re.findall(r"^\| (`.+?) \|", failed[1], flags=re.M) for code in re.findall(r"`(\w+)`", row)
    }
    stopped = {"requested", "deleted", "upload_broken", "upload_abandoned", "cancel_requested"}
    assert len(codes) > 15
    assert set(words) == (codes - {"error.code"}) | set(get_args(WaitReason)) | stopped
    for code in set(words) & set(CODES):
        assert words[code] == CODES[code].title


def test_no_other_reason_is_written() -> None:
    """Every reason that the code gives to what it cancels is among those of the page."""
    root, words = FOLDER.parents[1], (FOLDER / "words.js").read_text("utf-8")
    files = [file for room in ("api", "workers") for end in ("py", "lua") for file in (root / room).rglob(f"*.{end}")]
    code = "".join(file.read_text("utf-8") for file in files)
    given = set(re.findall(r"\"(?:cancel|erase)\", \"(\w+)\"\)|why = '(\w+)'|reason: str = \"(\w+)\"", code))
    reasons = {one for found in given for one in found if one}
    assert {"requested", "upload_broken", "upload_abandoned", "deleted"} <= reasons
    assert [reason for reason in reasons if f"  {reason}: " not in words] == []
