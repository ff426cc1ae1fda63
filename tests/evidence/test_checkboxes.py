"""Boxes and the labels they belong to: before them, behind them, for a yes and a no, in columns; and when nobody can
tell."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from extractor.evidence.checkbox_labels import CheckboxLabels
from extractor.evidence.checkboxes import checkboxes
from extractor.evidence.ground import EvidenceSearch
from extractor.evidence.key_match import match
from extractor.evidence.scalars import scalars

Fragment = str | None


def places(document: str, answer: dict[str, Any]) -> list[int | None]:
    """Where each value of the answer has its evidence."""
    found = list(scalars(json.dumps(answer)))
    return [where[0].start if where else None for where in EvidenceSearch(document).of(found)]


def numbered(document: str) -> tuple[str, list[int]]:
    """The document without its `<1>`, `<2>`, …, and where they stood."""
    at: dict[int, int] = {}
    while "<" in document:
        start = document.index("<")
        number, document = int(document[start + 1]), document[:start] + document[start + 3 :]
        at[number] = start
    return document, [at[number] for number in sorted(at)]


ABC = {"newsletter": True, "terms": False, "other": True}
A, B = {"newsletter": True, "terms": False}, {"newsletter": False, "terms": True}


@pytest.mark.parametrize(
    ("document", "answer"),
    [
        # before their labels
        ("<1>☑ Newsletter <2>☐ Terms <3>☑ Other", ABC),
        ("<1>[x] Newsletter\n<2>[ ] Terms\n<3>[X] Other", ABC),
        ("<1>(x) Newsletter  <2>( ) Terms  <3>(X) Other", ABC),
        ("<1>✓ Newsletter\n<2>✗ Terms\n<3>✔ Other\n", ABC),
        ("- <1>[x] Newsletter\n- <2>[ ] Terms\n- <3>[x] Other", ABC),
        ("1. <1>[x] Newsletter\n2. <2>[ ] Terms\n3. <3>[x] Other", ABC),
        ("<1>[x]Newsletter <2>[]Terms <3>[✓]Other", ABC),
        ("<1>[ x ] Newsletter <2>[   ] Terms <3>[ X ] Other", ABC),
        ("<1>_X_ Newsletter  <2>___ Terms  <3>_x_ Other", ABC),
        ("<1>● Newsletter ○ Nothing <2>○ Terms <3>● Other", ABC),
        ("<1>■ Newsletter\n<2>□ Terms\n<3>■ Other", ABC),
        ("<1>✅ Newsletter <2>❌ Terms <3>✅ Other", ABC),
        ("<1>☒ Newsletter <2>☐ Terms <3>☒ Other", ABC),
        ("<1>☑ Newsletter <2>☒ Terms <3>☑ Other", ABC),
        ("<1>(•) Newsletter <2>( ) Terms <3>(•) Other", ABC),
        ("<1>[v] Newsletter <2>[ ] Terms <3>[v] Other", ABC),
        ("<1>☑ Newsletter, <2>☐ Terms, <3>☑ Other.", ABC),
        ("<1>☑ Newsletter      <2>☐ Terms     <3>☑ Other      Name: Bob", ABC),
        ("Send me: <1>☑ Newsletter <2>☐ Terms <3>☑ Other", ABC),
        ("| <1>☑ Newsletter | <2>☐ Terms | <3>☑ Other |", ABC),
        ("<1>☑\nNewsletter\n<2>☐\nTerms\n<3>☑\nOther", ABC),
        ("<1>Yes  Newsletter\n<2>No   Terms\n<3>Yes  Other", ABC),
        ("<1>X Newsletter\n  Terms\n<2>X Other", {"newsletter": True, "other": True}),
        ("<1>[yes] Newsletter\n<2>[no] Terms\n<3>[yes] Other", ABC),
        ("<1>[Y] Newsletter <2>[N] Terms <3>[Y] Other", ABC),
        ("a) <1>☑ Newsletter\nb) <2>☐ Terms\nc) <3>☑ Other", ABC),
        ("Name: Bob   <1>☑ Newsletter\nCity: Ulm   <2>☐ Terms\nZip: 1   <3>☑ Other", ABC),
        # behind them
        ("Newsletter.....<1>[x]\nTerms..........<2>[ ]\nOther..........<3>[x]", ABC),
        ("Newsletter (yes/no): <1>yes\nTerms (yes/no): <2>no\nOther (yes/no): <3>yes", ABC),
        ("Newsletter <1>☑ Terms <2>☐ Other <3>☑", ABC),
        ("Newsletter <1>[x]\nTerms <2>[ ]\nOther <3>[x]", ABC),
        ("Newsletter: <1>✓ Terms: <2>✗ Other: <3>✓", ABC),
        ("Newsletter      <1>☑      Terms     <2>☐     Other     <3>☑", ABC),
        ("Newsletter\n<1>☑\nTerms\n<2>☐\nOther\n<3>☑", ABC),
        ("Newsletter <1>☑, Terms <2>☐, Other <3>☑", ABC),
        ("Newsletter | <1>☑ | Terms | <2>☐ | Other | <3>☑", ABC),
        ("Newsletter:\n   <1>[x]\nTerms:\n   <2>[ ]\nOther:\n   <3>[x]", ABC),
        ("Newsletter <1>yes\nTerms <2>no\nOther <3>yes", ABC),
        ("Newsletter: <1>☑ since 2020\nName: Bob", {"newsletter": True}),
        # a box for yes and one for no
        ("Newsletter: <1>[x] yes [ ] no\nTerms: [ ] yes <2>[x] no", A),
        ("Newsletter: ☐ yes <1>☑ no\nTerms: <2>☑ yes ☐ no", B),
        ("Newsletter: ☐ yes <1>☑ no Terms: <2>☑ yes ☐ no", B),
        ("Newsletter   ☐ Ja   <1>☒ Nein      Terms   <2>☒ Ja   ☐ Nein", B),
        ("Newsletter: yes ☐ no <1>☑\nTerms: yes <2>☑ no ☐", B),
        ("☐ yes <1>☑ no Newsletter\n<2>☑ yes ☐ no Terms", B),
        ("Newsletter?\n☐ yes\n<1>☑ no\n\nTerms?\n<2>☑ yes\n☐ no", B),
        ("Newsletter:\n( ) yes (<x) no".replace("(<x", "<1>(x") + "\nTerms:\n<2>(x) yes ( ) no", B),
        ("Newsletter ○ Y <1>● N\nTerms <2>● Y ○ N", B),
        ("Newsletter: <1>☐ yes\nTerms: <2>☑ yes", B),
        ("[ ] Yes <1>[x] No: Newsletter\n<2>[x] Yes [ ] No: Terms", B),
        ("1. Newsletter\n[ ] Yes\n<1>[x] No\n2. Terms\n<2>[x] Yes\n[ ] No", B),
        # a column for each
        ("Newsletter   Yes   No\n              ☐     <1>☑\nTerms   Yes   No\n         <2>☑     ☐", B),
        ("            Yes   No\nNewsletter   ☐     <1>☑\nTerms        <2>☑     ☐", B),
        ("            Yes   No\nNewsletter         <1>X\nTerms        <2>X", B),
        ("| | Yes | No |\n|---|---|---|\n| Newsletter | ☐ | <1>☑ |\n| Terms | <2>x | |", B),
        ("\tJa\tNein\nNewsletter\t\t<1>x\nTerms\t<2>x\t", B),
    ],
)  # fmt: skip
def test_a_box_belongs_to_its_own_label(document: str, answer: dict[str, Any]) -> None:
    text, expected = numbered(document)
    assert places(text, answer) == expected
    wrong = {key: not value for key, value in answer.items()}
    assert places(text, wrong) == [None] * len(wrong), "a box that says the opposite is no evidence"


@pytest.mark.parametrize(
    ("document", "answer"),
    [
        ("☑ One ☐ Two ☑", {"one": True, "two": False}),
        ("One ☑ Two ☐ Three", {"one": True, "two": False, "three": True}),
        ("Newsletter: ☐ yes ☐ no", {"newsletter": True}),
        ("Newsletter: ☑ yes ☑ no", {"newsletter": False}),
        ("Newsletter: yes / no", {"newsletter": True}),
        ("Contact: ☑ Email ☐ Phone", {"contact": True}),
        ("Newsletter\n[x] Terms", {"newsletter": True}),
        ("[x] Newsletter\nTerms", {"terms": True}),
        ("☑ A ☒ Newsletter ☐ B", {"newsletter": True}),
        ("f(x) Newsletter g()", {"newsletter": True}),
        ("(w) One\n(x) Newsletter\n(y) Three", {"newsletter": True}),
        ("● Newsletter\n● Terms", {"newsletter": True, "terms": True}),
        ("3 x 4 cm newsletter", {"newsletter": True}),
        ("see [x](http://x) newsletter", {"newsletter": True}),
        ("☑ I accept the terms", {"accepts_newsletter": True}),
    ],
)
def test_a_wrong_place_is_worse_than_none(document: str, answer: dict[str, Any]) -> None:
    assert places(document, answer) == [None] * len(answer)


@pytest.mark.parametrize(
    ("key", "label", "named"),
    [
        ("accepts terms", "i accept the terms and conditions", True),
        ("is newsletter subscribed", "newsletter", True),
        ("terms accepted", "i accept the rules", False),
        ("accepted", "i accept the rules", True),
        ("mr", "mr", True),
        ("card", "cardiology", False),
        ("newsletters", "newsletter please", True),
        ("", "newsletter", False),
    ],
)
def test_a_label_names_a_key(key: str, label: str, named: bool) -> None:
    assert (match(key.split(), label.split()) is not None) is named


def test_the_label_that_says_most_of_a_key_is_its() -> None:
    document = "[x] I accept the newsletter\n[ ] I accept the terms\n[x] I accept the terms of others"
    answer = {"accept_newsletter": True, "accept_terms": False, "accept_terms_of_others": True}
    assert places(document, answer) == [document.index(text) for text in ("[x]", "[ ]", "[x] I accept the terms of")]


def test_a_label_may_go_on_in_the_next_line() -> None:
    document = "☑ I have read and understood the\n  conditions\n☐ Send news\n"
    assert places(document, {"conditions": True, "news": False}) == [0, document.index("☐")]


def test_boxes_of_several_people_are_each_ones_own() -> None:
    document = "Ada Lovelace\n☑ Smoker ☐ Driver\nAlan Turing\n☐ Smoker ☑ Driver\n"
    people = [
        {"name": "Ada Lovelace", "smoker": True, "driver": False},
        {"name": "Alan Turing", "smoker": False, "driver": True},
    ]
    expected = [0, 13, 22, 31, 43, 52]
    assert places(document, {"people": people}) == expected


def test_what_signs_mean_depends_on_their_neighbours() -> None:
    def ticked(text: str) -> list[bool | None]:
        return [mark.ticked for mark in checkboxes(text)]

    assert ticked("☒ a ☐ b") == [True, False]
    assert ticked("☑ a ☒ b") == [True, False]
    assert ticked("☑ a ☒ b ☐ c") == [True, None, False]
    assert ticked("✓ a ✗ b") == [True, False]
    assert ticked("✗ a ☐ b") == [None, False]
    assert ticked("[*] a") == []
    assert ticked("[*] a [ ] b") == [True, False]
    assert ticked("[+] a [-] b [ ] c") == [True, False, False]
    assert ticked("■ a ■ b") == []
    assert ticked("○ a ● b") == [False, True]
    assert ticked("a[x] = b[ ] (see f())") == []
    assert ticked("☑\ufe0f a") == [True]


@pytest.mark.process
def test_a_document_of_boxes_is_read_soon() -> None:
    begun = time.thread_time()
    for text in (
        "☑ a " * 20_000,
        "☑\n" * 20_000,
        "[ ] yes [x] no " * 10_000,
        "Yes No\n" + "a ☑ ☐\n" * 10_000,
        "x \n" * 50_000,
    ):
        CheckboxLabels(text)
    assert time.thread_time() - begun < 60
