"""`extractor batch`, killed and resumed: its record is found, by whichever process, and nothing is sent twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.served import TENANT, Api, ThreadWorker, wait_until
from tests.support.valkey import Valkey

# Numbers that writers of JSON write in several ways, letters beyond ASCII, keys in no order.
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "text": {"type": "string", "title": "Über 東京 \U0001f600", "description": 'a "b"\t\x01'},
        "amount": {"type": "number", "maximum": 1e22, "minimum": -1e-7, "default": 1e-5},
        "count": {"type": "integer", "maximum": 2**60},
    },
    "$defs": {"z": {"b": {"type": "null"}, "a": {"type": "null"}}, "a": {"type": "null"}},
}
# Of what `asked` below asks. Another one would find no batch again that was begun before.
ASKED = "36d4cef21758283c0473612d4d69bee2a9d64f90e47e41558d3939aa46e0fcee"
WITHOUT_ORJSON = "import sys; sys.modules['orjson'] = None\n"
MAIN = "from extractor.cli import main; main()"
SLIM = WITHOUT_ORJSON + "from extractor.cli.plain import main; main()"  # the command of the client alone
DIGEST = """
import sys
from pathlib import Path
from extractor.cli.batch import Inputs, _digest
from extractor.cli.flags import schema_of
print(_digest(Inputs.of(["lines.jsonl"], {}), schema_of(sys.argv[1]), {"seed": 7}, "latin-1"))
"""


def python(code: str, *arguments: str, folder: Path, seed: int = 0, more: str = "") -> subprocess.Popen[str]:
    root = str(Path(__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", more + code, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root, "PYTHONHASHSEED": str(seed)}, text=True,
    )  # fmt: skip


def asked(folder: Path, schema: dict[str, Any], seed: int = 0, more: str = "") -> str:
    (folder / "lines.jsonl").touch()
    (folder / "s.json").write_text(json.dumps(schema, ensure_ascii=False), encoding="utf-8")
    out, err = python(DIGEST, "s.json", folder=folder, seed=seed, more=more).communicate(timeout=100)
    assert len(out) == 65, err
    return out.strip()


def test_what_was_asked_has_one_digest_in_every_process(tmp_path: Path) -> None:
    first = asked(tmp_path, SCHEMA, seed=1)
    assert first == ASKED
    assert asked(tmp_path, SCHEMA, seed=2, more=WITHOUT_ORJSON) == first
    turned = {**SCHEMA, "properties": dict(reversed(SCHEMA["properties"].items()))}
    assert asked(tmp_path, turned) != first, "the order of the properties is that of the answer"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[tuple[Api, Valkey]]:
    with Valkey(tmp_path / "valkey") as valkey, Api(valkey, tmp_path) as running:
        yield running, valkey


def test_a_killed_command_finds_its_batch_and_sends_nothing_twice(api: tuple[Api, Valkey], tmp_path: Path) -> None:
    """Killed when some of its lines have come, and again while it waits; resumed where orjson is not installed."""
    service, valkey = api
    texts = ["hold 1e22", *(f"Straße {n}: 1e-7" for n in range(100))]
    lines = [{"document": {"text": text}, "metadata": {"z": "é", "a": str(n)}, "custom_id": f"c{n}"}
             for n, text in enumerate(texts)]  # fmt: skip
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "s.json").write_text(json.dumps(SCHEMA, ensure_ascii=False), encoding="utf-8")
    arguments = ["batch", "in.jsonl", "-s", "s.json", "-o", "out.jsonl", "--url", service.url]
    record = tmp_path / "out.jsonl.batch"
    with ThreadWorker(valkey) as worker:

        def accepted() -> int:
            return worker.ledger.run(worker.ledger.jobs.counts(TENANT))["accepted"]

        def killed(least: int, *more: str, seed: int) -> None:
            process = python(MAIN, *arguments, *more, folder=tmp_path, seed=seed)
            assert wait_until(lambda: accepted() >= least or process.poll() is not None, 100)
            process.send_signal(signal.SIGKILL)
            _, err = process.communicate(timeout=30)
            assert process.returncode == -signal.SIGKILL, err

        killed(1, seed=1)
        key = json.loads(record.read_text())["key"]
        killed(len(texts), "--resume", seed=2)
        assert json.loads(record.read_text())["key"] == key
        assert not (tmp_path / "out.jsonl").exists()

        process = python(SLIM, *arguments, "--resume", folder=tmp_path, seed=3)
        assert wait_until(lambda: bool(worker.held), 60)
        time.sleep(0.1)
        for claim in worker.held:
            answer = {"data": {"text": claim.document.decode()}, "fields": {}}
            worker.ledger.run(worker.ledger.jobs.succeed(TENANT, claim.job.id, claim.attempt, answer))
        out, err = process.communicate(timeout=100)
        assert (process.returncode, out) == (0, ""), err
        rows = [json.loads(row) for row in (tmp_path / "out.jsonl").read_text().splitlines()]
        assert [row["data"]["text"] for row in rows] == texts
        assert len({row["id"] for row in rows}) == accepted() == len(texts)
        assert len(httpx.get(f"{service.url}/v1/batches", trust_env=False).json()["data"]) == 1
    assert not record.exists()
