"""Every operation of the ledger, by what it is about. Each is a `Call`, a value: `Ledger.run` and `AsyncLedger.run`
take the same ones. Knows no connection."""

from __future__ import annotations

from workers.config import WorkerSettings
from workers.ledger.batch_commands import BatchCommands
from workers.ledger.hooks import HookCommands
from workers.ledger.job_commands import JobCommands
from workers.ledger.upkeep import UpkeepCommands
from workers.ledger.verdicts import VerdictCommands
from workers.ledger.workers import WorkerCommands


class Commands:
    def __init__(self, settings: WorkerSettings) -> None:
        self.settings = settings
        self.jobs = JobCommands(settings)
        self.batches = BatchCommands(settings)
        self.workers = WorkerCommands(settings)
        self.hooks = HookCommands()
        self.verdicts = VerdictCommands()
        self.upkeep = UpkeepCommands(settings)
