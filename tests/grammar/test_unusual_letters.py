"""Documents with letters that people do not type: pictures of several characters, marks of direction, soft hyphens,
wide digits, ligatures, accents apart. What they print can be written, as they print it and as people type it, under the
real grammar and the bundled tokenizer; the comparison, the judge and evidence find it."""

from __future__ import annotations

import json
import unicodedata
from functools import cache
from pathlib import Path

import pytest
from llguidance import LLMatcher, LLTokenizer
from tokenizers import Tokenizer

import extractor
from extractor.evaluation.printed import PrintedText
from extractor.evidence.locate import DocumentIndex
from extractor.grammar.narrow import Bounds
from extractor.grammar.printed.grammars import PrintedAnswers, demand
from extractor.notation.as_typed import seen, typed
from tests.support.matching import accepts

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
BUNDLED = Path(extractor.__file__).parent / "bundled" / "weights" / "target" / "tokenizer.json"
FAMILY, CHECKED, FLAG, THUMB = "👨‍👩‍👧", "☑️", "🇩🇪", "👍🏽"
SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
PERSIAN, KSHA = "می\u200cخواهم", "क्\u200dष"


def nfd(text: str) -> str:
    return unicodedata.normalize("NFD", text)


def answers(document: str) -> PrintedAnswers:
    demanded = demand(SCHEMA, "all", Bounds())
    assert demanded is not None
    return demanded.of(document)


def written(value: str) -> str:
    return json.dumps({"a": value}, ensure_ascii=False, separators=(",", ":"))


def letters(text: str) -> str:
    return "".join(filter(str.isalnum, typed(text)))


@cache
def bundled() -> tuple[Tokenizer, LLTokenizer]:
    return Tokenizer.from_file(str(BUNDLED)), LLTokenizer(BUNDLED.read_text("utf-8"))


def takes_tokens(grammar: str, text: str) -> bool:
    """Whether the bundled tokenizer's tokens of `text` may be written one after the other."""
    tokenizer, guided = bundled()
    matcher = LLMatcher(guided, grammar, log_level=0)
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    return matcher.try_consume_tokens(ids) == len(ids) and matcher.is_accepting()


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (f"Hotel {FAMILY} Park", FAMILY),
        (f"Hotel {FAMILY} Park", f"Hotel {FAMILY} Park"),
        (f"{FLAG} Berlin {SCOTLAND} Leith", FLAG),
        (f"{FLAG} Berlin {SCOTLAND} Leith", f"{SCOTLAND} Leith"),
        (f"{CHECKED} paid {THUMB}", f"paid {THUMB}"),
        (f"{CHECKED} paid {THUMB}", f"{CHECKED} paid"),
        (f"{CHECKED} paid {THUMB}", "☑ paid"),  # without the sign that asks for a picture
        ("葛\U000e0100城市", "葛\U000e0100城"),  # one of several shapes of a letter
        (PERSIAN, PERSIAN),
        (PERSIAN, PERSIAN.replace("\u200c", "")),
        (f"{KSHA} है", KSHA),
        ("\u200fשלום\u200e\u202a abc\u202c", "שלום abc"),
        ("Ref\u2066 א12\u2069 end", "א12"),
        ("Träger\u00adschaft e.\u00adV.", "Trägerschaft e.V."),
        ("10\u00a0Downing\u202fStreet\u3000SW1", "10 Downing Street SW1"),
        ("注文番号：ＡＢ－１２３", "ＡＢ－１２３"),
        ("注文番号：ＡＢ－１２３", "AB-123"),
        ("ｶﾞﾗｽ 2個", "ガラス"),
        ("the ﬁrst oﬃce", "first office"),
        ("the ﬁrst oﬃce", "ﬁrst oﬃce"),
        ("ﻣﺤﻤﺪ", "محمد"),
        (nfd("élève Zoë"), "élève Zoë"),
        (nfd("élève Zoë"), nfd("élève Zoë")),
        (nfd("서울 시청"), "서울"),
        (nfd("Nguyễn Thị Hồng"), "Nguyễn Thị Hồng"),
    ],
)
def test_what_they_print_can_be_written_and_has_a_place(document: str, said: str) -> None:
    printed = answers(document)
    assert accepts(printed.grammar or "", written(said))
    assert takes_tokens(printed.grammar or "", written(said))
    assert printed.document.prints(said, {"type": "string", "x-printed": "text"})
    assert said in PrintedText(document)
    where = DocumentIndex(document).find(said)
    assert where
    assert letters(document[where[0][0].start : where[0][-1].stop]) == letters(said)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (f"Hotel {FAMILY} Park", "👩"),
        (f"Hotel {FAMILY} Park", "👨"),
        (FLAG, "🇩"),
        (THUMB, "👍"),
        (SCOTLAND, "🏴"),
        ("ガラス", "カラス"),
        ("コ\u3099ム", "コム"),
        ("注文番号：ＡＢ１２３", "AB12"),
        ("oﬃce", "of"),
        ("Träger\u00adschaft", "Träger"),
        ("ann@northgate.example", "ann"),
        ("ann@northgate.example", "northgate.example"),
        ("ann@northgate.example", "ann@northgate"),
        ("see https://www.northgate.example/x", "www.northgate"),
        ("see https://www.northgate.example/x", "northgate"),
        ("Invoice INV-2024-003", "2024"),
        ("Invoice INV-2024-003", "INV-2024"),
        ("am 2026-03-14", "03-14"),
        ("Tel 807-555-0118", "0118"),
        ("GB123456789", "GB"),
    ],
)
def test_no_piece_of_what_is_one_can_be(document: str, said: str) -> None:
    printed = answers(f"{document}\nelse")
    assert not accepts(printed.grammar or "", written(said))
    assert not takes_tokens(printed.grammar or "", written(said))
    assert not printed.document.prints(said, {"type": "string", "x-printed": "text"})
    assert said not in PrintedText(document)
    assert DocumentIndex(document).find(said) == []


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("https://www.northgate.example/track/JD0146", "www.northgate.example"),
        ("https://www.northgate.example/track/JD0146", "northgate.example"),
        ("https://www.northgate.example/track/JD0146", "JD0146"),
        ("https://northgate.example:8443", "northgate.example"),
        ("mailto:ann@northgate.example", "ann@northgate.example"),
        ("courriel=j.t@northgate.example", "j.t@northgate.example"),
        ("邮箱chen@northgate.example请", "chen@northgate.example"),
        ("3 kg@4.50", "4.50"),
        ("1996-2008", "1996"),
        ("A-8412 Admont", "8412"),
        ("12-APR-2026", "2026"),
        ("seats 21D/21E/21F", "21E"),
        ("BERLIN/ROM/2026", "BERLIN"),
        ("1:100", "100"),
        ("118204,PO-4471,2026-05-06,ab", "PO-4471"),
    ],
)
def test_what_is_joined_without_a_space_is_each_its_own(document: str, said: str) -> None:
    assert accepts(answers(document).grammar or "", written(said))
    assert said in PrintedText(document)
    assert DocumentIndex(document).find(said)


def test_what_nobody_sees_is_no_text() -> None:
    hidden = "".join(chr(0xE0000 + ord(char)) for char in "pay 0")
    assert seen(f"Total{hidden} 5\u200b0 i\u200cg\u200dn") == "Total 50 ign"
    assert seen(SCOTLAND) == SCOTLAND
    assert seen(FAMILY) == FAMILY
    printed = answers(f"Total{hidden} 50")
    assert accepts(printed.grammar or "", written("Total 50"))
    assert not accepts(printed.grammar or "", written(f"Total{hidden}"))
