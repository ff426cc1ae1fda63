"""A TCP proxy in front of a Unix socket that can cut every connection or swallow everything. Knows no protocol."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from tests.support.valkey import Valkey


class Proxy:
    """Runs its own event loop in a thread."""

    def __init__(self, valkey: Valkey) -> None:
        self._target = valkey.socket
        self._password = urlsplit(valkey.url).password
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._writers: set[asyncio.StreamWriter] = set()
        self._open: asyncio.Event

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._server = self._call(self._listen())
        self.url = f"redis://:{self._password}@127.0.0.1:{self._server.sockets[0].getsockname()[1]}/0"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def reset(self) -> int:
        """Cuts every connection; how many there were."""
        return int(self._call(self._cut()))

    def blackhole(self, on: bool) -> None:
        """Connections stay and new ones are accepted, but no byte passes."""
        self._loop.call_soon_threadsafe(self._open.clear if on else self._open.set)

    def _call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> asyncio.Server:
        self._open = asyncio.Event()
        self._open.set()
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        self._writers -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        except OSError:
            pass  # cut: the other direction ends with it
        finally:
            writer.close()

    async def _cut(self) -> int:
        for writer in self._writers:
            writer.transport.abort()
        return len(self._writers) // 2

    async def _end(self) -> None:
        self._server.close()
        self._open.set()
        await self._cut()
        await asyncio.sleep(0.1)
