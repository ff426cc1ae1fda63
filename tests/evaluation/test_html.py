"""The report's page: whole, by itself, and nothing that a document says becomes a part of it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from extractor.evaluation.gold import GoldCase
from extractor.evaluation.html import page
from extractor.evaluation.judged import Answered, judge
from extractor.evaluation.marked import MOST_CHARACTERS, Marked, marked_text
from extractor.evaluation.report import report
from schemas import Registry

INVOICE = Registry.discover().get("invoice")
EVIL = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>\" onload='x' & &lt;b> --> ]]>"
TEXT = f"Number: {EVIL}\nTotal 12.50 \u202e EUR\U000e0041\x00\x1b\x9b\ud800\nSeller {EVIL}\n"
KNOWN = {"html", "head", "body", "meta", "title", "style", "h1", "h2", "div", "p", "span", "table", "thead", "tbody",
         "tr", "th", "td", "details", "summary", "b", "bdi", "pre", "mark", "a", "code", "wbr", "figure", "figcaption",
         "svg", "rect", "line", "text", "polyline", "circle"}  # fmt: skip
VOID = {"meta", "wbr"}


class Parts(HTMLParser):
    """The elements of a page, their attributes, and what is read in them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        if self._open[-1:] not in (["style"], ["title"]):
            self.text += data


def made(text: str = TEXT, name: str = EVIL) -> str:
    data = {"number": EVIL, "total": 12.5, "seller": {"name": EVIL}, "buyer": {"name": EVIL}}
    start = text.index("12.50")
    places = {"/number": (8, 8 + len(EVIL)), "/total": (start, start + 5), "/seller/name": (8, 20)}
    fields = {
        pointer: {"confidence": 0.5, "evidence": [{"start": one, "stop": other, "page": 1, "boxes": []}]}
        for pointer, (one, other) in places.items()
    }
    known = {"text": text, "pages": [{"number": 1, "start": 0}, {"number": 2, "start": 30}]}
    usage = {"output_tokens": 1, "model_calls": 1}
    result: dict[str, Any] = {"data": data, "fields": fields, "usage": usage, "document": known, "model": EVIL}
    case = GoldCase(name, text, {"number": EVIL, "total": 12.5, "seller": {"name": "Roe"}}, INVOICE)
    failed = Answered(None, {"code": "x", "detail": EVIL}, 1.0)
    judged = [judge(case, Answered(result, None, 1.0)), judge(case, failed)]
    return page(judged, report(judged, {"gold": EVIL, "model": EVIL, "options": {"printed": EVIL}}, 1.0))


def test_what_a_document_says_stays_text() -> None:
    parts = Parts(made())
    assert set(parts.tags) <= KNOWN
    names = {name for name, _ in parts.attributes}
    assert not {name for name in names if name.startswith("on")}
    assert not names & {"src", "style", "srcset", "action", "formaction"}
    assert all(value and value.startswith("#") for name, value in parts.attributes if name == "href")
    assert parts.text.count("<script>alert(1)</script>") >= 6, "it is shown, not run"


def test_the_page_asks_nobody_for_anything() -> None:
    text = made()
    assert "default-src 'none'" in text
    assert not re.search(r"(?:https?:|url\(|@import|<link|<script)", text)


def test_signs_that_change_others_are_shown() -> None:
    text = made()
    assert not set(text) & set("\u202e\U000e0041\x00\x1b\x9b\ud800")
    assert text.encode()


def test_every_link_leads_to_a_mark() -> None:
    parts = Parts(made())
    anchors = [value for name, value in parts.attributes if name == "id"]
    links = [value.removeprefix("#") for name, value in parts.attributes if name == "href" and value]
    assert len(links) == 3
    assert set(links) <= set(anchors)
    assert len(anchors) == len(set(anchors))


def test_marks_may_overlap() -> None:
    marks = [Marked(0, 5, "a", "exact", "/a"), Marked(3, 9, "b", "wrong", "/b"), Marked(3, 5, "c", "exact", "/c")]
    parts = Parts(marked_text("0123456789", marks, [(0, "page 1"), (4, "page 2")]))
    assert parts.text == "page 10123page 2456789".replace("page 10", "page 10")
    assert [value for name, value in parts.attributes if name == "class" and value != "page"] == [
        "exact", "wrong", "wrong", "wrong"
    ]  # fmt: skip


@pytest.mark.parametrize("spans", [[], [(900_000, 900_005)], [(10, 20), (500_000, 500_100), (999_990, 1_000_000)]])
def test_of_a_long_text_what_stands_around_marks_is_shown(spans: list[tuple[int, int]]) -> None:
    text = "".join(f"{at:09d}\n" for at in range(100_000))
    marks = [Marked(start, stop, f"a{start}", "exact", "") for start, stop in spans]
    shown = marked_text(text, marks, [])
    assert len(shown) < MOST_CHARACTERS
    assert shown.count("<mark") == len(spans)
    assert all(text[start:stop] in shown for start, stop in spans)
    assert "characters …" in shown
