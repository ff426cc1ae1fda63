"""Where a value is said to stand: what the bundled pair's two taught heads are taught."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest

from extractor.lab.training import sources, tokenizer
from extractor.lab.training.encode import Encoder
from extractor.lab.training.evaluate import WEIGHTS
from extractor.lab.training.generate import tasks
from extractor.lab.training.sources import Origin


def text_at(document: str, origins: list[Origin | None]) -> list[str | None]:
    return [None if at is None else document[at : at + 12] for at in sources.places(document, origins)]


def test_a_value_that_stands_twice_is_the_one_at_its_label() -> None:
    document = "Pages: 4\nParts: 4\nnothing"
    assert sources.places(document, [Origin("4", "4", "Parts"), Origin("4", "4", "Pages"), None]) == [16, 7, None]
    assert sources.places("4 and 4", [Origin("4", "4", "Parts")]) == [None]


def test_cells_of_a_row_are_found_beside_its_longest() -> None:
    document = "Qty  Name\n1    Bolt steel\n1    Bolt steel\n"
    origins = [Origin(text, text, row=row) for row in (0, 1) for text in ("1", "Bolt steel")]
    assert sources.places(document, origins) == [10, 15, 26, 31]


@pytest.mark.parametrize(
    ("printed", "json", "pairs"),
    [
        ("1.234,50 EUR", "1234.50", "1>1 2>2 3>3 4>4 5>5 0>0"),
        ("13. September 2013", '"2013-09-13"', "2>2 0>0 1>1 3>3 0>S 9>S 1>1 3>3"),
        ("3.2.07", '"2007-02-03"', "2>0 0>0 0>0 7>7 0>2 2>2 0>3 3>3"),
        ("Fehler", '"bug"', "b>F"),
        ("Acme", '"Acme"', "A>A c>c m>m e>e"),
    ],
)
def test_characters_are_traced_to_what_was_printed(printed: str, json: str, pairs: str) -> None:
    value = json.strip('"')
    found = sources.aligned(Origin(printed, json))
    assert " ".join(f"{value[mine]}>{printed[theirs]}" for mine, theirs in found) == pairs


def test_each_value_knows_the_line_of_the_schema_that_asks_for_it() -> None:
    rendered = "\na: string # one\nb: {\n  a: date\n} | null\nrows: [\n  a: string # three\n]\n"
    answer = '{"a":"x","b":{"a":"y"},"rows":[{"a":"z"},{"a":null}]}'
    shown = [rendered[:end].rsplit("\n", 1)[-1] for end in sources.lines(rendered, answer)]
    assert shown == ["a: string # one", "  a: date", "  a: string # three", "  a: string # three"]
    assert [rendered[:end].rsplit("\n", 1)[-1] for end in sources.lines(rendered, '{"b":null}')] == ["b: {"]


@pytest.mark.skipif(not Path(WEIGHTS, "target").is_dir(), reason="the bundled pair is not in this checkout")
def test_most_values_are_found_and_begin_alike() -> None:
    encoder = Encoder(words := tokenizer.load(WEIGHTS / "target"))
    origins = found = alike = steps = 0
    for task in islice(tasks(8), 60):
        row = encoder.row(task)
        origins += sum(one is not None for one in task.origins)
        found += sum(place is not None for place in sources.places(task.document, task.origins))
        for position, place, _ in row.sources:
            steps += 1
            mine, theirs = (words.decode([row.ids[i]]).strip(' _"') for i in (position + 1, place))
            alike += mine == theirs or not mine
    assert found / origins > 0.9
    assert alike / steps > 0.85
