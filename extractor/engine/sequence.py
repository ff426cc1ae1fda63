"""What a caller asks of the engine, what it gets back, and one row's state in between.

Token ids and bytes: nothing here knows schemas or torch.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from extractor.drafters import DRAFTERS
from extractor.engine.drafting.lookup import Lookup
from extractor.engine.limits.limits import Ended, Limits
from extractor.engine.limits.repeats import Repeats
from extractor.engine.limits.text import JsonText
from extractor.errors import EngineError

if TYPE_CHECKING:
    from llguidance import LLMatcher
    from torch import Tensor

Finish = Literal["stop", "length", "cancelled", "deadline"]


@dataclass(frozen=True)
class Params:
    """How to decode one request. Greedy unless `temperature` > 0; `deadline` is on `time.monotonic()`."""

    max_tokens: int = 1024
    drafters: tuple[str, ...] = DRAFTERS
    temperature: float = 0.0
    seed: int = 0
    deadline: float | None = None


@dataclass(frozen=True)
class Request:
    """`prompt`: token ids. `source`: the text of the document in it, UTF-8, where drafts are looked up. `prefix`: how
    many tokens stand before the document; other prompts are likely to begin with the same. `grammar`: a serialized
    llguidance grammar, None to decode freely until an end-of-sequence token. `limits`: of its text, which is JSON then;
    None: what the grammar leaves open has no end. `begun`: how that text begins, where it does in the prompt; the
    grammar is of the rest."""

    prompt: list[int]
    source: bytes = b""
    prefix: int = 0
    grammar: str | None = None
    params: Params = field(default_factory=Params)
    limits: Limits | None = None
    begun: bytes = b""


@dataclass
class Counter:
    """Draft tokens of one drafter: put before the target, and accepted by it."""

    proposed: int = 0
    accepted: int = 0


@dataclass
class RequestStats:
    """What one request cost. `target_forwards` counts decode steps (prefill apart); seconds are wall clock."""

    prompt_tokens: int = 0
    shared_tokens: int = 0
    output_tokens: int = 0
    target_forwards: int = 0
    drafts: dict[str, Counter] = field(default_factory=lambda: {name: Counter() for name in DRAFTERS})
    prefill_s: float = 0.0
    decode_s: float = 0.0


@dataclass(frozen=True)
class Completion:
    """`ids` without the end-of-sequence token, and the `text` that they are, UTF-8: where a limit cut it short it may
    end within a character. `logprobs[i]` is the natural log of the probability that the grammar-masked target gave
    `ids[i]`, and `sizes[i]` how many bytes of `text` that is. `ended`: the values that a limit of the request ended, as
    they did; of a request whose text had `begun`, their places count from there."""

    ids: list[int]
    text: bytes
    finish: Finish
    logprobs: list[float]
    sizes: list[int]
    stats: RequestStats
    ended: list[Ended] = field(default_factory=list)


Tally = list[tuple[str, int, int]]  # drafter (more than once, perhaps), tokens proposed, tokens accepted


@dataclass(frozen=True)
class Draft:
    """Tokens proposed to follow a row's pending token, each with where it came from: the name of the drafter, or that
    and how it was found, `copy/label`."""

    tokens: list[int]
    sources: list[str]

    def __len__(self) -> int:
        return len(self.tokens)

    def tally(self, accepted: int) -> Tally:
        """What its drafters proposed, and how much of that stood, when the first `accepted` tokens did."""
        counts: dict[str, list[int]] = {}
        for place, source in enumerate(self.sources):
            count = counts.setdefault(source, [0, 0])
            count[place < accepted] += 1
        return [(source.partition("/")[0], fell + stood, stood) for source, (fell, stood) in counts.items()]


@dataclass(frozen=True)
class Ahead:
    """A draft by the drafters `drafters` for a row that will have written `tokens` after its first `at`, if it does."""

    at: int
    tokens: list[int]
    draft: Draft
    drafters: frozenset[str]


class Sequence:
    """One request in the engine.

    `length` cache entries are valid; `pending` is the last known token, not yet in the cache; so the next target
    forward reads `[pending, *draft]` at positions `length, length + 1, …`. `hidden` is the target's hidden state at
    position `length - 1` (what the MTP drafter starts from). The matcher has consumed exactly `ids`. A row gets its
    `slot` of the cache when its prompt is begun (-1 until then), and is `ready` when that holds all of the prompt but
    the last token.
    """

    def __init__(self, request: Request, matcher: LLMatcher | None) -> None:
        self.request = request
        self.params = request.params
        self.future: Future[Completion] = Future()
        self.matcher = matcher
        self.lookup = Lookup(request.source) if "copy" in request.params.drafters else None
        self.pending = request.prompt[-1]
        self.length = 0
        self.slot = -1
        self.ready = False
        self.ids: list[int] = []
        self.written = bytearray(request.begun)
        self.json = _json(request, self.written)
        # So long nothing of the text has to end, whatever is written (limits/text.py).
        self.calm_to = sys.maxsize if self.json is None else 0
        self.logprobs: list[float] = []
        self.sizes: list[int] = []
        self.hidden: Tensor | None = None
        self.ahead: Ahead | None = None
        self.stats = RequestStats(prompt_tokens=len(request.prompt))
        self.aborted = False
        self.finished: Finish | None = None
        self.error: Exception | None = None
        self.submitted_s = time.monotonic()
        self.started_s = 0.0

    @property
    def capacity(self) -> int:
        """Cache entries this row may come to need, drafts apart."""
        return len(self.request.prompt) + self.params.max_tokens

    @property
    def room(self) -> int:
        """Tokens it may still write."""
        return self.params.max_tokens - len(self.ids)

    def withdrawn(self, now: float) -> Finish | None:
        """Why this row should stop although its text is not finished, if it should."""
        if self.aborted:
            return "cancelled"
        if self.params.deadline is not None and now >= self.params.deadline:
            return "deadline"
        return None

    def refuse(self, error: Exception) -> None:
        """It ends here, with `error` for whoever waits."""
        self.error, self.finished = error, "stop"

    def count(self, tally: Tally) -> None:
        """One more target forward, and what became of its draft."""
        self.stats.target_forwards += 1
        for name, proposed, accepted in tally:
            self.stats.drafts[name].proposed += proposed
            self.stats.drafts[name].accepted += accepted

    def finish(self, reason: Finish, done: Callable[[Sequence], None] | None = None) -> None:
        """Hand the result to whoever waits, or an error where none can be made. A future already withdrawn is left
        alone. `done` is called before whoever waits goes on."""
        self.stats.output_tokens = len(self.ids)
        if self.started_s:
            self.stats.decode_s = time.monotonic() - self.started_s - self.stats.prefill_s
        try:
            found = self.error or self._completion(reason)
        except Exception as error:  # whose text may quote the document
            found = EngineError(f"the engine failed: {type(error).__name__}")
        if done is not None:
            done(self)
        if self.future.done():
            return
        if isinstance(found, Exception):
            self.future.set_exception(found)
        else:
            self.future.set_result(found)

    def _completion(self, reason: Finish) -> Completion:
        ended: list[Ended] = []
        if self.json is not None:
            self.json.read()
            ended = self.json.ended
        text = bytes(self.written[len(self.request.begun) :])
        return Completion(list(self.ids), text, reason, list(self.logprobs), list(self.sizes), self.stats, ended)


def _json(request: Request, written: bytearray) -> JsonText | None:
    """What is watched of a text that has limits; where there is no grammar it need not be JSON."""
    if request.limits is None or request.grammar is None:
        return None
    return JsonText(written, request.limits, Repeats(request.source))
