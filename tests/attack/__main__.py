"""`make attack`: a service as users start it, an attacker with a key of its own, and a neighbour who is to notice
nothing. Some minutes; prints what was sent, what came back, how the neighbour fared and how much memory each process
ever held; exit status 1 when anything was not as it must be."""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from api.keys.keys import new_key
from extractor.processes import launch
from extractor.service.plan import ServicePlan
from extractor.service.supervisor import Service
from tests.attack.attack import MARK, Attacker
from tests.attack.bodies import Bodies
from tests.attack.connections import Crowd
from tests.attack.crowds import CrowdOfWaiters, fill_quotas
from tests.attack.watch import ProcessWatch
from workers.config import WorkerSettings
from workers.ledger.ledger import Ledger

NEIGHBOUR_P99_S, HEALTH_P99_S = 3.0, 0.25
API_MOST_BYTES = 300 * 1024**2
READY_S, ENDED_S = 120.0, 120.0


def main() -> int:
    asked = _arguments()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    attacker_key, hoarder_key, neighbour_key = new_key("attacker"), new_key("hoarder"), new_key("neighbour")
    log: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        keys = ",".join(key.entry for key in (attacker_key, hoarder_key, neighbour_key))
        environ = {"EXTRACTOR_API_KEYS": keys}
        command = _within(asked.api_memory, launch.command("api"))
        plan = ServicePlan(port=0, data_dir=Path(folder), environ=environ, api_command=command)
        with Service(plan, log.append) as service:
            service.wait_ready(READY_S)
            with ProcessWatch(service.pids) as watch:
                neighbour = _neighbour(service.url, neighbour_key.key)
                began = time.monotonic()
                with Attacker(service.url, attacker_key.key) as attacker:
                    _attack(attacker, service.url, attacker_key.key, hoarder_key.key, asked)
                    open_ = attacker.wait_for_all(ENDED_S)
                took_s = time.monotonic() - began
                fared = json.loads(neighbour.communicate(timeout=200)[0])
                deaths = watch.deaths()
            with Ledger(settings=WorkerSettings(redis_url=service.redis_url)) as ledger:
                counts = {
                    tenant: ledger.run(ledger.jobs.counts(tenant)) for tenant in ("attacker", "hoarder", "neighbour")
                }
    return _report(asked, attacker, fared, watch, deaths, counts, open_, log, took_s)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make attack", description=__doc__)
    parser.add_argument("--schemas", type=int, default=400)
    parser.add_argument("--documents", type=int, default=150)
    parser.add_argument("--connections", type=int, default=600)
    parser.add_argument("--waiters", type=int, default=300, help="long-polls, and as many event streams")
    parser.add_argument("--batches", type=int, default=30, help="sent and cancelled, 500 lines each")
    parser.add_argument("--bodies", type=int, default=24, help="as large as they may be, and as many unread answers")
    parser.add_argument("--api-memory", type=int, help="MiB that the API gets and no more, of data (RLIMIT_DATA)")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def _within(mebibytes: int | None, command: Sequence[str]) -> Sequence[str]:
    """What it asks for beyond is refused by the kernel. Threads' stacks count whole, touched or not."""
    if mebibytes is None:
        return command
    most = mebibytes << 20
    limited = f"import os, resource, sys; resource.setrlimit(resource.RLIMIT_DATA, ({most}, {most}))"
    return [sys.executable, "-c", f"{limited}; os.execv(sys.argv[1], sys.argv[1:])", *command]


def _neighbour(url: str, key: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.attack.neighbour", url, key]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _attack(attacker: Attacker, url: str, key: str, hoarder: str, asked: argparse.Namespace) -> None:
    os.nice(5)  # what sending costs is not the service's to pay
    at = urlsplit(url)
    assert at.hostname is not None
    assert at.port is not None
    slow = asked.connections // 3
    crowd = Crowd((at.hostname, at.port), silent=asked.connections - slow, slow=slow, seconds=60, seed=asked.seed)
    waiters = CrowdOfWaiters(url, key, asked.waiters, 45)
    bodies = Bodies((at.hostname, at.port), hoarder, count=asked.bodies, seconds=15)
    beside = [crowd.start(), waiters.start(), bodies.start()]
    attacker.schemas(asked.schemas, asked.seed)
    attacker.documents(asked.documents, asked.seed)
    for thread in beside:
        thread.join()
    attacker.record.answers += waiters.answers + bodies.answers + fill_quotas(url, key, asked.batches, 500)
    attacker.record.faults += bodies.faults
    refused = [said for said in waiters.answers if not said.endswith("200")]
    attacker.record.faults += [f"{waiters.answers[said]} times {said}" for said in refused]
    attacker.record.faults += [f"no HTTP, no answer: {said}" for said in crowd.unanswered]
    print(f"{crowd.opened} connections silent, slow or of garbage; {crowd.closed_on_us} were closed by the service")


def _report(
    asked: argparse.Namespace,
    attacker: Attacker,
    fared: dict[str, list[float]],
    watch: ProcessWatch,
    deaths: list[str],
    counts: Mapping[str, Mapping[str, int]],
    open_: list[str],
    log: list[str],
    took_s: float,
) -> int:
    record = attacker.record
    print(f"{asked.schemas} schemas and {asked.documents} documents in {took_s:.0f} s, seed {asked.seed}")
    for answer, count in record.answers.most_common():
        print(f"  {count:6} {answer}")
    print(f"  slowest answer {record.slowest[0]:.1f} s: {record.slowest[1]}")
    documents, health = _quantiles(fared["documents"]), _quantiles(fared["health"])
    print("| neighbour | n | median | p99 | longest |\n| --- | --- | --- | --- | --- |")
    print("| its documents, s | {} | {:.2f} | {:.2f} | {:.2f} |".format(len(fared["documents"]), *documents))
    print("| /healthz, s | {} | {:.3f} | {:.3f} | {:.3f} |".format(len(fared["health"]), *health))
    for name, peak in sorted(watch.peaks.items()):
        print(f"  {name}: at most {peak >> 20:,} MiB")
    balance = [
        f"{tenant}: accepted={held['accepted']} but {sum(held[s] for s in _STATES)} are known"
        for tenant, held in counts.items()
        if held["accepted"] != sum(held[state] for state in _STATES)
    ]
    wrong = [
        *record.faults,
        *(f"the neighbour was told {what}" for what in fared["wrong"]),
        *(f"{name} died" for name in deaths),
        *(f"killed: {what}" for what in watch.killed),
        *(f"not ended: {job}" for job in open_),
        *balance,
        *(f"a log quotes a document: {line[:80]}" for line in log if MARK in line),
    ]
    if documents[1] > NEIGHBOUR_P99_S:
        wrong.append(f"the neighbour's p99 is {documents[1]:.2f} s, more than {NEIGHBOUR_P99_S:g}")
    if health[1] > HEALTH_P99_S:
        wrong.append(f"/healthz' p99 is {health[1]:.3f} s, more than {HEALTH_P99_S:g}")
    if watch.peaks.get("api", 0) > API_MOST_BYTES:
        wrong.append(f"the API held {watch.peaks['api'] >> 20} MiB, more than {API_MOST_BYTES >> 20}")
    for what in wrong[:60]:
        print(f"WRONG: {what}")
    print(f"{len(wrong)} things were wrong" if wrong else "nothing was wrong")
    return 1 if wrong else 0


_STATES = ("queued", "running", "succeeded", "failed", "cancelled")


def _quantiles(seconds: list[float]) -> tuple[float, float, float]:
    """(median, 99th percentile, longest)."""
    ordered = sorted(seconds)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], ordered[-1]


if __name__ == "__main__":
    sys.exit(main())
