"""Many who wait for documents of a running API, each over a connection of its own: long-polls and event streams."""

from __future__ import annotations

import asyncio
import json
import resource
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.api_support import BODY
from tests.support.served import Api


@dataclass
class Heard:
    """What came of it: `polls` and `streams` count the answers by status (of a stream that began: the last event's
    name)."""

    polls: Counter[str] = field(default_factory=Counter)
    streams: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)


def room_for(connections: int) -> None:
    """In this process. Raises RuntimeError where the machine does not allow it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + 200
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise RuntimeError(f"ulimit -Hn {hard} is too low for {connections} connections")
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def submitted(api: Api, number: int) -> list[str]:
    """Ids of documents that nobody works on."""
    with httpx.Client(base_url=api.url, trust_env=False, timeout=60) as http:
        return [str(http.post("/v1/extractions", json=BODY).json()["id"]) for _ in range(number)]


class Waiters:
    """`begin` them, let the documents end, `heard`."""

    def __init__(self, api: Api, job_ids: Sequence[str], polls: int, streams: int, wait_s: float = 55) -> None:
        paths = [f"/v1/extractions/{job_ids[n % len(job_ids)]}" for n in range(max(polls, streams))]
        self._address = httpx.URL(api.url)
        self._begun = asyncio.Semaphore(100)  # so many connect at the same time
        self._sent = 0
        self._all = polls + streams
        self._tasks = [
            *(asyncio.create_task(self._poll(f"{path}?wait={wait_s:g}")) for path in paths[:polls]),
            *(asyncio.create_task(self._stream(f"{path}/events")) for path in paths[:streams]),
        ]
        self._heard = Heard()

    async def begun(self) -> None:
        """All have asked; streams have had their first event."""
        while self._sent < self._all and not all(task.done() for task in self._tasks):
            await asyncio.sleep(0.05)

    async def heard(self, within_s: float) -> Heard:
        _, left = await asyncio.wait(self._tasks, timeout=within_s)
        for task in left:
            task.cancel()
            self._heard.lost["nothing came"] += 1
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return self._heard

    async def _poll(self, path: str) -> None:
        reader, writer = await self._asked(path)
        self._sent += 1
        try:
            status, headers = await _head(reader)
            body = json.loads(await reader.readexactly(int(headers["content-length"])))
            self._heard.polls[f"{status} {body['status'] if status == 200 else body['code']}"] += 1
        except (OSError, EOFError) as error:
            self._heard.lost[type(error).__name__] += 1
        finally:
            writer.close()

    async def _stream(self, path: str) -> None:
        reader, writer = await self._asked(path)
        try:
            status, _ = await _head(reader)
            if status != 200:
                self._sent += 1
                self._heard.streams[str(status)] += 1
                return
            last, ready = "", False
            while line := await reader.readline():
                if line.startswith(b"event: "):
                    last = line.removeprefix(b"event: ").decode().strip()
                    self._sent += not ready
                    ready = True
                if line == b"0\r\n":  # the last chunk
                    break
            self._heard.streams[last] += 1
        except (OSError, EOFError) as error:
            self._heard.lost[type(error).__name__] += 1
        finally:
            writer.close()

    async def _asked(self, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with self._begun:
            reader, writer = await asyncio.open_connection(self._address.host, self._address.port, limit=2**23)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            await writer.drain()
        return reader, writer


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    lines: list[str] = []
    while (line := await reader.readline()) not in (b"\r\n", b""):
        lines.append(line.decode("latin-1").strip())
    if not lines:
        raise EOFError
    pairs = (line.partition(":") for line in lines[1:])
    return int(lines[0].split()[1]), {name.lower(): value.strip() for name, _, value in pairs}


async def health(api: Api, every_s: float, times: list[float]) -> Any:
    """How long `/healthz` takes, again and again, until it is cancelled."""
    loop = asyncio.get_running_loop()
    async with httpx.AsyncClient(base_url=api.url, trust_env=False, timeout=60) as http:
        while True:
            began = loop.time()
            await http.get("/healthz")
            times.append(loop.time() - began)
            await asyncio.sleep(every_s)
