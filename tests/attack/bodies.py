"""Bodies as large as they may be, many at once and none of them whole for a while; and answers that nobody takes. What
they are after is the memory of the API. Bounded in count and time."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import itertools
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator

from api.config import ApiSettings

_PIECE = 256 * 1024
_JSON, _LINES, _FORM = "application/json", "application/x-ndjson", "multipart/form-data; boundary=b"
_OPENING = b'{"schema": "contact", "document": {"text": "'
_PART = (
    b'--b\r\ncontent-disposition: form-data; name="schema"\r\n\r\ncontact\r\n--b\r\ncontent-disposition: form-data; '
)
_FILE = _PART + b'name="file"; filename="a.txt"\r\n\r\n'
_LINE = b'{"custom_id": "a", "schema": "contact", "document": {"text": "'


class Bodies:
    """`count` of them at `address`, of one key; each is held open for `seconds` before its last bytes."""

    def __init__(self, address: tuple[str, int], key: str, *, count: int, seconds: float) -> None:
        self._address, self._key = address, key
        self._count, self._seconds = count, seconds
        self._size = ApiSettings().max_body_bytes - 64 * 1024
        self.answers: Counter[str] = Counter()
        self.faults: list[str] = []

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="bodies")
        thread.start()
        return thread

    async def _run(self) -> None:
        kinds = itertools.cycle((
            ("text", "/v1/extractions", _JSON, _OPENING, b"a", b'"}}', ()),
            ("escapes", "/v1/extractions", _JSON, _OPENING, b"\\u4711", b'"}}', ()),
            ("form", "/v1/extractions", _FORM, _FILE, b"a", b"\r\n--b--\r\n", ()),
            ("a line", "/v1/batches", _LINES, _LINE, b"a", b'"}}\n', ()),
            ("lines", "/v1/batches", _LINES, b"", _LINE + b"a" * 9000 + b'"}}\n', b"\n", ()),
            ("arrays", "/v1/schemas/check", _JSON, b'{"json_schema": [', b"[],", b"[]]}", ()),
            ("packed", "/v1/batches", _LINES, _LINE, b"a", b'"}}\n', ("content-encoding: gzip",)),
            ("of nobody", "/v1/extractions", _JSON, _OPENING, b"a", b'"}}', ("authorization: Bearer nobody",)),
        ))  # fmt: skip
        sent = (self._one(*kind) for _, kind in zip(range(self._count), kinds, strict=False))
        await asyncio.gather(*sent, *(self._take_nothing() for _ in range(self._count)))

    async def _one(
        self,
        name: str,
        path: str,
        media_type: str,
        opening: bytes,
        filling: bytes,
        closing: bytes,
        more: tuple[str, ...],
    ) -> None:
        headers = [
            f"POST {path} HTTP/1.1",
            "host: a",
            f"content-type: {media_type}",
            "transfer-encoding: chunked",
            *more,
        ]
        if not more or "authorization" not in more[0]:
            headers.append(f"authorization: Bearer {self._key}")
        try:
            reader, writer = await asyncio.open_connection(*self._address)
            writer.write("\r\n".join([*headers, "", ""]).encode())
            async with asyncio.timeout(self._seconds + 120):
                said = await self._told(reader, writer, self._body(opening, filling, closing, packed=name == "packed"))
            writer.close()
        except OSError as error:
            said = type(error).__name__
        except TimeoutError:
            said = "nothing came"
            self.faults.append(f"a body ({name}): nothing came")
        self.answers[f"a body ({name}): {said}"] += 1
        if said.startswith("5") and not said.startswith("503"):
            self.faults.append(f"a body ({name}): {said}")

    async def _told(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: AsyncIterator[bytes]
    ) -> str:
        """The status, which may come before the body has gone."""
        answer = asyncio.create_task(reader.readline())
        try:
            async for piece in body:
                if answer.done():
                    break
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                await asyncio.wait([answer, asyncio.create_task(_drained(writer))], return_when="FIRST_COMPLETED")
            else:
                writer.write(b"0\r\n\r\n")
            return (await answer).decode("latin-1")[9:12] or "closed"
        finally:
            answer.cancel()

    async def _body(self, opening: bytes, filling: bytes, closing: bytes, *, packed: bool) -> AsyncIterator[bytes]:
        piece = filling * (_PIECE // len(filling))
        pieces = itertools.chain([opening], itertools.repeat(piece, self._size // _PIECE - 1))
        if packed:
            yield gzip.compress(b"".join(pieces))
        else:
            for one in pieces:
                yield one
        for _ in range(int(self._seconds)):  # so that it is not silent
            await asyncio.sleep(1)
            if not packed:
                yield filling
        if not packed:
            yield closing

    async def _take_nothing(self) -> None:
        """Asks again and again for the largest answer there is, and reads none."""
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.setblocking(False)
        loop = asyncio.get_running_loop()
        ask = f"GET /openapi.json HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {self._key}\r\n\r\n".encode() * 200
        try:
            await loop.sock_connect(one, self._address)
            async with asyncio.timeout(self._seconds):
                while True:
                    await loop.sock_sendall(one, ask)
        except (OSError, TimeoutError):
            pass
        finally:
            one.close()


async def _drained(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await writer.drain()
