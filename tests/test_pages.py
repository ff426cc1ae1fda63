"""The pages say what is: every example of README.md and docs/ is typed at a running service with the bundled
pair, and what comes back is what the page shows, ids and times aside; what a command makes is what it makes now."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.problems import CODES
from extractor.lab.pages import answer, book, page, pictures

pytestmark = pytest.mark.timeout(600)  # of a machine that is busy with other things
ROOT = Path(__file__).parents[1]
SHOWN = ("README.md", "docs/api.md", "docs/batches.md", "docs/clients.md", "docs/evidence.md")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    if shutil.which("curl") is None:
        pytest.skip("the examples need curl")
    with book.service() as started:
        yield started


@pytest.mark.parametrize("name", book.pages())
def test_a_page_shows_what_comes_back(name: str, url: str) -> None:
    _, faults = book.renewed(name, url)
    assert not faults, "\n\n".join([*faults, "`make docs` writes the pages anew; look at what it changed"])


def test_pictures_are_those_that_are_drawn_now() -> None:
    for name, text in pictures.drawn().items():
        assert (ROOT / name).read_text("utf-8") == text, f"{name}: make docs"


@pytest.mark.parametrize("name", SHOWN)
def test_whatever_a_reader_may_type_is_tried_or_says_why_not(name: str) -> None:
    assert book.read(name).unrun() == []


@pytest.mark.parametrize("name", book.pages())
def test_links_lead_somewhere(name: str) -> None:
    text = book.read(name).text
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)):
        path, _, anchor = target.partition("#")
        if path.startswith("http"):
            continue
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text("utf-8")), target


def anchors(text: str) -> set[str]:
    """Of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    "name", [f"docs/{name}.md" for name in ("architecture", "experiments", "recovery", "security")]
)
def test_files_that_a_page_names_are_there(name: str) -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    named = re.findall(r"`([\w./-]+(?:\.py|\.lua|/))`", book.read(name).text)
    missing = [
        one for one in named if not any(f"/{each}".endswith(f"/{one}") or f"/{one}" in f"/{each}" for each in listed)
    ]
    assert named
    assert missing == []


def test_the_readme_is_short() -> None:
    assert len(book.read("README.md").text.splitlines()) <= 120


def test_every_problem_is_in_the_table_with_its_status() -> None:
    table = re.findall(r"^\| (\d{3}|–|any) \| (`.+?`) \|", book.read("docs/errors.md").text, re.M)
    in_table = {code: status for status, codes in table for code in re.findall(r"`(\w+)`", codes)}
    known = {code: str(kind.status) for code, kind in CODES.items()}
    assert {code: status if status.isdigit() else known.get(code) for code, status in in_table.items()} == known


def test_an_answer_is_cut_down_to_what_a_page_shows() -> None:
    output = (
        'HTTP/1.1 202 Accepted\r\ndate: today\r\nlocation: /v1/x\r\n\r\n{"a":{"b":1.50,"c":2,"d":3},"e":[1,2],"f":0}\n'
    )
    shown = answer.written(output, ["/a/b", "/e"], ["location"])
    assert shown == 'HTTP/1.1 202 Accepted\nlocation: /v1/x\n\n{"a": {"b": 1.50, …}, "e": [1, 2], …}\n'
    assert answer.written('event: x\ndata: {"a":1}\n\n') == 'event: x\ndata: {"a": 1}\n'


def test_a_long_answer_is_broken_where_a_member_ends() -> None:
    text = answer.laid_out(answer.tree({"a": "x" * 60, "b": [{"c": "y" * 60, "d": "z" * 60}], "e": 1}))
    assert text.splitlines() == [
        f'{{"a": "{"x" * 60}",',
        ' "b": [{',
        f'   "c": "{"y" * 60}",',
        f'   "d": "{"z" * 60}"}}],',
        ' "e": 1}',
    ]


def test_answers_are_the_same_but_for_what_passes() -> None:
    kept = f'{{"id": "{"a" * 32}",\n "at": "2026-01-02T03:04:05.678Z", "duration_s": 0.3, "confidence": 0.99, "n": 1}}'
    other = f'{{"id": "{"b" * 32}", "at": "2027-01-02T03:04:05Z", "duration_s": 12, "confidence": 0.97, "n": 1}}'
    assert answer.same(kept, other)
    assert not answer.same(kept, other.replace("0.97", "0.2"))
    assert not answer.same(kept, other.replace('"n": 1', '"n": 2'))
    assert not answer.same(kept, other.replace('"n"', '"m"'))


def test_only_what_differs_is_written_anew() -> None:
    text = (
        "a\n<!-- example; show /a -->\n```sh\necho 1\n```\nSo:\n```\n1\n```\n<!-- end -->\n"
        "<!-- made by: date -->\nold\n<!-- end -->\n<!-- not run: no -->\n```sh\nrm -r x\n```\n```sh\nls\n```\n"
    )
    one = page.MarkdownPage("x.md", text)
    assert one.unrun() == ["ls\n"]
    asked: list[object] = []
    one.rewrite(lambda made: asked.append(made) or "new\n", lambda told: asked.append(told) or "2\n")  # type: ignore[func-returns-value]
    assert one.text == text.replace("```\n1\n", "```\n2\n").replace("old", "new")
    example = page.PageExample("sh", "echo 1\n", "1\n", show=("/a",))
    assert asked == [example, page.Region("date", "old\n")]
