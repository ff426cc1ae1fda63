"""What a second answer costs, of which one field is in question, beside the first.

    python -m extractor.lab.bench.second_answer

Invoices of so many lines, read by the bundled pair in a context that is longer than it was taught, so its values may be
wrong: what counts is how much of the answer is decoded again. A check refuses the first answer whatever it says.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import Future
from random import Random
from typing import Any

from pydantic import model_validator

from extractor.config import read_settings
from extractor.engine import Completion, Engine, EngineConfig, Request
from extractor.engine.model.loader import load
from extractor.extract import Extractor
from extractor.lab.bench.options import command, positives
from extractor.loading import spec, use_threads
from schemas.builtin.invoice import Invoice
from schemas.types import fault

CONTEXT = 32_768
PLACES = ("/number", "/items/1/amount", "/total")
_GOODS = "Logo design,Business cards,Letterheads,Flyers,Poster print,Banner,Stickers,Envelopes,Folders,Brochure"


class Counted:
    """An engine, and what became of each request."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.futures: list[Future[Completion]] = []

    def submit(self, request: Request, /) -> Future[Completion]:
        self.futures.append(self._engine.submit(request))
        return self.futures[-1]

    def abort(self, future: Future[Completion], /) -> None:
        self._engine.abort(future)

    def close(self) -> None:
        self._engine.close()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.second_answer", description=__doc__)
    parser.add_argument("--lines", type=positives, default="10,30,100", help="of the invoices")
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    settings = read_settings(max_output_tokens=CONTEXT // 4)
    models = load(spec(settings))
    use_threads(settings, models)
    engine = Counted(Engine(models, EngineConfig(slots=1, context=CONTEXT, max_draft=settings.max_draft)))
    about = {"context": CONTEXT, "slots": 1, "examples": 0}
    print("| lines | in question | tokens decoded: first, second | forwards | prompt tokens read |")
    print("| --- | --- | --- | --- | --- |")
    with Extractor(settings, engine=engine, tokenizer=models.tokenizer, info=about) as extractor:
        for lines in options.lines:
            for place in PLACES:
                engine.futures.clear()
                extractor.extract(invoice(lines), refused_once(place, engine))
                print(_row(lines, place, [future.result() for future in engine.futures]), flush=True)
    return 0


def _row(lines: int, place: str, calls: list[Completion]) -> str:
    first, second = (call.stats for call in calls)
    return (
        f"| {lines} | `{place}` | {first.output_tokens:,}, {second.output_tokens:,} | "
        f"{first.target_forwards:,}, {second.target_forwards:,} | "
        f"{first.prompt_tokens - first.shared_tokens:,}, {second.prompt_tokens - second.shared_tokens:,} |"
    )


def invoice(lines: int) -> str:
    """A document with so many of them."""
    rng, goods = Random(1), _GOODS.split(",")
    rows, total = [], 0
    for number in range(lines):
        count, cents = rng.randint(1, 9), rng.randint(100, 9_900)
        total += count * cents
        rows.append(
            f"{goods[number % 10]} {number + 1:<6} {count:>4} {cents / 100:>10.2f} {count * cents / 100:>12.2f}"
        )
    head = "Brightwater Studio\n14 Quay St, Bristol\n\nINVOICE\nInvoice number: 2026-0417\nDate: 3 March 2026\n"
    table = "Description   Quantity  Unit price   Amount\n" + "\n".join(rows)
    return f"{head}Bill to: Harlow & Finch Ltd\n\n{table}\n\nTotal: GBP {total / 100:.2f}\n"


def refused_once(place: str, engine: Counted) -> type[Invoice]:
    """An invoice that does not stand while it is the engine's first answer."""

    class RefusedInvoice(Invoice):
        @model_validator(mode="after")
        def _first(self) -> Any:
            if len(engine.futures) == 1:
                raise fault(place, "is wrong")
            return self

    return RefusedInvoice


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
