"""The same with an engine in the loop: a real pair decodes each answer, drafted by all drafters, under the way that
`Extractor.extract` takes (trial, grammar, prompt, engine, validation), many rows at a time."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from extractor import Extractor, Options, Settings
from extractor.errors import BUSY, DocumentError, EngineError, InvalidOutput, SchemaError, TruncatedOutput
from extractor.grammar.compile import serialise
from extractor.grammar.narrow import Bounds
from schemas import Schema, inline
from tests.property.judged import Tally, ends, fits, relaxed
from tests.property.longest import longest
from tests.property.run import Named
from tests.property.walks import Stuck, walk

ENGINES = ("tiny", "bundled")
ROWS, TOKENS, CONTEXT = 16, 1500, 8192
SMALL = {"max_string_chars": 40, "max_array_items": 2}
WAYS = (0.0, 1.5)  # temperatures: greedy, and nearly anything
A_DAY_S = 86_400.0  # no answer is given up because the machine is busy
# Something of every kind for the drafters to copy, at hand for values that it does not fit.
DOCUMENT = """Invoice TR-20418 of 14 March 2025, due 2025-04-13T08:30:00Z, 09:02:60
a: 12    b: -2.25    c d: two words    é: Grüße 😀    x/y: "q"    kind: x    type: null    0: true
Cat lives: 9    tag: EUR    first name: Ada    mail: ada@example.org    site: https://example.org/a?b=c
Total 1,024.80 EUR    9007199254740993    1e-7    10.0.0.1    3fa85f64-5717-4562-b3fc-2c963f66afa6
"""


@contextmanager
def running(name: str, rows: int = ROWS) -> Iterator[Extractor]:
    """An extractor of the bundled pair, or of a tiny random one: its texts are noise, where the grammar lets them."""
    with tempfile.TemporaryDirectory() as folder:
        given = {} if name == "bundled" else {"model": _tiny(Path(folder)), "context": CONTEXT}
        with Extractor(Settings(slots=rows, examples=0, request_timeout_s=A_DAY_S, **SMALL, **given)) as runner:
            yield runner


def _tiny(folder: Path) -> str:
    from tests.engine.tiny import save_gemma4  # torch

    return str(save_gemma4(folder, max_position_embeddings=CONTEXT))


@dataclass(frozen=True)
class Decoding:
    """What one schema is put through: an answer in each way."""

    runner: Extractor
    rows: int = ROWS
    tokens: int = TOKENS

    def judge(self, found: Iterable[Named]) -> Tally:
        """Of named schemas. Faults: an answer that fails by what is enforced, one that was cut off although none under
        its schema is so long or although it can have no end, and an engine that fails under it."""
        tally = Tally()
        with ThreadPoolExecutor(2 * self.rows) as pool:
            for one in pool.map(self._one, found):
                tally.add(one)
        return tally

    def _one(self, named: Named) -> Tally:
        _, name, schema = named
        tally, enforced = Tally(schemas=1), inline(relaxed(schema.json_schema))
        for seed, temperature in enumerate(WAYS):
            options = Options(
                max_asks=1, max_output_tokens=self.tokens, temperature=temperature, seed=seed, fields=False
            )
            try:
                text = self._text(schema, options)
            except InvalidOutput as error:
                text = error.last  # perhaps by what only validation knows
            except TruncatedOutput as error:
                tally.unfinished += 1
                tally.faults += [
                    f"{name}\n  temperature {temperature}: {fault}" for fault in self._endless(schema, error)
                ]
                continue
            except SchemaError:
                return Tally(schemas=1, refused=1)
            except DocumentError:
                return Tally(schemas=1, roomless=1)
            except EngineError as error:
                tally.faults.append(f"{name}\n  temperature {temperature}: {error.detail}")
                continue
            tally.answers += 1
            try:
                ends(text, keys=True, digits=True)
                fits(text, schema, enforced)
            except Stuck as fault:
                tally.faults.append(f"{name}\n  temperature {temperature}: {fault}")
            except InvalidOutput as error:
                faults = "; ".join(f"{place.pointer[-60:] or 'it'} {place.detail}" for place in error.errors)
                tally.faults.append(f"{name}\n  temperature {temperature}: {faults}\n    {text[:600]}")
        return tally

    def _endless(self, schema: Schema, error: TruncatedOutput) -> list[str]:
        """Why an answer that was cut off should have ended: no answer is as long as its limit, or none begins so."""
        bounds = Bounds(SMALL["max_string_chars"], SMALL["max_array_items"])
        most = longest(schema.json_schema, bounds)
        if most <= self.tokens:
            return [f"not at its end after {self.tokens} tokens, and no answer is longer than {most} bytes"]
        begun = error.last.rstrip("\ufffd").encode()
        try:
            text = walk(serialise(schema, bounds), "short", random.Random(0), 0, begun)
        except Stuck as fault:
            return [str(fault)]
        return [] if text is not None else [f"has no end in sight behind {error.last[-200:]}"]

    def _text(self, schema: Schema, options: Options) -> str:
        """A sandbox whose clock ran out on a busy machine is asked again."""
        while True:
            try:
                return self.runner.extract(DOCUMENT, schema, options).text
            except EngineError as error:
                if error.code != BUSY:
                    raise
