"""Right answers of documents by people, under a grammar of printed values: what a document prints letter by letter can
be written."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from extractor.evidence.scalars import scalars
from extractor.grammar.narrow import Bounds
from extractor.grammar.printed.check import not_printed
from extractor.grammar.printed.grammars import demand
from extractor.grammar.printed.reading import PrintedDocument
from extractor.lab.calibration.decoding import MANY, OWN, written_cases
from extractor.lab.training.written_tasks import every
from schemas import jsontext

GLUED = "Ved, bjørk, 40 l sekk"  # of `sekkselges`, two words printed as one
Case = tuple[dict[str, Any], str, str]  # schema, document, answer


def by_hand() -> Iterator[Case]:
    for path in (MANY, OWN):
        for one in written_cases(path):
            yield one.schema.json_schema, one.text, jsontext.written(one.expected).decode()


def of_the_corpus() -> Iterator[Case]:
    for task in every(random.Random(3), held_out=True):
        yield task.schema, task.document, task.answer


@pytest.mark.parametrize(("cases", "least"), [(by_hand, 1_500), (of_the_corpus, 2_500)])
def test_texts_that_stand_there_can_be_written(cases: Any, least: int) -> None:
    seen, unwritable = 0, []
    for schema, document, answer in cases():
        demanded = demand(schema, "all", Bounds())
        assert demanded is not None
        missing = {one.pointer for one in not_printed(json.loads(answer), demanded.marked, PrintedDocument(document))}
        folded = " ".join(document.split())
        for one in scalars(answer):
            if isinstance(one.value, str) and one.value and " ".join(one.value.split()) in folded:
                seen += 1
                unwritable += [(document[:40], one.pointer, one.value)] * (one.pointer in missing)
    assert [one for one in unwritable if one[2] != GLUED] == []
    assert seen >= least
