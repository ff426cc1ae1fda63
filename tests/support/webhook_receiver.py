"""A real receiver of webhooks, in a thread: keeps what came, and answers what it is told to."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from standardwebhooks.webhooks import Webhook as Verifier


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def message(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def verified(self, secret: str) -> dict[str, Any]:
        """As the receivers' own library does it. Raises WebhookVerificationError."""
        found: dict[str, Any] = Verifier(secret).verify(self.body, self.headers)
        return found

    def is_signed_with(self, secret: str) -> bool:
        """However long ago it was sent."""
        sent = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        signature = Verifier(secret).sign(self.id, sent, self.body.decode())
        return signature in self.headers["webhook-signature"].split(" ")


class Receiver:
    """`answers`: the status of each request in its turn, then 204. `hold`: nobody is answered before it is set."""

    def __init__(self, *answers: int, held: bool = False, headers: dict[str, str] | None = None) -> None:
        self.received: list[Received] = []
        self.hold = threading.Event()
        if not held:
            self.hold.set()
        left, more = list(answers), headers or {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                named = {name.lower(): value for name, value in self.headers.items()}
                outer.received.append(Received(self.path, named, body))
                outer.hold.wait(30)
                self.send_response(left.pop(0) if left else 204)
                for name, value in more.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()
