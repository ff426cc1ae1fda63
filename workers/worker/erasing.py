"""Has what was erased removed from the store's append-only file too, within `erase_within_s`: the store is asked to
rewrite the file (BGREWRITEAOF), again and again until it has. The ledger knows when, and whether it has
(lua/rewrite.lua). Used by the reconciler; knows no job."""

from __future__ import annotations

import structlog

from workers.ledger.ledger import Ledger

log = structlog.get_logger(__name__)
_UNSEEN = "INFO is not allowed, so nobody would know whether it has: its user needs +info"
_NEEDED = "its user needs +bgrewriteaof; where it has no such command, what is erased stays until it rewrites by itself"


class Erasing:
    """`look` at every tick. A refusal of the store is logged once, and again after it has obeyed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._complained = ""

    def look(self) -> None:
        """Raises StoreUnavailable."""
        due = self._ledger.run(self._ledger.upkeep.rewrite())
        oldest_s = round(due.oldest_s, 1)
        match due.outcome:
            case "ask":
                refused = self._ledger.rewrite_file()
                if refused:
                    self._complain(f"{refused} ({_NEEDED})")
                else:
                    log.info("file to be rewritten", oldest_s=oldest_s)
            case "done":
                self._complained = ""
                log.info("file rewritten", oldest_s=oldest_s)
            case "failed":
                log.warning("file not rewritten", detail="the store's own log has the reason", oldest_s=oldest_s)
            case "unseen":
                self._complain(_UNSEEN)

    def _complain(self, detail: str) -> None:
        if detail != self._complained:
            self._complained = detail
            log.error("erased documents stay in the store's append-only file", detail=detail)
