"""Those who wait, many at a time, and those who keep: a thousand long-polls and event streams of one tenant, and
batches sent and cancelled until a quota says no. Bounded in count and time."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter

import httpx

_TEXT = {"text": "Carrier: DHL"}
_META = {"m": "m" * 4000}


class CrowdOfWaiters:
    """`count` long-polls and as many event streams on one job that takes its time, for `seconds`."""

    def __init__(self, url: str, key: str, count: int, seconds: float) -> None:
        self._url, self._headers = url, {"authorization": f"Bearer {key}"}
        self._count, self._seconds = count, seconds
        self.answers: Counter[str] = Counter()

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="waiters")
        thread.start()
        return thread

    async def _run(self) -> None:
        limits = httpx.Limits(max_connections=2 * self._count + 10)
        async with httpx.AsyncClient(
            base_url=self._url, headers=self._headers, timeout=self._seconds + 60, limits=limits, trust_env=False
        ) as http:
            body = {"schema": "shipping_notice", "document": {"text": "x\n" * 1500}, "options": {"timeout_s": 60}}
            job = (await http.post("/v1/extractions", json=body)).json()["id"]
            polls = [self._poll(http, job) for _ in range(self._count)]
            await asyncio.gather(*polls, *(self._watch(http, job) for _ in range(self._count)))

    async def _poll(self, http: httpx.AsyncClient, job: str) -> None:
        try:
            answer = await http.get(f"/v1/extractions/{job}", params={"wait": f"{self._seconds:g}"})
            self.answers[f"long-poll {answer.status_code}"] += 1
        except httpx.HTTPError as error:
            self.answers[f"long-poll {type(error).__name__}"] += 1

    async def _watch(self, http: httpx.AsyncClient, job: str) -> None:
        try:
            async with asyncio.timeout(self._seconds), http.stream("GET", f"/v1/extractions/{job}/events") as answer:
                status = answer.status_code
                async for _ in answer.aiter_bytes():
                    pass
        except TimeoutError:
            status = 200  # still open, which is what it is for
        except httpx.HTTPError as error:
            self.answers[f"event stream {type(error).__name__}"] += 1
            return
        self.answers[f"event stream {status}"] += 1


def fill_quotas(url: str, key: str, batches: int, lines: int) -> Counter[str]:
    """Batches of documents of one byte and metadata of thousands, each cancelled as soon as it is there."""
    answers: Counter[str] = Counter()
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=60, trust_env=False) as http:
        for number in range(batches):
            each = [
                {"custom_id": f"{number}-{at}", "schema": "shipping_notice", "document": _TEXT, "metadata": _META}
                for at in range(lines)
            ]
            body = "\n".join(json.dumps(line) for line in each).encode()
            answer = http.post("/v1/batches", content=body, headers={"content-type": "application/jsonl"})
            said = answer.json()
            answers[f"batch {answer.status_code} {said.get('code', '')}".strip()] += 1
            if answer.is_success:
                http.post(f"/v1/batches/{said['id']}/cancel")
    return answers
