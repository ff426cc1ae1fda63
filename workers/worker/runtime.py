"""What one worker process has: an extractor loaded once, its connections, and the threads that keep it honest (keeper,
reconciler). Built when the worker starts; tasks find it by `Runtime.current()`. Celery's threads pool does not send
`worker_process_init`, and one process is what shares one engine."""

from __future__ import annotations

import importlib
import os
import secrets
import signal
import socket
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

import structlog

from extractor.config import Settings
from extractor.documents.readers import Readers
from extractor.errors import DeadlineExceeded, EngineError, ExtractorError, InputError, OutputError
from extractor.heartbeat import born, machine
from workers.config import WorkerSettings
from workers.ledger.ledger import Claim, Ledger, StoreUnavailable, WorkerInfo
from workers.observability import tracing
from workers.observability.logs import place
from workers.queue.publish import Queue
from workers.worker.gate import Room
from workers.worker.heartbeat import Held, Keeper
from workers.worker.reading import Reading
from workers.worker.reconciler import Reconciler
from workers.worker.scans import Scans
from workers.worker.stats import Gauge
from workers.worker.trials import Trials
from workers.worker.verdicts import LedgerVerdicts
from workers.worker.vitals import Vitals

log = structlog.get_logger(__name__)
CONSUMER = "the consumer"
_CLOSING_S = 60.0
_QUICK_TRIAL_S = 0.25
_LONGEST_WAIT_S = 300.0  # for a trial, of a document that says nothing of its time
_ASKED = 3  # times, of engines that die under it
_WARM_UP = ("Warm-up: 1", {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]})


class Runtime:
    """`start` returns when the model is loaded and has answered; `stop` gives back what still runs."""

    _current: ClassVar[Runtime | None] = None

    def __init__(self, settings: WorkerSettings) -> None:
        self.settings = settings
        self.id = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self.ledger = Ledger(settings=settings)
        self.queue = Queue(settings)
        self.room = Room()
        self.vitals = Vitals(settings.heartbeat_file, settings.beat_good_for_s)
        self.keeper = Keeper(self.ledger, self.info, settings.pulse_s, self.vitals)
        self.reconciler = Reconciler(self.ledger, self.queue, settings, self.id, self.vitals)
        self.gauge = Gauge()
        self.trials = Trials(self._judge, self._tried)
        self._prepared = threading.Event()
        library = Settings()
        self.ocr = library.ocr
        self.readers = Readers(  # one for each slot, so that none waits for another's
            texts=settings.slots,
            pictures=settings.picture_readers,
            engine=library.ocr_engine,
            nice=settings.readers_nice,
        )
        self.scans = Scans(
            lambda reading, waits: self._park(reading.held.claim, waits), self._read, settings.picture_readers
        )
        self.stopping = threading.Event()
        self.broken = False
        self.extractor: Any = None
        self._module: Any = None
        self._state = "loading"
        self._started_at = time.time()
        self._loaded_at: float | None = None
        self._model: dict[str, Any] = {}

    @classmethod
    def current(cls) -> Runtime:
        if cls._current is None:
            raise RuntimeError("no runtime in this process: start the worker with `python -m workers`")
        return cls._current

    def start(self) -> None:
        """Raises whatever loading the model raises."""
        Runtime._current = self
        tracing.start("extractor-worker")
        self.keeper.start()  # a worker that loads is seen as one that loads
        self._load()
        self._loaded_at = time.time()
        self.trials.start()
        threading.Thread(target=self._prepare, name="prepare-trials", daemon=True).start()
        self.scans.start()
        self.reconciler.start()
        log.info("loaded", worker=self.id, slots=self.settings.slots, model=self._model)

    def _load(self) -> None:
        module, _, name = self.settings.extractor_factory.partition(":")
        self._module = importlib.import_module(module)  # torch, at last
        make = getattr(self._module, name, None)
        if make is None:
            raise InputError(f"EXTRACTOR_EXTRACTOR_FACTORY: {module} has no {name!r}", code="invalid_settings")
        self.extractor = make()
        keep = getattr(self.extractor, "keep_verdicts", None)
        if keep is not None:
            keep(LedgerVerdicts(self.ledger))
        self._warm_up()
        self._model = self.extractor.model_info()

    def extract(self, document: Any, schema: Any, options: dict[str, Any], abort: threading.Event | None = None) -> Any:
        """`Extractor.extract` with options as the API takes them. `Options` is found beside the extractor's factory."""
        try:
            chosen = self._module.Options(**options)
        except (TypeError, ValueError) as error:
            raise InputError("this worker does not know these options", code="invalid_options") from error
        return self.extractor.extract(document, schema, chosen, abort=abort)

    def knows(self, json_schema: Any) -> bool:
        """Whether a document under this schema of a request need not wait for a trial. One that is over in a moment is
        held at once, as most are, unless others are being held: those may not be over so soon."""
        asked = getattr(self.extractor, "judged", None)
        try:
            if asked is not None and not asked(json_schema):
                if not self._prepared.is_set() or not self.trials.idle():
                    return False
                self.extractor.judge(json_schema, _QUICK_TRIAL_S)
        except (DeadlineExceeded, EngineError):
            return False
        except ExtractorError:
            pass  # what is wrong with it the extraction says
        return True

    def try_first(self, claim: Claim) -> None:
        """The document waits for a trial of its schema, for as long as it may take itself, and not in memory."""
        wait_s = float(claim.job.options.get("timeout_s") or _LONGEST_WAIT_S)
        self._park(claim, True)
        self.trials.take(self.keeper.hold(replace(claim, document=b"")), wait_s)

    def _judge(self, held: Held) -> None:
        job = held.claim.job
        self._park(held.claim, False)
        wall_s = float(job.options.get("timeout_s") or self.settings.trial_s)
        self.extractor.judge(held.claim.json_schema, min(wall_s, self.settings.trial_s), held.abort)

    def _prepare(self) -> None:
        """What the first trial would wait for."""
        prepare = getattr(self.extractor, "prepare_trials", None)
        try:
            if prepare is not None:
                prepare()
        finally:
            self._prepared.set()

    def _tried(self, held: Held, error: Exception | None) -> None:
        from workers.worker.tasks import tried  # which knows this module

        tried(self, held, error)

    def reading(self, held: Held) -> Reading:
        """The reading of a document, yet to begin."""
        return Reading.of(held, self.readers, self.ocr, self.settings.reading_timeout_s)

    def _park(self, claim: Claim, parked: bool) -> None:
        """A document that only waits here is not to blame when this process dies."""
        with suppress(StoreUnavailable):
            self.ledger.run(self.ledger.jobs.park(claim.job.tenant, claim.job.id, claim.attempt, parked=parked))

    def _read(self, reading: Reading, error: Exception | None) -> None:
        from workers.worker.tasks import was_read

        was_read(self, reading, error)

    def _warm_up(self) -> None:
        if not self.settings.warm_up:
            return
        document, schema = _WARM_UP
        with suppress(OutputError):  # an answer that is no good is an answer
            self.extract(document, schema, {"max_output_tokens": 16, "max_model_calls": 1})

    def answers(self) -> bool:
        """Whether the engine still works, asked after it failed on a document: was it the document, or the engine?
        One that dies while it is asked was dying already: what is asked again waits for the next."""
        for _ in range(_ASKED):
            try:
                self._warm_up()
            except Exception as error:
                log.error("the engine does not answer", worker=self.id, **place(error))
                if not (isinstance(error, EngineError) and error.code == "engine_crashed"):
                    return False
            else:
                return True
        return False

    def give_up(self) -> None:
        """The engine is broken for good (a lost device, say): end this process as SIGTERM does, with status 1, before
        it turns every document of the queue into poison. Whoever supervises it starts another."""
        self.broken = True
        os.kill(os.getpid(), signal.SIGTERM)

    def info(self) -> WorkerInfo:
        engine, state, why = self._engine_figures(), self._state, self._engine_trouble()
        if state == "ready" and why:
            state = "recovering"  # its engine died or hung, and another is loading
        return WorkerInfo(
            id=self.id,
            host=socket.gethostname(),
            pid=os.getpid(),
            ready=state == "ready",
            state=state,
            slots=self.settings.slots,
            busy=len(self.keeper.holding()),
            loaded_at=self._loaded_at,
            model=self._model,
            started_at=self._started_at,
            tokens_per_s=self.gauge.tokens_per_s(engine),
            figures={
                "documents": self.gauge.documents(),
                "readings": self.gauge.readings(),
                "engine": engine,
            },
            why=why,
            machine=machine(),
            born=born(os.getpid()),
        )

    def _engine_figures(self) -> dict[str, Any]:
        """Empty before a model is loaded, and for an extractor that has none."""
        asked = getattr(self.extractor, "figures", None)
        return asked() if asked is not None else {}

    def _engine_trouble(self) -> str:
        asked = getattr(self.extractor, "trouble", None)
        return "" if asked is None else str(asked())

    def consuming(self, yes: bool) -> None:
        """Whether messages are taken just now; a worker that takes none is not ready."""
        if not self.stopping.is_set():
            self._state = "ready" if yes else "reconnecting"
            self.keeper.pulse()

    # ---- the end ----

    def begin_stop(self) -> None:
        """Take nothing new; what runs has `shutdown_s` to finish and is then given back. Safe in a signal handler."""
        if not self.stopping.is_set():
            self.stopping.set()
            self._state = "stopping"
            threading.Thread(target=self._give_back, name="give-back", daemon=True).start()

    def _give_back(self) -> None:
        self.keeper.pulse()
        self.trials.give_back()
        self.scans.give_back()
        if self._idle_within(self.settings.shutdown_s):
            return
        for held in self.keeper.holding():
            held.abort.set()  # the engine stops the row within a step, and its task releases the job
        if self._idle_within(self.settings.abort_s):
            return
        for held in self.keeper.holding():
            held.released = True  # it did not stop: release for it; the fence refuses what it may still bring
            with suppress(StoreUnavailable):
                self.release(held, "the worker stopped", counts=False)
        log.warning("a thread did not stop and is abandoned")
        with suppress(StoreUnavailable):
            self.ledger.run(self.ledger.workers.leave(self.id))
        os._exit(1)

    def _idle_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.keeper.holding() and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.keeper.holding()

    def release(
        self, held: Held, detail: str, *, delay_s: float = 0.0, counts: bool, behind: bool = False
    ) -> str | None:
        """Gives a job back, and publishes it unless it is to wait. Raises StoreUnavailable."""
        job = held.claim.job
        status = self.ledger.run(
            self.ledger.jobs.release(
                job.tenant, job.id, held.claim.attempt, detail=detail, delay_s=delay_s, counts=counts, behind=behind
            )
        )
        if status == "queued" and not delay_s:
            self.queue.publish(job.tenant, job.id, job.priority, again=True)
        return status

    def stop(self) -> None:
        self.begin_stop()
        self.trials.stop()
        self.scans.stop()
        self.readers.close()
        self.vitals.rest(CONSUMER)
        self.reconciler.stop()
        self.keeper.stop()
        self.vitals.beat("stopping", good_for_s=_CLOSING_S)
        try:
            self.ledger.run(self.ledger.workers.leave(self.id))
        except StoreUnavailable as error:
            log.warning("left without saying so", reason=str(error))
        close = getattr(self.extractor, "close", None)
        if close is not None:
            close()
        self.queue.close()
        self.ledger.close()
        tracing.stop()
        self.vitals.close()
        Runtime._current = None
