"""What is sent at a service, and the record of what came back. Threads of one process, few at a time, each call with
a time of its own; nothing here judges but by the answer's form."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import httpx

from tests.attack import documents, schemas

CALL_S = 40.0
JOB_S = 15.0  # options.timeout_s of what is sent
_JSON = {"content-type": "application/json"}
_JSON_LINES = {"content-type": "application/jsonl"}
MARK = "Kestrel-4711"  # stands in every document, and so in no log


@dataclass
class AttackRecord:
    """`faults`: what must not be: a 5xx, no answer, an answer that is no problem+json where it should be one."""

    answers: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    jobs: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Attacker:
    """One tenant with a key, which sends until it has sent all."""

    def __init__(self, url: str, key: str | None, threads: int = 4) -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        limits = httpx.Limits(max_connections=threads + 64)
        self._http = httpx.Client(base_url=url, headers=headers, timeout=CALL_S, trust_env=False, limits=limits)
        self._threads = threads
        self.record = AttackRecord()

    def __enter__(self) -> Attacker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.close()

    def schemas(self, count: int, seed: int) -> None:
        """Each as a request's, every third also for the check, every fifth in a batch."""
        made = list(enumerate(schemas.hostile(count, seed)))
        self._each(made, lambda one: self._schema(one[0], *one[1]))

    def documents(self, count: int, seed: int) -> None:
        self._each(range(count), lambda at: self._call(documents.hostile(at, seed)))

    def wait_for_all(self, seconds: float) -> list[str]:
        """Jobs that have not ended after that."""
        deadline = time.monotonic() + seconds
        open_ = list(self.record.jobs)
        while open_ and time.monotonic() < deadline:
            open_ = [job for job in open_ if not self._ended(job)]
            time.sleep(0.5)
        return open_

    def _ended(self, job: str) -> bool:
        try:
            answer = self._http.get(f"/v1/extractions/{job}")
        except httpx.HTTPError as error:
            self._fault(f"GET: {error!r}")
            return False
        return answer.status_code == 404 or answer.json()["status"] not in ("queued", "running")

    def _each(self, work: Iterable[Any], do: Callable[[Any], None]) -> None:
        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(do, work))

    def _schema(self, at: int, name: str, schema: Any) -> None:
        document = {"text": f"{MARK} Total: 12.50 on 2026-05-04, code ab12, items 1, 2, 3"}
        options = {"max_output_tokens": 200, "timeout_s": JOB_S}
        body = {"json_schema": schema, "document": document, "options": options}
        self._call(documents.BadCall(name, "/v1/extractions", _JSON, json.dumps(body).encode()))
        if at % 3 == 0:
            asked = json.dumps({"json_schema": schema}).encode()
            self._call(
                documents.BadCall(f"{name} (check)", "/v1/schemas/check", {"content-type": "application/json"}, asked)
            )
        if at % 5 == 0:
            line = json.dumps({"custom_id": f"c{at}", **body}).encode() + b"\n"
            self._call(
                documents.BadCall(f"{name} (batch)", "/v1/batches", {"content-type": "application/jsonl"}, line * 3)
            )

    def _call(self, call: documents.BadCall) -> None:
        began = time.monotonic()
        try:
            answer = self._http.post(call.path, content=call.body, headers=call.headers)
        except (httpx.WriteError, httpx.RemoteProtocolError, httpx.ReadError) as error:
            # Hung up on in the middle of a body that is too large: an answer of a kind, and all that is promised.
            with self.record.lock:
                self.record.answers[f"closed ({type(error).__name__})"] += 1
            return
        except httpx.HTTPError as error:
            self._fault(f"{call.name}: {error!r}")
            return
        self._note(call, answer, time.monotonic() - began)

    def _note(self, call: documents.BadCall, answer: httpx.Response, took_s: float) -> None:
        kind = answer.headers.get("content-type", "")
        try:
            said = answer.json()
        except ValueError:
            said = {}
        code, accepted = said.get("code", "") if isinstance(said, dict) else "", ""
        with self.record.lock:
            self.record.answers[f"{answer.status_code} {code}".strip()] += 1
            self.record.slowest = max(self.record.slowest, (took_s, call.name))
            if answer.status_code == 202 and call.path == "/v1/extractions":
                self.record.jobs.append(said["id"])
                accepted = str(said["id"])
        if answer.status_code >= 500:
            self._fault(f"{call.name}: {answer.status_code} {code} {said.get('detail', '')}")
        elif answer.status_code >= 400 and "problem+json" not in kind:
            self._fault(f"{call.name}: {answer.status_code} is no problem but {kind}")
        if accepted:
            self._wait(accepted)

    def _wait(self, job: str) -> None:
        """So that as many documents are open as there are threads: a queue that many documents make is no attack but a
        matter of turns."""
        deadline = time.monotonic() + CALL_S
        while not self._ended(job) and time.monotonic() < deadline:
            time.sleep(0.1)

    def _fault(self, what: str) -> None:
        with self.record.lock:
            self.record.faults.append(what[:300])
