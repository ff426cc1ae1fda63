"""Documents in columns, in several scripts: what their grammar lets through `extractor eval` calls printed, whatever
lines it joins; and the grammar and the comparison of finished answers take the same."""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest

from extractor.evaluation.printed import PrintedText
from extractor.evidence.locate import DocumentIndex
from extractor.grammar.narrow import Bounds
from extractor.grammar.printed.check import not_printed
from extractor.grammar.printed.grammars import PrintedAnswers, demand
from extractor.grammar.printed.reading import PrintedDocument
from extractor.grammar.printed.words import SEPARATOR, chunks
from tests.support.matching import accepts

SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
SCRIPTS = {
    "Latin": "Alma Ruiz|4 Quay St.|20457 Hamburg|well-|known firm|(0)30/12-5|RE4711|20kg|O'Neil & Co.|Straße"
    "|EUR5|FXX4402|ann.lee@x-y.example|https://www.x.example/p-1?q=AB7|INV-2024-003|oﬃce ﬁle|30x20cm|2.00,1"
    "|807-555-0118",
    "Pictures": "👨\u200d👩\u200d👧 Park|🇩🇪 Berlin|👍🏽 ok|☑️ paid|❤️|Träger\u00adschaft|ＡＢ１２ ｶﾞﾗｽ"
    "|e\u0301le\u0300ve Zoe\u0308",
    "Japanese": "東京都千代田区|丸の内1-2-3|株式会社 山田|〒100-0005|ネジ M8|500円|2024年3月1日|カ゛ラス|部品A12",
    "Chinese": "上海市浦东新区|世纪大道100号|张 三|200120|电话:021-5555|￥4,000",
    "Thai": "กรุงเทพฯ 10110|ถนนสุขุมวิท 21|น้ำดื่ม|นาย ก.|฿40",
    "Korean": "서울특별시 강남구|테헤란로 152는|김철수에게|06236|₩5,000",
    "Hebrew": "שָׁלוֹם|בירושלים ירושלים|רח' הרצל 4|\u200fא12\u200e",
    "Persian": "می\u200cخواهم|کتاب\u200cها ۱۲۳|ﻣﺤﻤﺪ",
    "Tamil": "தமிழ்நாடு அரசு|சென்னை ௪",
    "Bengali": "বাংলাদেশ|ঢাকা ১২০৭",
    "Arabic": "شارع الملك|الرياض ١١٥٦٤|٢٥٠٫٥|محمد",
    "Hindi": "नई दिल्ली|मुंबई ४००००१|हिन्दी",
    "Cyrillic": "Москва, ул. Мира|дом 5|ХХХХ4402|Ёлка",
}


def wide(text: str) -> int:
    """Columns that it takes in a fixed pitch."""
    letters = [char for char in text if not unicodedata.combining(char)]
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in letters)


def document(dice: random.Random) -> str:
    """Blocks of two or three columns, with lines over them, of cells of one or two scripts."""
    cells = [cell for name in dice.sample(sorted(SCRIPTS), 2) for cell in SCRIPTS[name].split("|")]
    lines = []
    for _ in range(dice.randint(1, 3)):
        columns, gap = dice.randint(1, 3), dice.choice([" " * 3, " " * 8, " | ", "\t"])
        counts_letters = dice.random() < 0.5  # a column begins at the same letter, or at the same place on paper
        lines.append(dice.choice(cells) + dice.choice(["", ":"]))
        for _ in range(dice.randint(1, 4)):
            row = [dice.choice(cells) if dice.random() < 0.9 else "" for _ in range(columns)]
            room = [cell + " " * max(0, 20 - (len(cell) if counts_letters else wide(cell))) for cell in row]
            lines.append(gap.join(room).rstrip())
        lines.append("")
    return "\n".join(lines)


def runs(text: str, dice: random.Random) -> Iterator[str]:
    """Some stretches of what the document is read as, escaped as JSON is not."""
    every = chunks(text)
    for _ in range(40):
        start = dice.randrange(len(every))
        run = "".join(every[start : start + dice.choice([1, 2, 3, 5, 9, 15])]).split(SEPARATOR)[0].strip(" ,")
        if run:
            yield json.loads(f'"{run}"')


def mixtures(text: str, dice: random.Random) -> Iterator[str]:
    """Strings that may or may not stand there: two pieces of it, joined, and pieces that are cut anywhere."""
    for _ in range(20):
        pieces = []
        for _ in range(dice.choice([1, 2])):
            at = dice.randrange(len(text))
            pieces.append(" ".join(text[at : at + dice.randint(1, 12)].split()))
        if value := dice.choice([" ", ", ", ""]).join(filter(None, pieces)).strip():
            yield value


def answers(text: str) -> PrintedAnswers:
    demanded = demand(SCHEMA, "all", Bounds())
    assert demanded is not None
    return demanded.of(text)


def lets(printed: PrintedAnswers, value: str) -> bool:
    return accepts(printed.grammar or "", json.dumps({"a": value}, ensure_ascii=False, separators=(",", ":")))


@pytest.mark.parametrize("seed", range(30))
def test_what_the_grammar_lets_through_is_printed(seed: int) -> None:
    dice = random.Random(seed)
    text = document(dice)
    printed, known = answers(text), PrintedText(text)
    taken = [value for value in runs(text, dice) if lets(printed, value)]
    assert len(taken) > 10
    assert [value for value in taken if value not in known] == []
    assert [value for value in taken if not_printed({"a": value}, printed.marked, printed.document)] == []


@pytest.mark.parametrize("seed", range(30))
def test_the_grammar_and_the_comparison_take_the_same(seed: int) -> None:
    """Of what is no run of it too; and evaluation takes all that they do."""
    dice = random.Random(seed)
    text = document(dice)
    printed, known = answers(text), PrintedText(text)
    verdicts = {value: lets(printed, value) for value in mixtures(text, dice)}
    compared = {value: not not_printed({"a": value}, printed.marked, printed.document) for value in verdicts}
    assert compared == verdicts
    assert [value for value, fits in verdicts.items() if fits and value not in known] == []


@pytest.mark.parametrize("seed", range(30))
def test_what_has_a_place_in_one_piece_is_printed(seed: int) -> None:
    """Evidence shows no piece of a word."""
    dice = random.Random(seed)
    text = document(dice)
    compared, known, index = PrintedDocument(text), PrintedText(text), DocumentIndex(text)
    words = [word for word in text.split() for _ in range(6)]
    pieces = [word[at : at + dice.randint(1, len(word))] for word in words for at in [dice.randrange(len(word))]]
    placed = [value for value in (*pieces, *mixtures(text, dice)) if (one := index.find(value)) and len(one[0]) == 1]
    assert placed
    leaf = {"type": "string", "x-printed": "text"}
    assert [value for value in placed if value not in known and not compared.prints(value, leaf)] == []


def test_both_verdicts_come() -> None:
    """The documents above have values that are printed and others that are not."""
    counted = {True: 0, False: 0}
    for seed in range(8):
        dice = random.Random(seed)
        text = document(dice)
        printed = answers(text)
        for value in mixtures(text, dice):
            counted[lets(printed, value)] += 1
    assert min(counted.values()) > 15, counted


@pytest.mark.parametrize("seed", range(8))
def test_whole_cells_and_lines_of_a_column_are_both(seed: int) -> None:
    dice = random.Random(seed)
    cells = [cell for cell in SCRIPTS[dice.choice(sorted(SCRIPTS))].split("|") if not cell.endswith("-")]
    left, right = dice.sample(cells, 3), dice.sample([*cells, "Alma Ruiz", "Total"], 3)
    text = "\n".join(f"{one}{' ' * (24 - len(one))}{other}" for one, other in zip(left, right, strict=True))
    printed, known = answers(text), PrintedText(text)
    for column in (left, right):
        for value in (*column, " ".join(column), " ".join(column[:2])):
            assert lets(printed, value), value
            assert value in known, value


@pytest.mark.parametrize("value", [",", ",234.50"])
def test_no_value_begins_with_a_comma(value: str) -> None:
    """Of `דוד1,234.50` the letters and the first digit are one word, and the comma is one."""
    schema = {"type": "object", "properties": {"v": {"type": "string"}}, "required": ["v"]}
    demanded = demand(schema, "all", Bounds())
    assert demanded is not None
    printed = demanded.of("דוד1,234.50")
    assert not accepts(printed.grammar or "", f'{{"v":"{value}"}}')
    assert not_printed({"v": value}, printed.marked, printed.document)
