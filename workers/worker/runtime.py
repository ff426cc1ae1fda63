"""What one worker process has: an extractor loaded once, its connections, and the threads that keep it honest
(heartbeat, reconciler). Built when the worker starts; tasks find it by `Runtime.current()`. Celery's threads pool does
not send `worker_process_init`, and one process is what shares one engine."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
import time
from contextlib import suppress
from typing import Any, ClassVar

import structlog

from extractor.config import Settings
from extractor.documents.readers import Readers
from extractor.processes.heartbeat import born, machine
from workers.config import WorkerSettings
from workers.ledger.ledger import Claim, Ledger, StoreUnavailable, WorkerInfo
from workers.ledger.progress import Unit
from workers.ledger.wait_reason import Behind
from workers.observability import tracing
from workers.queue.publish import JobQueue
from workers.worker.gate import Gate
from workers.worker.heartbeat import ActiveJob, WorkerHeartbeat
from workers.worker.long_documents import THREADS as LONG_THREADS
from workers.worker.progress_report import ProgressReport
from workers.worker.reading import DocumentReading
from workers.worker.reconciler import Reconciler
from workers.worker.trials import THREADS as TRIAL_THREADS
from workers.worker.verdicts import LedgerVerdicts
from workers.worker.waiting_room import WaitingRoom
from workers.worker.watchdog import Watchdog
from workers.worker.worker_extractor import WorkerExtractor
from workers.worker.worker_stats import WorkerStats

log = structlog.get_logger(__name__)
CONSUMER = "the consumer"
_CLOSING_S = 60.0


class Runtime:
    """`start` returns when the model is loaded and has answered; `stop` gives back what still runs."""

    _current: ClassVar[Runtime | None] = None

    def __init__(self, settings: WorkerSettings) -> None:
        self.settings = settings
        self.id = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        self.ledger = Ledger(settings=settings)
        self.queue = JobQueue(settings)
        self.gate = Gate()
        self.watchdog = Watchdog(settings.heartbeat_file, settings.beat_good_for_s)
        self.heartbeat = WorkerHeartbeat(self.ledger, self.info, settings.pulse_s, self.watchdog)
        self.reconciler = Reconciler(self.ledger, self.queue, settings, self.id, self.watchdog)
        self.stats = WorkerStats()
        library = Settings()
        self.ocr = library.ocr
        self.readers = Readers(  # one for each slot, so that none waits for another's
            texts=settings.slots,
            pictures=settings.picture_readers,
            engine=library.ocr_engine,
            nice=settings.readers_nice,
        )
        self.trials = WaitingRoom("trials", TRIAL_THREADS, self.park)
        self.pictures = WaitingRoom("pictures", settings.picture_readers, self.park)
        self.long = WaitingRoom("long", LONG_THREADS, self.park)
        self.stopping = threading.Event()
        self.broken = False
        self.extractor = WorkerExtractor(settings, self.id)
        self._state = "loading"
        self._started_at = time.time()
        self._loaded_at: float | None = None

    @classmethod
    def current(cls) -> Runtime:
        if cls._current is None:
            raise RuntimeError("no runtime in this process: start the worker with `python -m workers`")
        return cls._current

    def start(self) -> None:
        """Raises whatever loading the model raises."""
        Runtime._current = self
        tracing.start("extractor-worker")
        self.heartbeat.start()  # a worker that loads is seen as one that loads
        self.extractor.load(LedgerVerdicts(self.ledger))
        self._loaded_at = time.time()
        self.trials.start()
        threading.Thread(target=self.extractor.prepare_trials, name="prepare-trials", daemon=True).start()
        self.pictures.start()
        self.long.start()
        self.reconciler.start()
        log.info("loaded", worker=self.id, slots=self.settings.slots, model=self.extractor.model)

    def knows(self, json_schema: Any) -> bool:
        """Whether a document under this schema of a request need not wait for a trial. A trial is held at once unless
        others are being held: those may not be over so soon."""
        return self.extractor.knows(json_schema, try_now=self.trials.idle())

    def judge(self, active: ActiveJob) -> None:
        """The trial of a document's schema. Raises what is wrong with it."""
        job = active.claim.job
        wall_s = float(job.options.get("timeout_s") or self.settings.trial_s)
        self.extractor.judge(active.claim.json_schema, min(wall_s, self.settings.trial_s), active.abort)

    def reading(self, active: ActiveJob) -> DocumentReading:
        """The reading of a document, yet to begin."""
        return DocumentReading.of(active, self.readers, self.ocr, self.settings.reading_timeout_s)

    def progress_of(self, active: ActiveJob, unit: Unit) -> ProgressReport:
        """To be called with how far the document's reading is."""
        return ProgressReport(self.ledger, active.claim, unit)

    def park(self, claim: Claim, parked: bool) -> None:
        """A document that only waits here is not to blame when this process dies."""
        with suppress(StoreUnavailable):
            self.ledger.run(self.ledger.jobs.park(claim.job.tenant, claim.job.id, claim.attempt, parked=parked))

    def info(self) -> WorkerInfo:
        engine, state, why = self.extractor.stats(), self._state, self.extractor.trouble()
        if state == "ready" and why:
            state = "recovering"  # its engine died or hung, and another is loading
        return WorkerInfo(
            id=self.id,
            host=socket.gethostname(),
            pid=os.getpid(),
            ready=state == "ready",
            state=state,
            slots=self.settings.slots,
            busy=len(self.heartbeat.active()),
            loaded_at=self._loaded_at,
            model=self.extractor.model,
            started_at=self._started_at,
            tokens_per_s=self.stats.tokens_per_s(engine),
            stats={"documents": self.stats.documents(), "engine": engine, **self.stats.durations()},
            why=why,
            machine=machine(),
            born=born(os.getpid()),
        )

    def consuming(self, yes: bool) -> None:
        """Whether messages are taken just now; a worker that takes none is not ready."""
        if not self.stopping.is_set():
            self._state = "ready" if yes else "reconnecting"
            self.heartbeat.beat_now()

    def give_up(self) -> None:
        """The engine is broken for good (a lost device, say): end this process as SIGTERM does, with status 1, before
        it turns every document of the queue into poison. Whoever supervises it starts another."""
        self.broken = True
        os.kill(os.getpid(), signal.SIGTERM)

    # ---- the end ----

    def begin_stop(self) -> None:
        """Take nothing new; what runs has `shutdown_s` to finish and is then given back. Safe in a signal handler."""
        if not self.stopping.is_set():
            self.stopping.set()
            self._state = "stopping"
            threading.Thread(target=self._give_back, name="give-back", daemon=True).start()

    def _give_back(self) -> None:
        self.heartbeat.beat_now()
        self.trials.give_back()
        self.pictures.give_back()
        self.long.give_back(at_work=False)
        if self._idle_within(self.settings.shutdown_s):
            return
        for active in self.heartbeat.active():
            active.abort.set()  # the engine stops the row within a step, and its task releases the job
        if self._idle_within(self.settings.abort_s):
            return
        for active in self.heartbeat.active():
            active.released = True  # it did not stop: release for it; the fence refuses what it may still bring
            with suppress(StoreUnavailable):
                self.release(active, "the worker stopped", counts=False)
        log.warning("a thread did not stop and is abandoned")
        with suppress(StoreUnavailable):
            self.ledger.run(self.ledger.workers.leave(self.id))
        os._exit(1)

    def _idle_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.heartbeat.active() and time.monotonic() < deadline:
            time.sleep(0.02)
        return not self.heartbeat.active()

    def release(
        self, active: ActiveJob, detail: str, *, delay_s: float = 0.0, counts: bool, behind: Behind | None = None
    ) -> str | None:
        """Gives a job back, and publishes it unless it is to wait. Raises StoreUnavailable."""
        job = active.claim.job
        status = self.ledger.run(
            self.ledger.jobs.release(
                job.tenant, job.id, active.claim.attempt, detail=detail, delay_s=delay_s, counts=counts, behind=behind
            )
        )
        if status == "queued" and not delay_s:
            self.queue.publish(job.tenant, job.id, job.priority)
        return status

    def stop(self) -> None:
        self.begin_stop()
        self.trials.stop()
        self.pictures.stop()
        self.long.stop()
        self.readers.close()
        self.watchdog.rest(CONSUMER)
        self.reconciler.stop()
        self.heartbeat.stop()
        self.watchdog.beat("stopping", good_for_s=_CLOSING_S)
        try:
            self.ledger.run(self.ledger.workers.leave(self.id))
        except StoreUnavailable as error:
            log.warning("left without saying so", reason=str(error))
        self.extractor.close()
        self.queue.close()
        self.ledger.close()
        tracing.stop()
        self.watchdog.close()
        Runtime._current = None
