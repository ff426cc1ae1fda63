"""What a document prints is one thing: what its grammar lets through, what a finished answer is compared with, what
`extractor eval` calls printed and what evidence finds agree, in the notations of many countries."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extractor.evaluation.printed import PrintedText
from extractor.evidence.locate import DocumentIndex
from extractor.grammar.narrow import Bounds
from extractor.grammar.printed.grammars import demand
from extractor.grammar.printed.reading import PrintedDocument
from tests.support.matching import accepts

FOUR = {"type": "string", "pattern": "^[0-9]{4}$"}
MONTH = {"type": "string", "pattern": "^[0-9]{4}(-(0[1-9]|1[0-2]))?$"}
CURRENCY = {"type": "string", "pattern": "^[A-Z]{3}$"}
DATE = {"type": "string", "format": "date"}
NUMBER = {"type": "number"}
TEXT = {"type": "string"}


def lets(kind: dict[str, Any], document: str, value: str | int) -> bool:
    """Whether the grammar does."""
    schema = {
        "type": "object",
        "properties": {"a": {"anyOf": [kind, {"type": "null"}]}},
        "required": ["a"],
    }
    demanded = demand(schema, "all", Bounds())
    assert demanded is not None
    return accepts(demanded.of(document).grammar or "", '{"a":' + json.dumps(value) + "}")


def is_printed(kind: dict[str, Any], document: str, value: str | int) -> bool:
    return PrintedDocument(document).prints(value, {**kind, "x-printed": kind.get("format", "text")})


@pytest.mark.parametrize(
    ("kind", "value", "documents"),
    [
        (FOUR, "4402", "XXXX4402|xx4402|xxxx-xxxx-xxxx-4402|XXX-XX-4402|XXXX XXXX XXXX 4402|411111XXXXXX4402|x4402"),
        (FOUR, "4402", "4402XXXXXXXX1881|DE89XXXXXXXXXXXX4402|DEXXXXXXXXXX4402|ХХХХ4402|****4402|•••• 4402|#4402"),
        (NUMBER, 4402, "XXXX4402|****4402|EUR4402|USD4402|4402kg"),
        (FOUR, "6789", "XXX-XX-6789|xxx-xx-6789|SSN: ***-**-6789|F-XX-6789"),
        (TEXT, "4402", "EUR4402|4402kg|4402 ABC|ABC 4402|FXX-4402"),
        (TEXT, "EUR", "EUR4402"),
        (NUMBER, 30, "30x20|30x20cm|20x30|6x20x30|0.5x30|30kg|RM30|R30|x30|VAT30%|No30|Q30|KW30|30年"),
        (TEXT, "30", "30x20|30x20cm|20x30|6x20x30|0.5x30|30kg|RM30|R30|x30|VAT30%|No30|Q30|KW30|30年"),
        (NUMBER, 12.5, "TOTAL12.50|2x12.50|R12.50|12.50EUR|:61:2604020402D12,50NTRFINV20418"),
        (TEXT, "12.50", "TOTAL12.50|2x12.50|R12.50|12.50EUR"),
        (DATE, "2024-05-14", "14 / 5 / 24|14. 5. 2024|14 . 5 . 2024|14 . 05 . 24|2024 - 05 - 14|2024 / 05 / 14"),
        (DATE, "2024-05-14", "14 /5 /2024|14/ 5/ 2024|2024. 5. 14.|2024 年 5 月 14 日|2024년 5월 14일"),
        (DATE, "2024-05-14", "二〇二四年五月十四日|二零二四年五月十四日"),
        (DATE, "2024-07-19", "07/19/24|7-19-24|07/19/24-07/21/24|Since 1987. Date 07/19/24"),
        (DATE, "2024-10-20", "二〇二四年十月二十日"),
        (DATE, "1964-07-04", "born 4.7.64, signed 1 March 2020"),
        (MONTH, "2022-03", "2022.03|2022.3~2023.5|03.2022|03.2022-05.2023|03 / 2022|03. 2022|2022-3"),
        (MONTH, "2022-03", "2022. 3. ~ 2023. 5.|2022/03–2023/05|2022.03-2023.05"),
        (MONTH, "2022-03", "valid thru 03/22|03/22 - 05/23|3/22 - 5/23|03.22 – 05.23|12/21-03/22"),
        (MONTH, "2022-03", "2022年3月|2022 年 3 月|2022년 3월|22年3月|令和4年3月"),
        (MONTH, "2022-03", "March, 2022|March of 2022|marzo de 2022|marzo del 2022|março/2022"),
        (MONTH, "2022-03", "Mar '22|Mar-22|Mar 22 - Present|Sept 21 – Mar 22|Mrz. 22 – heute|2022 March – 2023 June"),
        (MONTH, "2022-03", "2022. március|2022-Mar|Jan 2022 Mar 2022"),
        (MONTH, "1998-03", "03/98 - 05/99|Mar 98 – May 99"),
        (MONTH, "2022", "2022.03|03.2022|05.03.2022|2022. 3. 5.|2022年3月"),
        (FOUR, "2022", "2022.03|03.2022|05.03.2022"),
        (NUMBER, 2024, "14.05.2024|2024.05.14"),
        (CURRENCY, "NOK", "Kr 40,50|KR 40,50|200 kroner"),
        (CURRENCY, "SEK", "1 250:- kr.|200 kronor"),
        (CURRENCY, "PLN", "40 zł za|40,50zł.|200 złotych"),
        (CURRENCY, "INR", "Rs.40/-"),
        (CURRENCY, "CNY", "RMB 4,000|人民币4,000"),
        (CURRENCY, "GBP", "He paid £40 for it.|salary: £28k"),
        (NUMBER, 28000, "£28k"),
        (NUMBER, 4.5, "2@4.50|2 kg@4.50|2 x@4.50"),
        (NUMBER, 2, "2@4.50"),
        (NUMBER, 12.5, "The fee is 12.5.|kr 12.5. It rained|a fee of 12.5. Then"),
        (TEXT, "x.example", "www.x.example|https://www.x.example/a|http://x.example|WWW.x.example:80|(www.x.example)."),
        (TEXT, "www.x.example", "www.x.example|https://www.x.example/a"),
        ({"type": "string", "format": "hostname"}, "x.example", "www.x.example|https://www.x.example/a"),
        (TEXT, "2026-03-04", "2026-03-04T10:22:00Z|2026-03-04T10:22:00.123+02:00|x=2026-03-04T10:22"),
        (TEXT, "10:22", "2026-03-04T10:22:00Z|2026-03-04T10:22:00.123|10:22:00|at 10:22:00. Then|10:22:00Z"),
        (TEXT, "2026-03-04T10:22:00Z", "2026-03-04T10:22:00Z"),
        (TEXT, "10:22:00", "2026-03-04T10:22:00Z|10:22:00"),
        (NUMBER, 3500000000, "3,5 Mrd. €"),
    ],
)  # fmt: skip
def test_what_is_printed_all_four_say(kind: dict[str, Any], value: str | int, documents: str) -> None:
    for document in documents.split("|"):
        assert lets(kind, document, value), document
        assert is_printed(kind, document, value), document
        assert value in PrintedText(document), document
        assert DocumentIndex(document).find(value), document


@pytest.mark.parametrize(
    ("kind", "value", "documents"),
    [
        (DATE, "2024-12-31", "二〇二四年十三月三十一日"),
        (DATE, "2014-12-10", "Sizes 10 - 12 - 14"),
        (DATE, "2024-02-01", "1 / 2 / 24 / 48"),
        (DATE, "2565-03-05", "5 มีนาคม 2565"),
        (MONTH, "2022-03", "in 2022. 3 people|in 2022. 3. Scope|page 03/22|22/03|on Mar 22 it rained|on Mar 22, 2024"),
        (MONTH, "2022-03", "2022.035|12.03/22|room 3/22"),
        (MONTH, "2003-05", "on 05/03 it rained"),
        (MONTH, "2021-05", "2021 May 2023"),
        (MONTH, "2022-05", "in 2022 may be"),
        (CURRENCY, "NOK", "KR-40|KRAFT 40|krona"),
        (CURRENCY, "GBP", "40 pounds of flour"),
        (NUMBER, 28000, "28k run|28 kg"),
        (NUMBER, 22, "2026-03-04T10:22:00Z|10:22: lunch|10:22h|9:22:00pm|2026-03-04 10:22"),
        (NUMBER, 12, "by 12.10.\nThen|am 12.10. fällig"),
        (TEXT, "northgate", "www.northgate|https://www.northgate.example|ann@www.northgate.example"),
        (TEXT, "northgate.example", "ann@northgate.example|ann@www.northgate.example"),
        (NUMBER, 4402, "4402@x.example|lee.4402@x.example|www.x.example/4402/a|HTTPS://x.example/a?b=4402"),
        (FOUR, "5178", "IBAN DE02120300000000205178"),
        (FOUR, "4402", "XXXX44021"),
        (FOUR, "4402", "FXX4402|ABC4402|AB4402|AXXX4402|FAXX4402|ZZZ4402|abc4402|BOXX4402|MAXXX4402|AX4402"),
        (TEXT, "4402", "FXX4402|ABC4402|ABCD4402|A4402B|XXXX4402A7|1XX4402|MAXXX4402|TOTAL4402|0x4402F|INV-4402-003"),
        (NUMBER, 4402, "FXX4402|ABC4402|RE4402|ABCD4402|12A4402|MAXXX4402|TOTAL4402|0x4402F|INV-4402-003"),
        (NUMBER, 1, "Gü1tig|p1ętro|M1|H1N|SE1 2ZZ"),
        (TEXT, "1", "Gü1tig|p1ętro|M1|H1N|SE1 2ZZ"),
        (TEXT, "ABC", "ABC4402"),
        (TEXT, "XXX4402", "XXXX4402"),
        (TEXT, "402", "XXXX4402"),
        (FOUR, "2024", "14/05/24"),
    ],
)  # fmt: skip
def test_what_is_not_no_one_says(kind: dict[str, Any], value: str | int, documents: str) -> None:
    for document in documents.split("|"):
        assert not lets(kind, document, value), document
        assert not is_printed(kind, document, value), document
        assert not DocumentIndex(document).find(value), document
        assert value not in PrintedText(document), document


@pytest.mark.parametrize(
    ("kind", "value", "documents"),
    [
        (TEXT, "10", "at 10:35|XX10Y"),
        (TEXT, "35", "at 10:35"),
        (TEXT, "35:00", "at 10:35:00"),
        (TEXT, "10:35", "10:35:40:55|10:35:40:AB|x10:35:40|4:10:35|27:10:35"),
        (TEXT, "2026-03", "2026-03-04T10:22:00Z|2026-03-04"),
        (TEXT, "KX-2207", "KX-2207-B|RE/KX-2207/2"),
        (DATE, "2024-04-07", "07/04/24 and 07/19/24"),
        (MONTH, "2022-03", "EUR 2022.03|€2022.03|2022.03 EUR|v2022.03"),
        (MONTH, "2022-13", "2022.13"),
    ],
)  # fmt: skip
def test_what_is_a_piece_of_something_else_no_grammar_lets_through(
    kind: dict[str, Any], value: str, documents: str
) -> None:
    for document in documents.split("|"):
        assert not lets(kind, document, value), document
        assert not is_printed(kind, document, value), document


def test_a_list_of_figures_keeps_its_numbers() -> None:
    for document, value in (("Sizes 10 - 12 - 14", 12), ("1 / 2 / 24 / 48", 24), ("14 -5 -2024", -5)):
        assert lets(NUMBER, document, value), document
