"""Whether anything makes a model write for ever: documents that are loops themselves, under schemas that set no end.

    python -m extractor.lab.bench.loops

Each document is read under each schema, once alone and once beside the others. An answer is right when it comes to its
end with the field behind the one that could go on, when what the engine ended in it is marked, and when it has the same
text both times. Exit code 1 where one is not.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, create_model

from extractor.config import read_settings
from extractor.engine import Engine, EngineConfig
from extractor.engine.model.loader import Models, load
from extractor.errors import ExtractorError
from extractor.extract import Extractor
from extractor.lab.bench.options import command, positive
from extractor.loading import spec, use_threads
from extractor.options import Options
from schemas.keywords import Mode

CONTEXT, MOST_TOKENS = 8_192, 6_000
MODES: tuple[Mode, ...] = ("none", "all")
_ENDED = ("repeated", "ran_on", "cut_off")
DOCUMENTS = (
    "😀" * 60,
    "請求書の合計金額は" * 20,
    "Thank you for your order. " * 100,
    "Blue pen, 4 mm    2   1.25   2.50\n" * 40,
    "".join(f"{1_000 + number * 13} " for number in range(60)),
    "Hotel Post, room 12: 240.00",
    "total " * 200,
    "to be or not to be " * 40,
    "lorem ipsum dolor sit amet " * 30,
    "Note: Note: Note: Note:\n" * 10,
)


class Row(BaseModel):
    name: str | None
    count: int | None


class Assembly(BaseModel):
    """Holds itself."""

    name: str | None
    parts: list[Assembly]


class Topic(BaseModel):
    """Holds itself, under keys of the document's."""

    note: str | None
    topics: dict[str, Topic]


class Folder(BaseModel):
    """Holds itself in two ways."""

    name: str | None
    named: dict[str, Folder]
    parts: list[Folder]


SCHEMAS: dict[str, Any] = {
    "a text": str | None,
    "a list of texts": list[str],
    "a list of records": list[Row],
    "a dict of texts": dict[str, str],
    "dicts of dicts of lists": dict[str, dict[str, list[str]]],
    "dicts of dicts of dicts": dict[str, dict[str, dict[str, str]]],
    "lists of dicts of lists": list[dict[str, list[str]]],
    "dicts of lists of dicts": dict[str, list[dict[str, str]]],
    "lists of lists of lists": list[list[list[str]]],
    "records of records": Assembly,
    "dicts of records of dicts": Topic,
    "records of dicts and lists of records": Folder,
    "anything": list[Any],
}


@dataclass(frozen=True)
class LoopAnswer:
    """`ended`: why values of it did not end by themselves; `fault`: the code of an extraction that failed."""

    text: str
    tokens: int
    ended: tuple[str, ...] = ()
    fault: str = ""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.loops", description=__doc__)
    parser.add_argument("--rows", type=positive, default=16, help="that are decoded together the second time")
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    settings = read_settings(max_output_tokens=MOST_TOKENS)
    models = load(spec(settings))
    use_threads(settings, models)
    print(
        f"| printed | field | answers | whole | {', '.join(_ENDED)} | longest, tokens | the same, {options.rows} rows |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    alone, together = (read_all(models, rows) for rows in (1, options.rows))
    faults = 0
    for (mode, name), answers in alone.items():
        beside = together[mode, name]
        same = sum(one.text == other.text for one, other in zip(answers, beside, strict=True))
        whole = sum(not one.fault for one in answers)
        faults += 2 * len(answers) - same - whole
        print(_row(mode, name, answers, whole, same), flush=True)
    return 1 if faults else 0


def _row(mode: Mode, name: str, answers: Sequence[LoopAnswer], whole: int, same: int) -> str:
    codes = Counter(code for one in answers for code in set(one.ended))
    ended = ", ".join(str(codes[code]) for code in _ENDED)
    longest = max(one.tokens for one in answers)
    return f"| {mode} | {name} | {len(answers)} | {whole} | {ended} | {longest:,} | {same} |"


def read_all(models: Models, rows: int) -> dict[tuple[Mode, str], list[LoopAnswer]]:
    """Every document under every schema, so many at a time."""
    settings = read_settings(max_output_tokens=MOST_TOKENS)
    engine = Engine(models, EngineConfig(slots=rows, context=CONTEXT, max_draft=settings.max_draft))
    about = {"context": CONTEXT, "slots": rows, "examples": 0}
    extractor = Extractor(settings, engine=engine, tokenizer=models.tokenizer, info=about)
    with closing(extractor), ThreadPoolExecutor(rows) as threads:
        waiting = {
            (mode, name): [threads.submit(_read, extractor, text, _model(kind), mode) for text in DOCUMENTS]
            for mode in MODES
            for name, kind in SCHEMAS.items()
        }
        return {key: [one.result() for one in futures] for key, futures in waiting.items()}


def _model(kind: Any) -> type[BaseModel]:
    """With a field behind the one that could go on."""
    return create_model("Loop", found=(kind, ...), rest=(str | None, ...))


def _read(extractor: Extractor, text: str, model: type[BaseModel], mode: Mode) -> LoopAnswer:
    try:
        found = extractor.extract(text, model, Options(printed=mode, fields=False, max_output_tokens=MOST_TOKENS))
    except ExtractorError as error:
        return LoopAnswer("", 0, fault=error.code)
    ended = tuple(mark["code"] for mark in found.review if mark["code"] in _ENDED)
    return LoopAnswer(found.text, found.usage.output_tokens, ended)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
