"""The decode loop. `step()` tells it: admit, prefill a chunk, draft, verify, commit, retire.

One thread owns the model, the cache and every matcher; callers submit from any thread and hold a future. Matchers move
forward only by accepted tokens, so whatever is drafted the output is the undrafted one, token for token.
"""

from __future__ import annotations

import logging
import math
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import accumulate
from typing import Any

import torch
from llguidance import LLMatcher

from extractor.engine.cache import SlotCache
from extractor.engine.choice import choose_tokens
from extractor.engine.config import EngineConfig
from extractor.engine.drafting.compose import Drafting, Proposal
from extractor.engine.drafting.mtp import MtpDrafter
from extractor.engine.drafting.text import FreeDrafter, matcher_of
from extractor.engine.heartbeat import Moves
from extractor.engine.masks import draft_masks
from extractor.engine.memory import slot_shape
from extractor.engine.model.assistant import MtpModel
from extractor.engine.model.build import build_runner
from extractor.engine.model.device_event import DeviceEvent
from extractor.engine.model.graphs import Graphs, rows_of
from extractor.engine.model.runner import StepOutput
from extractor.engine.scheduler import Scheduler
from extractor.engine.sequence import Completion, Draft, Request, Sequence
from extractor.engine.stats import EngineStats
from extractor.engine.verify import accept
from extractor.errors import EngineError, InputError, SchemaError

log = logging.getLogger(__name__)

PAD = 0  # any valid id: padding is never looked at
PATIENCE = 8  # times the longest step so far, before one is thought to hang


class Engine:
    """Ids in, ids out. `models` is an `extractor.engine.model.loader.Models`, or anything with its attributes."""

    def __init__(self, models: Any, config: EngineConfig | None = None) -> None:
        self.config = config or EngineConfig()
        self._tokenizer, self._bound = models.ll_tokenizer, models.bound
        self._stop = frozenset(models.stop_ids)
        if self.config.slots < 1:
            raise InputError(f"an engine needs at least one slot, not {self.config.slots}")
        self._moves = Moves()
        self._closed = False
        graphs = Graphs(models.target.device) if self.config.graphs else None
        self._overlap = models.target.device.type != "cpu" if self.config.overlap is None else self.config.overlap
        with _current(models.target.device):  # kernels are tried
            self._target = build_runner(models.target, graphs, self.config.max_draft + 1, kernels=self.config.kernels)
            self._target.on_layer(self._moves.mark)
            mtp = MtpModel(models.drafter, self._target) if models.drafter else None
            self._target.reserve(self.config.entries + 1)
            if mtp:
                mtp.reserve(self.config.entries + 1)
        chains = MtpDrafter(mtp, self._target.vocab, self._overlap) if mtp else None
        self._free = FreeDrafter(self._tokenizer)
        self._drafting = Drafting(self._free, chains, learns_late=self._overlap)
        self._words = (self._target.vocab + 31) // 32
        shape = slot_shape(models.target.config, self.config)
        self._cache = SlotCache(self.config.slots, shape, self.config.prefix_bytes)
        self._scheduler = Scheduler(self.config.slots)
        self._done = EngineStats()
        self.seconds = self._done.seconds  # by phase; `target` is the forward within `verify`
        self._step_since: float | None = None
        self.broken = False  # the device is lost: every step from now on would fail
        # Where the device begins and ends to read prompts, and whose; it may still be at it.
        self._reading: tuple[DeviceEvent, DeviceEvent, list[Sequence]] | None = None
        self._sequences: dict[int, Sequence] = {}  # by id of their future, until it is done
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    # Called from any thread

    def submit(self, request: Request) -> Future[Completion]:
        """Queue a request. Raises `InputError` for one that can never fit or whose grammar does not compile, and
        `EngineError` once closed. The future raises `EngineError` if the engine breaks under it."""
        params, need = request.params, len(request.prompt) + request.params.max_tokens
        if not request.prompt or params.max_tokens < 1:
            raise InputError("a request needs at least one prompt token and room for one output token")
        if need > self.config.context:
            raise InputError(
                f"{len(request.prompt)} prompt tokens and {params.max_tokens} output tokens need {need}; "
                f"the context is {self.config.context}",
                code="context_exceeded",
            )
        start, stop = request.copy_from
        document = self._tokenizer.decode_bytes(request.prompt[start:stop]) if stop > start else b""
        sequence = Sequence(request, self._matcher(request.grammar), document)
        sequence.future.set_running_or_notify_cancel()
        self._sequences[id(sequence.future)] = sequence
        if not self._scheduler.submit(sequence):
            raise EngineError("the engine is closed")
        return sequence.future

    def abort(self, future: Future[Completion]) -> None:
        """Stop a request; it ends as "cancelled", with what it has, within a step. Unknown futures are ignored."""
        sequence = self._sequences.get(id(future))
        if sequence is not None:
            sequence.aborted = True

    def depth(self) -> tuple[int, int]:
        """(running, waiting) requests."""
        return self._scheduler.depth()

    def stats(self) -> dict[str, Any]:
        """What it has done since it started: see stats.py."""
        return self._done.as_json(*self._scheduler.depth())

    def progress(self) -> tuple[float, float | None]:
        """For how many seconds the step that runs has been going on (0 between steps), and how long it may at most:
        several times the longest that has ended; None while that cannot be said: the first step compiles kernels and
        reads weights, and one that records a graph takes its time. On a CPU, which computes for as long as it must,
        both are from one layer to the next."""
        since, longest_s = self._step_since, self._done.longest_step_s
        if not self._thread.is_alive() and not self._closed:
            return math.inf, 0.0
        on_cpu = self._target.device.type == "cpu"
        going_s = 0.0 if since is None else self._moves.still_s() if on_cpu else time.monotonic() - since
        known = self._done.steps > 0 and not self._target.recording
        return going_s, PATIENCE * (self._moves.longest_s if on_cpu else longest_s) if known else None

    def close(self) -> None:
        """Stop; whoever is still waiting gets an `EngineError`."""
        self._closed = True
        for sequence in self._scheduler.close():
            self._fail(sequence, EngineError("the engine was closed"))
        self._thread.join(timeout=30)

    # The engine's own thread

    def _run(self) -> None:
        with _current(self._target.device):  # a thread begins on the first GPU
            while self._scheduler.wait():
                self._moves.begin()
                self._step_since = time.monotonic()
                try:
                    self.step()
                except Exception as error:  # out of memory, a bug, a broken device: its rows fail, the engine goes on
                    self._break(error)
                self._step_since = None

    @torch.inference_mode()
    def step(self) -> None:
        started = time.perf_counter()
        self._admit()
        busy, captures = len(self._scheduler.running), self._target.captures
        with self._timed("prefill"):
            self._prefill()
        if rows := self._scheduler.ready():
            begun, pace = time.perf_counter(), self._drafting.pace
            with self._timed("draft"):
                proposal = self._drafting.propose(rows, self._budget(rows), self._cache)
            verifying = time.perf_counter()
            with self._timed("verify") as took:
                verified = self._verify(rows, proposal)
            late = self._late(verifying)
            with self._timed("commit"):
                written = self._commit(rows, proposal.drafts, verified)
            took_s = time.perf_counter() - begun - late
            if self._target.captures == captures:  # a step that records a graph tells nothing of those to come
                pace.verified(verified[2].positions, took() - late)
                pace.stepped(len(rows), written, took_s)
                self._drafting.modes.learn(written, took_s)
        self._retire()
        if busy:
            took_s = time.perf_counter() - started
            self._done.stepped(busy, took_s)
            if self._done.steps == 1:
                self._moves.longest_s = 0.0  # it read weights from a disk
            if self._target.captures == captures:
                self._done.longest_step_s = max(self._done.longest_step_s, took_s)

    def _late(self, verifying: float) -> float:
        """Seconds for which the device still read prompts when it was given the rows to verify: what `verify` waited
        for and did not take."""
        if self._reading is None:
            return 0.0
        begun, ended, rows = self._reading
        self._reading = None
        late = max(0.0, begun.at + ended.since(begun) - verifying)
        self.seconds["prefill"] += late
        self.seconds["verify"] -= late
        for row in rows:
            row.usage.prefill_s += late / len(rows)
        return late

    @contextmanager
    def _timed(self, phase: str) -> Iterator[Callable[[], float]]:
        """Adds the block's seconds to `seconds[phase]`; yields a way to ask for them afterwards."""
        begun = ended = time.perf_counter()
        self._moves.mark()
        yield lambda: ended - begun
        ended = time.perf_counter()
        self._moves.mark()
        self.seconds[phase] += ended - begun

    def _admit(self) -> None:
        for gone, reason in self._scheduler.withdrawn(time.monotonic()):
            gone.finish(reason, self._forget)
        while (sequence := self._scheduler.next()) is not None:
            sequence.started_s = time.monotonic()
            sequence.usage.queued_s = sequence.started_s - sequence.submitted_s
            self._scheduler.start(sequence)

    def _prefill(self) -> None:
        """One chunk of the prompts that are not read yet, first come first. The last prompt token stays out: it is the
        row's first pending one, whose step verifies drafts too."""
        room, started, read = self.config.prefill_chunk, self._target.mark(), []
        for row in sorted(self._scheduler.running, key=lambda row: row.submitted_s):
            prompt = row.request.prompt[:-1]
            while not row.ready and room > 0:
                begun = time.monotonic()
                if row.slot < 0:
                    # The hidden state at the end has to be computed, so at least one token is.
                    row.slot, row.length = self._cache.begin(prompt)
                    row.usage.shared_tokens = row.length
                chunk = prompt[row.length : row.length + room]
                if chunk:
                    hidden = self._target.prefill(torch.tensor([chunk]), row.length, row.slot, self._cache)
                    row.hidden = None if hidden is None else hidden[0]
                    self._cache.extend(row.slot, chunk)
                    if row.length < row.request.copy_from[0] <= row.length + len(chunk):
                        self._cache.remember(row.slot, row.request.copy_from[0])
                    row.length += len(chunk)
                    room -= len(chunk)
                    read.append(row)
                    self._done.prompt_tokens += len(chunk)
                row.ready = row.length == len(prompt)
                row.usage.prefill_s += time.monotonic() - begun
        if read:
            self._reading = (self._reading or (started,))[0], self._target.mark(), read

    def _budget(self, rows: list[Sequence]) -> int:
        """How many tokens a row may draft."""
        count = len(rows)
        if self.config.graphs:
            count = rows_of(count, self.config.slots)  # as many as the step is going to compute
        return max(0, min(self.config.max_draft, self.config.step_positions // count - 1))

    def _verify(
        self, rows: list[Sequence], proposal: Proposal
    ) -> tuple[list[list[int]], list[list[float]], StepOutput]:
        """One target forward for all rows; chosen tokens and log-probabilities for each position, and it. What the
        device still drafts is known to the host, and in `proposal`, on return."""
        self._target.prepare(proposal.settle)
        counts, chains = proposal.counts, proposal.chains
        width = max(counts)
        known = [[row.pending, *draft.tokens] for row, draft in zip(rows, proposal.drafts, strict=True)]
        ids = torch.tensor([span + [PAD] * (width - len(span)) for span in known])
        slots, lengths = [row.slot for row in rows], [row.length for row in rows]
        with self._timed("target"):
            read = self._target.verify(ids, slots, lengths, self._cache, chains.into if chains else None, counts)
        self._done.forwards += 1
        drafts = proposal.settle()  # a GPU is at work on the forward
        counts = [1 + len(draft) for draft in drafts]
        pinned = self._target.device.type == "cuda"
        bits = draft_masks(rows, drafts, counts, self._words, pinned=pinned)  # while a GPU computes
        at = [first + position for first, count in zip(read.first, counts, strict=True) for position in range(count)]
        how = [(row.params, len(row.ids) + at) for row, n in zip(rows, counts, strict=True) for at in range(n)]
        choice = choose_tokens(self._target, read, at, bits, how)
        if self._overlap:
            self._drafting.ahead(rows, drafts, self._budget(rows), self._target.mark().over)
        ids_, logprobs = choice.resolve()
        ends = list(accumulate(counts))
        cuts = [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]
        return [ids_[cut] for cut in cuts], [logprobs[cut] for cut in cuts], read

    def _commit(
        self, rows: list[Sequence], drafts: list[Draft], verified: tuple[list[list[int]], list[list[float]], StepOutput]
    ) -> int:
        """Write what was accepted; how many tokens that was."""
        chosen, logprobs, read = verified
        written = 0
        for index, (row, draft) in enumerate(zip(rows, drafts, strict=True)):
            if row.matcher is not None and row.matcher.is_error():
                row.refuse(_too_complex(row.matcher))
                continue
            accepted = accept(draft.tokens, chosen[index])
            tally = draft.tally(accepted)
            row.count(tally)
            self._done.drafted(tally)
            self._drafting.learn(row, draft, accepted)
            written += accepted + 1
            self._write(row, chosen[index][: accepted + 1], logprobs[index])
            row.length += accepted + 1
            row.pending = chosen[index][accepted]
            row.hidden = None if read.hidden is None else read.hidden[read.first[index] + accepted]
        return written

    def _write(self, row: Sequence, tokens: list[int], logprobs: list[float]) -> None:
        """Accepted tokens, up to the one that ends the text, if one does."""
        stops = [at for at, token in enumerate(tokens) if token in self._stop]
        begun = 0
        for end in [*stops, len(tokens)]:
            self._append(row, tokens[begun:end], logprobs[begun:end])
            begun = end
            if row.finished is None and end < len(tokens) and (row.matcher is None or row.matcher.is_accepting()):
                row.finished = "stop"
            if row.finished is not None:
                return
        if row.room == 0:
            row.finished = "length"

    def _append(self, row: Sequence, tokens: list[int], logprobs: list[float]) -> None:
        row.ids += tokens
        self._done.output_tokens += len(tokens)
        row.logprobs += logprobs
        row.sizes += self._free.sizes(tokens)
        row.written += self._tokenizer.decode_bytes(tokens)
        if row.matcher is not None and tokens:
            if not row.matcher.consume_tokens(tokens):
                row.refuse(_too_complex(row.matcher))
            elif row.matcher.is_stopped():
                row.finished = "stop"

    def _retire(self) -> None:
        now = time.monotonic()
        for row in list(self._scheduler.running):
            reason = row.finished or row.withdrawn(now)
            if reason is not None:
                if row.slot >= 0:
                    written = (row.request.prompt + row.ids)[self._cache.held(row.slot) : row.length]
                    self._cache.extend(row.slot, written)
                    self._cache.release(row.slot)
                self._scheduler.retire(row)
                row.finish(reason, self._forget)

    # Small things

    def _matcher(self, grammar: str | None) -> LLMatcher | None:
        if grammar is None:
            return None
        matcher = matcher_of(self._tokenizer, self._bound(grammar))
        if matcher.is_error():
            raise InputError(f"the grammar does not compile: {matcher.get_error()}", code="invalid_schema")
        return matcher

    def _alive(self) -> bool:
        """Whether the device still answers; kernels of Triton's say that it does not by an error of no kind."""
        try:
            if self._target.device.type == "cuda":
                torch.cuda.synchronize(self._target.device)
        except RuntimeError:
            return False
        return True

    def _forget(self, sequence: Sequence) -> None:
        self._sequences.pop(id(sequence.future), None)

    def _fail(self, sequence: Sequence, error: EngineError) -> None:
        self._forget(sequence)
        if not sequence.future.done():
            sequence.future.set_exception(error)

    def _break(self, error: Exception) -> None:
        """Fail every running row; the cache can no longer be trusted, and after a fault of the device nothing can."""
        self.broken = self.broken or isinstance(error, torch.AcceleratorError) or not self._alive()
        frame = traceback.extract_tb(error.__traceback__)[-1]  # and not its text, which may quote the document
        where = f"{type(error).__name__} at {frame.filename}:{frame.lineno}"
        log.error("engine step failed (%s); %d rows fail with it", where, len(self._scheduler.running))
        rows, self._scheduler.running[:] = list(self._scheduler.running), []
        self._cache.reset()
        for row in rows:
            self._fail(row, EngineError(f"the engine failed: {type(error).__name__}"))


def _current(device: torch.device) -> AbstractContextManager[Any]:
    """Where Triton launches its kernels."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def _too_complex(matcher: LLMatcher) -> SchemaError:
    """A grammar may pass every check and only meet a limit of llguidance's with the text that is written under it."""
    said = matcher.get_error().partition("\n")[0]  # of limits, never of text: verbose errors are off
    return SchemaError(f"the schema is more than its grammar can follow: {said}", code="schema_too_complex")
