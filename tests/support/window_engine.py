"""An engine that answers from what its prompt shows, so that a long document can be read without a model: the rows and
the named values that are printed in the window, as a model that makes no mistake would write them.

A row is `R0001 | 2024-03-01 | Consulting | 12.50` in any of the notations of tables; a named value `Number: A-17`. It
ends an answer that is longer than its request allows, as the engine does."""

from __future__ import annotations

import json
import math
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import date
from typing import Any

from pydantic import BaseModel

from extractor.engine import Completion, Request, RequestStats
from tests.support.scripted import asked_of

ROW = re.compile(r"(?m)^ *(R\d+)(?: \| | {2,})(\d{4}-\d\d-\d\d)(?: \| | {2,})(.+?)(?: \| | {2,})(-?[\d.]+)$")
_NAMED = re.compile(r"(?m)^(Number|Holder|Total): (.+)$")


class Row(BaseModel):
    code: str
    day: date
    what: str
    amount: float


class Ledger(BaseModel):
    number: str
    holder: str | None = None
    rows: list[Row]
    total: float | None = None


class WindowEngine:
    """`fault`: called with the text of a window; what it raises is what the engine fails with. `busy` holds the most
    requests that were with it at once."""

    def __init__(self, encoder: Any, fault: Callable[[str], None] | None = None, takes_s: float = 0.0) -> None:
        self._encoder, self._fault, self._takes_s = encoder, fault, takes_s
        self._lock = threading.Lock()
        self._with_it = 0
        self.busy = 0
        self.requests: list[Request] = []

    def submit(self, request: Request, /) -> Future[Any]:
        future: Future[Any] = Future()
        with self._lock:
            self.requests.append(request)
            self._with_it += 1
            self.busy = max(self.busy, self._with_it)
        threading.Thread(target=self._answer, args=(request, future), daemon=True).start()
        return future

    def _answer(self, request: Request, future: Future[Any]) -> None:
        try:
            left_s = (request.params.deadline or math.inf) - time.monotonic()
            time.sleep(max(0.0, min(self._takes_s, left_s)))
            if left_s <= self._takes_s:
                future.set_result(Completion([], b"", "deadline", [], [], RequestStats()))
                return
            text = request.source.decode()
            if self._fault is not None:
                self._fault(text)
            future.set_result(self._completion(request, answer(text)))
        except Exception as error:
            future.set_exception(error)
        finally:
            with self._lock:
                self._with_it -= 1

    def _completion(self, request: Request, text: str) -> Completion:
        text = asked_of(request, text)
        ids = self._encoder(text, add_special_tokens=False).input_ids
        finish = "stop"
        if len(ids) > request.params.max_tokens:
            ids, finish = ids[: request.params.max_tokens], "length"
        sizes = [len(token) for token in self._encoder.convert_ids_to_tokens(ids)]  # a sign a byte
        usage = RequestStats(prompt_tokens=len(request.prompt), output_tokens=len(ids), target_forwards=len(ids))
        return Completion(ids, text.encode()[: sum(sizes)], finish, [-0.01] * len(ids), sizes, usage)

    def abort(self, future: Future[Any], /) -> None:
        """What is being answered is answered."""

    def close(self) -> None:
        """Holds nothing."""


def answer(text: str) -> str:
    """As compact JSON."""
    named = dict(reversed(_NAMED.findall(text)))
    rows = [
        f'{{"code":"{code}","day":"{day}","what":{json.dumps(what)},"amount":{amount}}}'
        for code, day, what, amount in ROW.findall(text)
    ]
    number, holder = (json.dumps(named.get(name)) for name in ("Number", "Holder"))
    return f'{{"number":{number},"holder":{holder},"rows":[{",".join(rows)}],"total":{named.get("Total", "null")}}}'
