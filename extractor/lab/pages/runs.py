"""What the slow commands measured: one JSON file a run in docs/runs/, with its command, its day and its machine. Knows
no page; `figures.py` makes tables of the files."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from extractor.errors import InputError

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs" / "runs"
_LIMIT_S = 3600.0


@dataclass(frozen=True)
class KeptRun:
    """`seconds` is about what it takes on two quiet cores; `needs` names a variable without which it cannot run."""

    name: str
    command: str
    seconds: int
    needs: str = ""


RUNS = [
    KeptRun(
        "one_row",
        "extractor bench --baseline hf,hf-outlines,hf-assisted --documents 10 --rounds 2 --max-tokens 160 --json",
        125,
    ),
    KeptRun(
        "rows",
        "extractor bench --baseline hf-outlines --drafters 'none;grammar,copy;all' --rows 1,16,64 "
        "--documents 64 --rounds 1 --max-tokens 64 --json",
        150,
    ),
    KeptRun(
        "vllm",
        "extractor bench --baseline vllm,vllm-mtp --drafters 'none;grammar,copy;all' --rows 1,16 --documents 32 "
        "--rounds 2 --max-tokens 160 --json",
        350,
        needs="EXTRACTOR_BENCH_VLLM",
    ),
    KeptRun("growth", "python -m extractor.lab.bench.growth --rounds 1 --fields 5,20,50,100 --json", 90),
    KeptRun("second_answer", "python -m extractor.lab.bench.second_answer", 150),
    KeptRun("drafts", "python -m extractor.lab.bench.drafts", 20),
    KeptRun("host", "python -m extractor.lab.bench.host --documents 16", 50),
    KeptRun(
        "evidence",
        "python -m extractor.lab.bench.ground --extract 0 --gold tests/evidence/gold tests/evidence/gold/held_back",
        25,
    ),
    KeptRun("lossless", "python -m extractor.lab.bench.lossless --documents 24 --max-tokens 40", 45),
    KeptRun("loops", "python -m extractor.lab.bench.loops", 200),
    KeptRun("service", "python -m tests.chaos.measure", 45),
]


def chosen(names: str) -> list[KeptRun]:
    """Those that `names` has, separated by commas, or all that can run here. Raises InputError."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    known = {run.name: run for run in RUNS}
    for name in wanted:
        if name not in known:
            raise InputError(f"{name!r} is no run; there are {', '.join(known)}", code="unknown_run")
    return [known[name] for name in wanted] or [run for run in RUNS if not run.needs or os.environ.get(run.needs)]


def measure(runs: list[KeptRun]) -> None:
    """One after the other, each kept when it has ended. Raises InputError when one fails."""
    print(f"{len(runs)} runs, about {sum(run.seconds for run in runs) / 60:.0f} minutes on two quiet cores:")
    print("".join(f"  {run.name:<10} {run.seconds:>4} s  {run.command}\n" for run in runs), flush=True)
    FOLDER.mkdir(exist_ok=True)
    for run in runs:
        record = _run(run)
        _write(run.name, record)
        print(f"  {run.name:<10} {record['took_s']:>4.0f} s, kept in docs/runs/{run.name}.json", flush=True)


def keep(name: str, command: str, seconds: float, printed: list[str]) -> None:
    """A run that was not made here."""
    _write(name, {**_about(command, seconds), "printed": printed})


def kept(name: str) -> dict[str, Any]:
    """`command`, `date`, `machine`, `took_s`, and either `record`, the JSON it printed, or `printed`, its lines.
    Raises InputError."""
    try:
        found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"docs/runs/{name}.json is not there: make docs ARGS='--bench={name}'", code="no_run"
        ) from None
    return found


def machine() -> str:
    """The processor and how many cores of it there are, without the machine's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "a processor")
    cores = len(os.sched_getaffinity(0))
    return f"{model}, {cores} core{'s' if cores > 1 else ''}"


def _run(run: KeptRun) -> dict[str, Any]:
    tools = Path(sys.executable).parent
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith("EXTRACTOR_") or name == run.needs
    }
    environ = {**clean, "PATH": f"{tools}{os.pathsep}{clean.get('PATH', '')}", "PYTHONPATH": str(ROOT)}
    began = time.monotonic()
    done = subprocess.run(
        shlex.split(run.command), cwd=ROOT, env=environ, capture_output=True, text=True, timeout=_LIMIT_S, check=False
    )
    if done.returncode:
        raise InputError(f"{run.command} ended with {done.returncode}: {done.stderr[-2000:]}", code="run_failed")
    record = _about(run.command, time.monotonic() - began)
    if "--json" in shlex.split(run.command):
        return {**record, "record": json.loads(done.stdout)}
    return {**record, "printed": done.stdout.rstrip().split("\n")}


def _about(command: str, seconds: float) -> dict[str, Any]:
    day = datetime.now(UTC).date().isoformat()
    return {"command": command, "date": day, "machine": machine(), "took_s": round(seconds, 1)}


def _write(name: str, record: dict[str, Any]) -> None:
    (FOLDER / f"{name}.json").write_text(f"{json.dumps(record, indent=1, ensure_ascii=False)}\n", "utf-8")
