"""One client's connection: uvicorn's h11 protocol, held to timeouts and connection limits, and answering with a
problem where uvicorn would say something of its own. Knows no route; reads the clock when the server calls
`check_timeouts`, once a second, so a connection costs no timer of its own."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

import h11
from uvicorn import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from api.observability.metrics import Metrics
from api.problems import Problem, ResponseBroken, too_many_connections
from api.server.connection_limits import ConnectionLimiter, LimitReached
from api.server.http_parser import HttpParser
from api.server.proxies import TrustedProxies, address_group
from api.server.round_robin import RoundRobin

log = logging.getLogger("extractor.api")
_log = logging.getLogger("extractor.api.http")
_log.setLevel(logging.ERROR)  # what uvicorn warns of here anybody can bring about as often as he likes; it is counted
_log.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], ResponseBroken)))  # has been told
_READ_BYTES = 32 * 1024  # at once
_LINGER_S = 2.0  # for a client that has had its answer to read it, and to stop sending
_MAX_LINGERING = 64
_LOG_EVERY_S = 10.0


class Phase(Enum):
    """Of each phase but RESPONSE and IDLE (uvicorn's own keep-alive) the time is limited here."""

    HEADER = auto()  # new, or some of a request's header has come
    RESPONSE = auto()  # a request is being answered, its body read
    DRAIN = auto()  # answered, and the rest of the body still comes
    IDLE = auto()  # between two requests
    CLOSING = auto()  # told why, and about to be closed


@dataclass
class SharedContext:
    """What the connections of a server share."""

    limiter: ConnectionLimiter
    proxies: TrustedProxies
    metrics: Metrics
    header_timeout_s: float
    stall_timeout_s: float
    round_robin: RoundRobin = field(default_factory=RoundRobin)
    lingering: int = 0
    logged_at: float = 0.0

    def check_timeouts(self, connections: Iterable[Connection]) -> None:
        """Once a second. Logs now and then how many were ended, and why: one line, however many there were."""
        now = asyncio.get_running_loop().time()
        for one in connections:
            one.check_timeouts(now)
        self.metrics.connected(len(self.limiter))
        if now > self.logged_at + _LOG_EVERY_S and (ended := self.metrics.take_ended()):
            self.logged_at = now
            log.warning("connections ended", extra={"why": ended, "open": len(self.limiter)})


class _Flow(FlowControl):
    """Nothing more is read while it is held: what has come is not parsed yet."""

    held = False

    def hold(self) -> None:
        self.held = True
        self._transport.pause_reading()

    def release(self) -> None:
        self.held = False
        if not self.read_paused:
            self._transport.resume_reading()

    def resume_reading(self) -> None:
        if self.held:
            self.read_paused = False
        else:
            super().resume_reading()


class Connection(H11Protocol):
    flow: _Flow

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], shared: SharedContext
    ) -> None:
        super().__init__(config, server_state, app_state)
        self.logger = _log
        self.conn: HttpParser = HttpParser()
        self.address: str | None = None
        self._shared = shared
        self._phase = Phase.HEADER
        self._deadline: float | None = None
        self._stalled_since: float | None = None
        self._completing = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = _Flow(transport)
        transport.max_size = _READ_BYTES  # type: ignore[attr-defined]  # asyncio's own, for sockets
        peer = self.client[0] if self.client else None
        self.address = None if peer is None or peer in self._shared.proxies else address_group(peer)
        full = self._shared.limiter.admit(self)
        self._set_phase(Phase.HEADER)
        if full is not None:
            self._refuse(full)

    def connection_lost(self, exc: Exception | None) -> None:
        self._shared.limiter.release(self)
        if self._phase is Phase.CLOSING:
            self._shared.lingering -= 1
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._phase is not Phase.CLOSING:
            super().data_received(data)

    def pause_writing(self) -> None:
        self._stalled_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stalled_since = None
        super().resume_writing()

    # What uvicorn calls.

    def handle_events(self) -> None:
        """As many events of what has come as one turn may take. 32 KiB can be five thousand chunks, or five hundred
        pipelined requests: what is left waits until the other connections that wait have had a turn."""
        if self._completing and self.conn.has_partial:
            self._yield_turn()
            return
        self.conn.renew_budget()
        super().handle_events()
        self._update_phase()
        if self._phase is Phase.RESPONSE and self.cycle.body:  # who answers reads when he wants to, and what he wants
            self.flow.pause_reading()
        if self.conn.budget_spent:
            self._yield_turn()

    def on_response_complete(self) -> None:
        self._completing = True
        super().on_response_complete()  # which goes on with the next request
        self._completing = False
        self._update_phase()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- h11 has said it better
        fault = self.conn.fault
        status = HTTPStatus(fault.error_status_hint if fault is not None else 400)
        code = "headers_too_large" if status == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE else "invalid_http"
        self._shared.metrics.connection_ended(code)
        self._reject(Problem(code, f"This is no HTTP/1.1 request: {_describe(fault)}", status=status))

    def _should_upgrade(self) -> bool:
        return False  # a request to speak another protocol may be answered in this one

    def shutdown(self) -> None:
        if self._phase is Phase.CLOSING:
            self.transport.close()
        else:
            super().shutdown()

    # What the server calls.

    def check_timeouts(self, now: float) -> None:
        """Close the connection when the time of its phase is over."""
        stalled = self._stalled_since is not None and now > self._stalled_since + self._shared.stall_timeout_s
        late = self._deadline is not None and now > self._deadline
        if stalled or (late and (self._phase is Phase.CLOSING or self.transport.is_closing())):
            self._shared.metrics.connection_ended("stalled" if stalled else "closed")
            self.transport.abort()
        elif late:
            self._time_out()
        elif self._deadline is None and self.transport.is_closing():  # what it has not read yet is still to be sent
            self._deadline = now + self._shared.stall_timeout_s

    def evict(self) -> None:
        """Make room for another: this one has been idle for the longest."""
        self._shared.metrics.connection_ended("dismissed")
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self._deadline = self.loop.time() + _LINGER_S
            self.transport.close()

    def _yield_turn(self) -> None:
        if not self.flow.held:
            self._shared.round_robin.schedule(self._take_turn)
        self.flow.hold()  # also where uvicorn has just let it read on

    def _take_turn(self) -> None:
        if self._phase is not Phase.CLOSING and not self.transport.is_closing():
            self.handle_events()
            if self.conn.budget_spent:
                self._shared.round_robin.schedule(self._take_turn)
                return
        self.flow.release()
        self._update_phase()

    def _time_out(self) -> None:
        if self._phase is Phase.HEADER and self.conn.has_partial:
            self._shared.metrics.connection_ended("header_timeout")
            detail = f"The head of the request did not arrive within {self._shared.header_timeout_s:g} s"
            self._reject(Problem("header_timeout", detail))
        else:
            self._shared.metrics.connection_ended("silent" if self._phase is Phase.HEADER else "body_unread")
            self.transport.close()

    def _update_phase(self) -> None:
        if self._phase is Phase.CLOSING or self.transport.is_closing():
            return
        phase = self._current_phase()
        if phase is not self._phase:
            self._set_phase(phase)

    def _current_phase(self) -> Phase:
        if self.cycle is not None and (self.flow.held or not self.cycle.response_complete):
            return Phase.RESPONSE
        if self.conn.their_state is h11.SEND_BODY:
            return Phase.DRAIN
        return Phase.HEADER if self.cycle is None or self.conn.has_partial else Phase.IDLE

    def _set_phase(self, phase: Phase) -> None:
        limits = {Phase.HEADER: self._shared.header_timeout_s, Phase.DRAIN: _LINGER_S, Phase.CLOSING: _LINGER_S}
        self._phase = phase
        self._deadline = self.loop.time() + limits[phase] if phase in limits else None
        if phase in (Phase.HEADER, Phase.IDLE):
            self._shared.limiter.mark_idle(self)
        else:
            self._shared.limiter.mark_busy(self)

    def _refuse(self, full: LimitReached) -> None:
        self._shared.metrics.connection_ended(full)
        if self._shared.lingering >= _MAX_LINGERING:  # under a flood no descriptor is spent on manners
            self._shared.lingering += 1
            self._phase = Phase.CLOSING
            self.transport.abort()
        else:
            self._reject(too_many_connections(full))

    def _reject(self, problem: Problem) -> None:
        """Answer, and hang up once the client has: a close while it still sends is a reset, which may overtake the
        answer. A request that is being answered ends as if the client had gone."""
        started = False
        if self.cycle is not None and not self.cycle.response_complete:
            started = self.cycle.response_started
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._shared.lingering += 1
        self._set_phase(Phase.CLOSING)
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        if not started:
            self.transport.write(_serialized(problem))
        if started or self._shared.lingering > _MAX_LINGERING or not self.transport.can_write_eof():
            self.transport.close()
        else:
            self.transport.write_eof()


def _serialized(problem: Problem) -> bytes:
    """A whole answer, outside of what h11 thinks may be said now."""
    request_id = uuid.uuid4().hex
    response = problem.response(request_id)
    response.headers["Connection"] = "close"
    response.headers["X-Request-ID"] = request_id
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    fields = b"".join(name + b": " + value + b"\r\n" for name, value in response.raw_headers)
    status = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n".encode()
    return status + fields + b"\r\n" + bytes(response.body)


def _describe(fault: h11.RemoteProtocolError | None) -> str:
    """Without what was sent, which h11 quotes."""
    return str(fault).partition(":")[0][:100] if fault is not None else "it cannot be parsed"
