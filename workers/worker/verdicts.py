"""Verdicts of trials on inline schemas, kept in the ledger so that one worker's trial serves all. When the store does
not answer, the schema is tried again; nothing else is lost."""

from __future__ import annotations

from contextlib import suppress

import orjson

from extractor.grammar.verdicts import Verdict
from workers.ledger.ledger import Ledger, StoreUnavailable

KEPT_S = 24 * 3600.0
REFUSED_KEPT_S = 600.0  # it may have failed for want of time or memory


class LedgerVerdicts:
    """An `extractor.grammar.verdicts.Verdicts`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def get(self, key: str) -> Verdict | None:
        with suppress(StoreUnavailable):
            kept = self._ledger.run(self._ledger.verdicts.get(key))
            if kept is not None:
                code, detail, errors = orjson.loads(kept)
                return Verdict(code, detail, tuple((where, what) for where, what in errors))
        return None

    def put(self, key: str, verdict: Verdict) -> None:
        with suppress(StoreUnavailable):
            kept = orjson.dumps([verdict.code, verdict.detail, verdict.errors])
            self._ledger.run(self._ledger.verdicts.put(key, kept, REFUSED_KEPT_S if verdict.code else KEPT_S))
