"""The store rewrites its append-only file: what counts as done, what is asked again, and what a store refuses."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from tests.support.fleet import until
from tests.support.ledger_support import open_ledger
from tests.support.remains import holding, mark
from tests.support.valkey import Valkey
from tests.workers.ledger.erasing.support import (
    COMPRESSED,
    RIGHTS,
    WITHIN_S,
    T,
    claim,
    clean,
    configure,
    job,
    looked_until,
    persistence,
    rewritten,
    slow,
    tallies,
)
from workers.config import WorkerSettings
from workers.ledger.ledger import Ledger
from workers.worker.erasing import Erasing


def test_a_rewrite_that_began_before_clears_nothing_away(valkey: Valkey, ledger: Ledger) -> None:
    early = mark()
    doomed = job(ledger, early)
    slow(valkey, 0.1)
    with valkey.client() as client:
        client.bgrewriteaof()
    assert ledger.run(ledger.jobs.delete(T, doomed))
    time.sleep(WITHIN_S / 2 + 0.05)
    if persistence(valkey)["aof_rewrite_in_progress"]:  # it takes a second; a busy machine may have slept longer
        assert ledger.run(ledger.upkeep.rewrite()).outcome == "", "it is waited for"
    slow(valkey, 0)
    until(lambda: not persistence(valkey)["aof_rewrite_in_progress"], 30, "the one that began before")
    assert holding(valkey.folder, early)
    looked_until(ledger, "file rewritten")
    assert persistence(valkey)["aof_rewrites"] == 2
    until(lambda: clean(valkey, ledger, early), 10, "gone")


def test_a_store_that_never_stops_rewriting_is_judged_by_the_last_that_ended(valkey: Valkey, ledger: Ledger) -> None:
    text = mark()
    assert ledger.run(ledger.jobs.delete(T, job(ledger, text)))
    until(lambda: ledger.run(ledger.upkeep.rewrite()).outcome == "ask", 10, "due")
    rewritten(valkey)
    slow(valkey, 0.5)
    with valkey.client() as client:
        client.bgrewriteaof()
    assert ledger.run(ledger.upkeep.rewrite()).outcome == "done"
    assert persistence(valkey)["aof_rewrite_in_progress"]
    until(lambda: clean(valkey, ledger, text), 10, "gone")


def test_counts_that_were_reset_prove_nothing(valkey: Valkey, ledger: Ledger) -> None:
    text = mark()
    rewritten(valkey)
    assert ledger.run(ledger.jobs.delete(T, job(ledger, text)))
    until(lambda: ledger.run(ledger.upkeep.rewrite()).outcome == "ask", 10, "due")
    with valkey.client() as client:
        client.config_resetstat()
    assert persistence(valkey)["aof_rewrites"] == 0
    looked_until(ledger, "file rewritten")
    assert persistence(valkey)["aof_rewrites"] == 1, "counted anew"
    until(lambda: clean(valkey, ledger, text), 10, "gone")


def test_what_is_erased_during_a_rewrite_has_the_next(valkey: Valkey, ledger: Ledger) -> None:
    first, second = mark(), mark()
    later = job(ledger, second)
    assert ledger.run(ledger.jobs.delete(T, job(ledger, first)))
    slow(valkey, 0.1)
    looked_until(ledger, "file to be rewritten")
    assert ledger.run(ledger.jobs.delete(T, later))
    slow(valkey, 0)
    looked_until(ledger, "file rewritten")
    assert holding(valkey.folder, second)
    assert ledger.run(ledger.upkeep.rewrite()).oldest_s > 0
    until(lambda: clean(valkey, ledger, first, second), 30, "gone")


@COMPRESSED
def test_a_store_killed_while_it_rewrites_is_asked_again(valkey: Valkey, ledger: Ledger, compressed: str) -> None:
    """And what its child had written by then is removed, with what was erased while it did."""
    configure(valkey, "rdbcompression", compressed)
    first, second = mark(), mark()
    doomed, later = job(ledger, first), job(ledger, second)
    more = [job(ledger, f"another {n}") for n in range(20)]
    assert ledger.run(ledger.jobs.delete(T, doomed))
    slow(valkey, 0.05)
    looked_until(ledger, "file to be rewritten")
    assert persistence(valkey)["aof_rewrite_in_progress"]
    assert ledger.run(ledger.jobs.delete(T, later))
    until(lambda: bool(list(valkey.folder.glob("temp-rewriteaof-*"))), 10, "a file of its child")
    valkey.kill()
    with (valkey.folder / "temp-rewriteaof-bg-1.aof").open("w") as left:
        left.write(second)
    valkey.start()
    assert not list(valkey.folder.glob("temp-*")), "what a dead store left half-written"
    assert holding(valkey.folder, first)
    until(lambda: clean(valkey, ledger, first, second), 30, "gone")
    assert all(ledger.run(ledger.jobs.get(T, one)) is not None for one in more)


def test_a_rewrite_that_fails_is_asked_for_again(valkey: Valkey, ledger: Ledger) -> None:
    text = mark()
    assert ledger.run(ledger.jobs.delete(T, job(ledger, text)))
    slow(valkey, 0.5)
    looked_until(ledger, "file to be rewritten")
    (child,) = psutil.Process(valkey.pid).children()
    os.kill(child.pid, signal.SIGKILL)
    slow(valkey, 0)
    looked_until(ledger, "file not rewritten")
    assert holding(valkey.folder, text)
    looked_until(ledger, "file rewritten")
    until(lambda: clean(valkey, ledger, text), 10, "gone")
    assert {name: tallies(ledger)[f"rewrite_{name}"] for name in ("failed", "done")} == {"failed": 1, "done": 1}


def test_an_asker_that_died_is_no_loss(valkey: Valkey, ledger: Ledger) -> None:
    """Between the ledger's word and the store's ear."""
    text = mark()
    assert ledger.run(ledger.jobs.delete(T, job(ledger, text)))
    until(lambda: ledger.run(ledger.upkeep.rewrite()).outcome == "ask", 10, "due")
    assert persistence(valkey)["aof_rewrites"] == 0
    until(lambda: clean(valkey, ledger, text), 30, "gone")


@pytest.mark.parametrize("why", ["no right", "no such command"])
def test_a_store_that_refuses_is_told_of_once_and_nothing_breaks(tmp_path: Path, why: str) -> None:
    """Where it rewrites by itself, that counts."""
    lacking = ["rename-command BGREWRITEAOF x"] if why == "no such command" else []
    with Valkey(tmp_path / "store", aof=True, directives=[f"user guest {RIGHTS}", *lacking]) as valkey:
        settings = WorkerSettings(
            redis_url=f"unix://guest:secret@{valkey.socket}?db=0", erase_within_s=WITHIN_S, result_ttl_s=0.01
        )
        with Ledger(settings=settings) as ledger, capture_logs() as logs:
            text = mark()
            assert ledger.run(ledger.jobs.delete(T, job(ledger, text)))
            erasing = Erasing(ledger)

            def refused() -> int:
                erasing.look()
                return tallies(ledger).get("rewrite_refused", 0)

            until(lambda: refused() > 1, 30, "asked again and refused")
            (line,) = [one for one in logs if one["log_level"] == "error"]
            assert line["event"] == "erased documents stay in the store's append-only file"
            assert "+bgrewriteaof" in line["detail"]
            assert ledger.run(ledger.upkeep.rewrite()).oldest_s > WITHIN_S / 2
            assert claim(ledger, job(ledger, "all else goes on")) == 1
            with valkey.client() as client:
                client.execute_command("x" if lacking else "BGREWRITEAOF")
            until(lambda: clean(valkey, ledger, text), 30, "gone")
            until(
                lambda: not erasing.look() and not ledger.run(ledger.upkeep.rewrite()).oldest_s, 30, "known to be gone"
            )


def test_a_store_that_says_nothing_of_itself_is_told_of_once(tmp_path: Path) -> None:
    directives = [f"user guest {RIGHTS.replace('+info', '-info +bgrewriteaof')}"]
    with Valkey(tmp_path / "store", aof=True, directives=directives) as valkey:
        settings = WorkerSettings(redis_url=f"unix://guest:secret@{valkey.socket}?db=0", erase_within_s=WITHIN_S)
        with Ledger(settings=settings) as ledger, capture_logs() as logs:
            assert ledger.run(ledger.jobs.delete(T, job(ledger, "text")))
            erasing = Erasing(ledger)
            erasing.look()
            erasing.look()
    (line,) = logs
    assert "+info" in line["detail"]


def test_without_such_a_file_nothing_is_asked(tmp_path: Path) -> None:
    with Valkey(tmp_path / "store") as valkey, open_ledger(valkey, erase_within_s=WITHIN_S) as ledger:
        assert ledger.run(ledger.jobs.delete(T, job(ledger, "text")))
        time.sleep(WITHIN_S / 2)
        assert ledger.run(ledger.upkeep.rewrite()).outcome == ""
        assert ledger.run(ledger.upkeep.rewrite()).oldest_s == 0
