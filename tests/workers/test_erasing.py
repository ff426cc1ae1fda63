"""What is erased, or has expired, leaves the store's append-only file too. On a real Valkey, looked for in every file
of its folder, whatever happens to the rewrite meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from structlog.testing import capture_logs

from tests.fleet import until
from tests.ledger_support import open_ledger
from tests.remains import holding, mark
from tests.valkey import Valkey
from workers.config import WorkerSettings
from workers.ledger.batches import Line
from workers.ledger.ledger import Claim, Ledger, NewJob
from workers.worker.erasing import Erasing

T = "acme"
WITHIN_S = 1.0
COMPRESSED = pytest.mark.parametrize("compressed", ["yes", "no"])


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[Valkey]:
    with Valkey(tmp_path / "store", aof=True) as started:
        yield started


@pytest.fixture
def ledger(valkey: Valkey) -> Iterator[Ledger]:
    with open_ledger(valkey, erase_within_s=WITHIN_S) as opened:
        yield opened


def job(ledger: Ledger, text: str, **more: Any) -> str:
    return ledger.run(ledger.jobs.create(T, NewJob("invoice@1", text.encode(), **more))).job_id


def claim(ledger: Ledger, job_id: str) -> int:
    claimed = ledger.run(ledger.jobs.claim(T, job_id, "w"))
    assert isinstance(claimed, Claim)
    return claimed.attempt


def tallies(ledger: Ledger) -> dict[str, int]:
    return ledger.run(ledger.upkeep.tallies())


def persistence(valkey: Valkey) -> dict[str, Any]:
    with valkey.client() as client:
        said: dict[str, Any] = client.info("persistence")
        return said


def configure(valkey: Valkey, name: str, value: object) -> None:
    with valkey.client() as client:
        client.config_set(name, value)


def rewritten(valkey: Valkey) -> None:
    with valkey.client() as client:
        client.bgrewriteaof()
    until(lambda: not persistence(valkey)["aof_rewrite_in_progress"], 30, "a rewrite")
    assert persistence(valkey)["aof_last_bgrewrite_status"] == "ok"


def looked_until(ledger: Ledger, outcome: str, timeout_s: float = 30.0) -> None:
    """As the reconciler does, every tick."""
    erasing, seen = Erasing(ledger), list[str]()
    with capture_logs() as logs:

        def seen_it() -> bool:
            erasing.look()
            seen[:] = [str(line["event"]) for line in logs]
            return any(line["event"] == outcome for line in logs)

        until(seen_it, timeout_s, lambda: f"{outcome}; {seen}")


def clean(valkey: Valkey, ledger: Ledger, *marks: str | bytes) -> bool:
    """Looking on, as the reconciler does; history is removed by a thread of the store, a moment later."""
    Erasing(ledger).look()
    return not any(holding(valkey.folder, text) for text in marks)


def everywhere(text: str) -> dict[str, Any]:
    """In whatever a caller may say beside the document."""
    return {"filename": f"{text}.txt", "metadata": {"note": text}, "request_id": text}


def batch(ledger: Ledger, texts: dict[str, str]) -> str:
    opened = ledger.run(ledger.batches.open(T, "key", "asked", None))
    schema = {"type": "object", "properties": {texts["schema of a batch"]: {"type": "string"}}}
    line = NewJob("inline", texts["line"].encode(), schema, custom_id=texts["custom_id"], priority="bulk")
    wrong = f'{{"line": 2, "error": "{texts["refused line"]}"}}'.encode()
    ledger.run(ledger.batches.add(T, opened, [Line(1, "a", line), Line(2, "b", wrong)]))
    ledger.run(ledger.batches.seal(T, opened))
    return opened.batch_id


@COMPRESSED
def test_what_is_gone_leaves_the_file(valkey: Valkey, compressed: str) -> None:
    """Erased or expired, whatever it was before, and the documents of what has ended; nothing else."""
    configure(valkey, "rdbcompression", compressed)
    names = ["queued", "running", "cancelled", "succeeded", "result", "failed", "given up", "line", "custom_id",
             "refused line", "schema of a batch", "inline", "document of an ended one", "kept"]  # fmt: skip
    marks = {name: mark() for name in names}
    with (
        open_ledger(valkey, erase_within_s=WITHIN_S) as ledger,
        open_ledger(valkey, result_ttl_s=0.01, open_ttl_s=0.01, erase_within_s=WITHIN_S) as hasty,
    ):
        inline = {"type": "object", "properties": {marks["inline"]: {"type": "string"}}}
        first = {
            name: job(ledger, marks[name], **everywhere(marks[name]), json_schema=inline)
            for name in ("queued", "running", "cancelled", "succeeded")
        }
        claim(ledger, first["running"])
        assert ledger.run(ledger.jobs.cancel(T, first["cancelled"])) == "cancelled"
        assert ledger.run(
            ledger.jobs.succeed(T, first["succeeded"], claim(ledger, first["succeeded"]), {"a": marks["result"]})
        )
        failed = job(ledger, marks["failed"], **everywhere(marks["failed"]))
        assert hasty.run(hasty.jobs.fail(T, failed, claim(ledger, failed), {"code": "x", "detail": marks["failed"]}))
        job(hasty, marks["given up"], **everywhere(marks["given up"]))
        many = batch(ledger, marks)
        ended = job(ledger, marks["document of an ended one"])
        long = NewJob("invoice@1", b"".join(b"%d: %d\n" % (n, n * n) for n in range(900)))
        assert long.stored is not long.document
        packed = long.stored[1000:1024]
        first["long"] = ledger.run(ledger.jobs.create(T, long)).job_id
        kept = job(ledger, "a neighbour's", metadata={"note": marks["kept"]})
        rewritten(valkey)
        for name, text in marks.items():
            assert holding(valkey.folder, text, "**/*.base.rdb"), f"a snapshot can hold it: {name}"
        assert holding(valkey.folder, packed, "**/*.base.rdb")

        for one in first.values():
            assert ledger.run(ledger.jobs.delete(T, one))
        assert ledger.run(ledger.jobs.succeed(T, ended, claim(ledger, ended), {"a": 1}))
        assert ledger.run(ledger.batches.end(T, many, "erase", "deleted")) == "ending"
        while ledger.run(ledger.batches.sweep(T, many)):
            pass
        time.sleep(0.05)
        assert sum(hasty.run(hasty.upkeep.expire(T))[:2]) == 2
        time.sleep(0.05)
        assert hasty.run(hasty.upkeep.expire(T))[1] == 1
        gone = [text for name, text in marks.items() if name != "kept"]
        assert any(holding(valkey.folder, text) for text in gone), "they are not gone at once"
        took_s = until(lambda: clean(valkey, ledger, packed, *gone), 30, "no file holds any of them")
        print(f"gone after {took_s:.1f} s")

        assert holding(valkey.folder, marks["kept"]), "what is kept is there"
        found = ledger.run(ledger.jobs.get(T, kept))
        assert found is not None
        assert found.metadata == {"note": marks["kept"]}
        assert ledger.run(ledger.jobs.get(T, ended)) is not None
        valkey.kill()
        valkey.start()
        assert ledger.run(ledger.jobs.get(T, kept)) is not None, "and after a restart from the file"


def test_whatever_removes_text_notes_it(valkey: Valkey) -> None:
    """Each by itself; what only makes or moves does not."""
    with (
        open_ledger(valkey) as ledger,
        open_ledger(valkey, result_ttl_s=0.01, open_ttl_s=0.01) as hasty,
        valkey.client() as client,
    ):

        def noted() -> bool:
            since_s = ledger.run(ledger.upkeep.erasing())
            client.delete("extractor:erasing")
            return since_s > 0

        def ended(by: Ledger) -> str:
            one = job(by, "text")
            assert by.run(by.jobs.succeed(T, one, claim(by, one), {"a": 1}))
            assert noted(), "its document"
            return one

        waiting, running = job(ledger, "text"), job(ledger, "text")
        attempt = claim(ledger, running)
        assert ledger.run(ledger.jobs.release(T, running, attempt, detail="again")) == "queued"
        assert ledger.run(ledger.jobs.renew(T, running, claim(ledger, running))).ok
        assert not noted()
        assert ledger.run(ledger.jobs.cancel(T, waiting)) == "cancelled"
        assert noted()
        for one in (waiting, running, ended(ledger)):
            assert ledger.run(ledger.jobs.delete(T, one))
            assert noted()
        ended(hasty)
        time.sleep(0.02)
        assert hasty.run(hasty.upkeep.expire(T))[1] == 1
        assert noted()
        job(hasty, "text")
        time.sleep(0.02)
        assert hasty.run(hasty.upkeep.expire(T))[0] == 1
        assert noted()

        opened = ledger.run(ledger.batches.open(T, None, "asked", None))
        ledger.run(ledger.batches.add(T, opened, [Line(1, "a", b'{"line": 1, "error": "refused"}')]))
        ledger.run(ledger.batches.seal(T, opened))
        assert ledger.run(ledger.batches.end(T, opened.batch_id, "erase", "deleted")) == "ending"
        assert not noted()
        ledger.run(ledger.batches.sweep(T, opened.batch_id))
        assert noted(), "of a batch without jobs"
        assert not ledger.run(ledger.jobs.delete(T, waiting))
        assert not noted()


def test_nothing_is_rewritten_without_need(valkey: Valkey, ledger: Ledger) -> None:
    """One rewrite for all that was erased by then, none before half of the time, none for what is only made."""
    made = [job(ledger, mark()) for _ in range(20)]
    look = Erasing(ledger).look
    look()
    with open_ledger(valkey, erase_within_s=3600.0) as patient:
        for one in made:
            assert ledger.run(ledger.jobs.delete(T, one))
        assert patient.run(patient.upkeep.rewrite()).outcome == ""
        assert 0 < patient.run(patient.upkeep.rewrite()).oldest_s < 60
    assert persistence(valkey)["aof_rewrites"] == 0
    looked_until(ledger, "file rewritten")
    assert persistence(valkey)["aof_rewrites"] == 1
    time.sleep(WITHIN_S)
    look()
    assert persistence(valkey)["aof_rewrites"] == 1
    assert ledger.run(ledger.upkeep.rewrite()).oldest_s == 0
    assert tallies(ledger)["rewrite_done"] == 1


def slow(valkey: Valkey, seconds: float) -> None:
    """Rewrites take so long for each key."""
    configure(valkey, "rdb-key-save-delay", round(seconds * 1e6))


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


def test_figures_that_were_reset_prove_nothing(valkey: Valkey, ledger: Ledger) -> None:
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


RIGHTS = "on >secret ~* &* +@all -@admin -@dangerous +info"


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
