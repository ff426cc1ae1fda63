"""What is erased or has ended leaves the store's append-only file too."""

from __future__ import annotations

import time

from tests.support.fleet import until
from tests.support.ledger_support import open_ledger
from tests.support.remains import holding, mark
from tests.support.valkey import Valkey
from tests.workers.ledger.erasing.support import (
    COMPRESSED,
    WITHIN_S,
    T,
    batch,
    claim,
    clean,
    configure,
    everywhere,
    job,
    looked_until,
    persistence,
    rewritten,
    tallies,
)
from workers.ledger.batches import DecidedLine
from workers.ledger.ledger import Ledger, NewJob
from workers.worker.erasing import Erasing


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
        ledger.run(ledger.batches.add(T, opened, [DecidedLine(1, "a", b'{"line": 1, "error": "refused"}')]))
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
