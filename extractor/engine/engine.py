"""The decode loop. `step()` tells it: admit, prefill a chunk, draft, verify, commit, retire.

One thread owns the model, the cache and every matcher; callers submit from any thread and hold a future. Matchers move
forward only by accepted tokens, so whatever is drafted the output is the undrafted one, token for token.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import torch
from llguidance import LLMatcher

from extractor.engine.cache import SlotCache
from extractor.engine.commit import Committer
from extractor.engine.config import EngineConfig
from extractor.engine.drafting.compose import Drafting
from extractor.engine.drafting.text import matcher_of
from extractor.engine.heartbeat import Moves
from extractor.engine.limits.narrowing import Narrowing
from extractor.engine.memory import slot_shape
from extractor.engine.model.loader import Models
from extractor.engine.model.runner import Runner
from extractor.engine.parts import compose_drafting, current_device, mtp_model, target_runner
from extractor.engine.prefill import PromptReader
from extractor.engine.scheduler import Scheduler
from extractor.engine.sequence import Completion, Draft, Request, Sequence
from extractor.engine.stats import EngineStats
from extractor.engine.step_timer import StepTimer
from extractor.engine.verification import Verifier
from extractor.errors import EngineError, InputError, where_raised

log = logging.getLogger(__name__)


class Engine:
    """Prompts in, text out. `models`: what `loader.load` gives, or anything with its attributes."""

    def __init__(
        self,
        models: Models,
        config: EngineConfig | None = None,
        *,
        runner: Runner | None = None,
        drafting: Drafting | None = None,
    ) -> None:
        """`runner` and `drafting` stand in for those that `parts.py` builds of `models`."""
        self.config = config = config or EngineConfig()
        if config.slots < 1:
            raise InputError(f"an engine needs at least one slot, not {config.slots}")
        self._tokenizer, self._bound = models.ll_tokenizer, models.bound
        self._runner = runner or target_runner(models, config)
        self._drafting = drafting or compose_drafting(
            models, config, self._runner, mtp_model(models, config, self._runner)
        )
        self._overlap = config.overlaps(self._runner.device)
        self._cache = SlotCache(config.slots, slot_shape(models.target.config, config), config.prefix_bytes)
        self._scheduler = Scheduler(config.slots)
        moves = Moves()
        self._runner.on_layer(moves.mark)
        self._stats = EngineStats()
        self.seconds = self._stats.seconds  # by phase; `target` is the forward within `verify`
        self._timer = StepTimer(self._stats, moves)
        self._prompts = PromptReader(self._runner, config.prefill_chunk, self._stats)
        self._verifier = Verifier(self._runner, Narrowing(self._tokenizer), self._timer)
        self._committer = Committer(self._tokenizer, models.stop_ids, self._drafting.text.sizes, self._stats)
        self._closed = False
        self.broken = False  # the device is lost: every step from now on would fail
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
        sequence = Sequence(request, self._matcher(request.grammar))
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
        return self._stats.as_json(*self._scheduler.depth())

    def progress(self) -> tuple[float, float | None]:
        """For how many seconds the step that runs has been going on (0 between steps), and how long it may at most:
        several times the longest that has ended; None while that cannot be said: the first step compiles kernels and
        reads weights, and one that records a graph takes its time. On a CPU, which computes for as long as it must,
        both are from one layer to the next."""
        if not self._thread.is_alive() and not self._closed:
            return math.inf, 0.0
        return self._timer.progress(on_cpu=self._runner.device.type == "cpu", recording=self._runner.recording)

    def forget(self) -> None:
        """Forget the prompts it has read, so that a later one shares nothing with them. While it is idle only."""
        self._cache.reset()

    def close(self) -> None:
        """Stop after the step that runs; whoever is still waiting gets an `EngineError`."""
        self._closed = True
        for sequence in self._scheduler.close():
            self._fail(sequence, EngineError("the engine was closed"))
        self._thread.join(timeout=30)
        for sequence in list(self._sequences.values()):  # rows, and what the last step was about to admit
            self._fail(sequence, EngineError("the engine was closed"))

    # The engine's own thread

    def _run(self) -> None:
        with current_device(self._runner.device):  # a thread begins on the first GPU
            while self._scheduler.wait():
                with self._timer.running():
                    try:
                        self.step()
                    except Exception as error:  # out of memory, a bug, a broken device: its rows fail, others go on
                        self._break(error)

    @torch.inference_mode()
    def step(self) -> None:
        """Admit who waits, read a chunk of prompts, draft, verify, commit, retire who is done."""
        timer, captures = self._timer, self._runner.captures
        timer.begin()
        self._admit()
        busy = len(self._scheduler.running)
        with timer.phase("prefill"):
            self._prompts.read(self._scheduler.running, self._cache, chains=self._drafting.chains)
        if rows := self._scheduler.ready():
            self._decode(rows, captures)
        self._retire()
        timer.end(busy, recorded=self._runner.captures != captures)

    def _decode(self, rows: list[Sequence], captures: int) -> None:
        """At least one token for each of the rows. `captures`: recordings before the step."""
        timer, budget = self._timer, self.config.draft_budget(len(rows))
        with timer.phase("draft"):
            proposal = self._drafting.propose(rows, budget, self._cache)

        def look_ahead(drafts: list[Draft], over: Callable[[], bool]) -> None:
            self._drafting.ahead(rows, drafts, budget, over)

        with timer.phase("verify"):
            verified = self._verifier.verify(rows, proposal, self._cache, look_ahead if self._overlap else None)
        self._stats.forwards += 1
        timer.shift(self._prompts.overhang(timer.began("verify")), "verify", "prefill")
        with timer.phase("commit"):
            accepted = self._committer.commit(rows, verified)
            for row, draft, count in zip(rows, verified.drafts, accepted, strict=True):
                if count is not None:
                    self._drafting.learn(row, draft, count)
        if self._runner.captures == captures:  # a step that records a graph tells nothing of those to come
            written = sum(count + 1 for count in accepted if count is not None)
            verify_s, step_s = timer.took("verify"), timer.took("draft", "verify", "commit")
            self._drafting.stepped(len(rows), verified.output.positions, written, verify_s, step_s)

    def _admit(self) -> None:
        for gone, reason in self._scheduler.withdrawn(time.monotonic()):
            gone.finish(reason, self._forget)
        while (sequence := self._scheduler.next()) is not None:
            sequence.started_s = time.monotonic()
            self._scheduler.start(sequence)

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
            if self._runner.device.type == "cuda":
                torch.cuda.synchronize(self._runner.device)
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
        log.error("engine step failed (%s); %d rows fail with it", where_raised(error), len(self._scheduler.running))
        rows, self._scheduler.running[:] = list(self._scheduler.running), []
        self._cache.reset()
        for row in rows:
            self._fail(row, EngineError(f"the engine failed: {type(error).__name__}"))
