"""One client's connection: uvicorn's h11 protocol, held to times and to a place among the others, and answering with a
problem where uvicorn would say something of its own. Knows no route; reads the clock when the server looks (`look`),
once a second, so a connection costs no timer of its own."""

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
from api.problems import Problem, ResponseBroken, crowded
from api.server import strict
from api.server.crowd import Crowd, Full, Proxies, same_one
from api.server.turns import Turns

log = logging.getLogger("extractor.api")
_log = logging.getLogger("extractor.api.http")
_log.setLevel(logging.ERROR)  # what uvicorn warns of here anybody can bring about as often as he likes; it is counted
_log.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], ResponseBroken)))  # has been told
_READ_BYTES = 32 * 1024  # at once
_LINGER_S = 2.0  # for a client that has had its answer to read it, and to stop sending
_MOST_LINGERING = 64
_SAY_EVERY_S = 10.0


class Phase(Enum):
    """Where a connection is; of each phase but ANSWER and IDLE (uvicorn's own keep-alive) the time is limited here."""

    HEAD = auto()  # new, or some of a request's head has come
    ANSWER = auto()  # a request is being answered, its body read
    DRAIN = auto()  # answered, and the rest of the body still comes
    IDLE = auto()  # between two requests
    OVER = auto()  # told why, and about to be closed


@dataclass
class Door:
    """What the connections of a server share."""

    crowd: Crowd
    proxies: Proxies
    metrics: Metrics
    header_s: float
    stall_s: float
    turns: Turns = field(default_factory=Turns)
    lingering: int = 0
    said_at: float = 0.0

    def look(self, connections: Iterable[Connection]) -> None:
        """Once a second. Says now and then how many were ended, and why: one line, however many there were."""
        now = asyncio.get_running_loop().time()
        for one in connections:
            one.look(now)
        self.metrics.connected(len(self.crowd))
        if now > self.said_at + _SAY_EVERY_S and (ended := self.metrics.hung_up_since()):
            self.said_at = now
            log.warning("connections ended", extra={"why": ended, "open": len(self.crowd)})


class _Flow(FlowControl):
    """Nothing more is read while what has come is not parsed, whoever else wants to read on."""

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

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any], door: Door) -> None:
        super().__init__(config, server_state, app_state)
        self.logger = _log
        self.conn: strict.Connection = strict.Connection()
        self.address: str | None = None
        self._door = door
        self._phase = Phase.HEAD
        self._until: float | None = None
        self._stalled_since: float | None = None
        self._answered = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = _Flow(transport)
        transport.max_size = _READ_BYTES  # type: ignore[attr-defined]  # asyncio's own, for sockets
        peer = self.client[0] if self.client else None
        self.address = None if peer is None or peer in self._door.proxies else same_one(peer)
        full = self._door.crowd.enter(self)
        self._enter(Phase.HEAD)
        if full is not None:
            self._refuse(full)

    def connection_lost(self, exc: Exception | None) -> None:
        self._door.crowd.leave(self)
        if self._phase is Phase.OVER:
            self._door.lingering -= 1
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._phase is not Phase.OVER:
            super().data_received(data)

    def pause_writing(self) -> None:
        self._stalled_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stalled_since = None
        super().resume_writing()

    # What uvicorn calls.

    def handle_events(self) -> None:
        """A turn's worth of what has come. 32 KiB can be five thousand chunks, or five hundred requests one behind the
        other: what is left waits until those of others who wait have had a turn."""
        if self._answered and self.conn.begun:
            self._wait()
            return
        self.conn.begin_turn()
        super().handle_events()
        self._settle()
        if self._phase is Phase.ANSWER and self.cycle.body:  # who answers reads when he wants to, and what he wants
            self.flow.pause_reading()
        if self.conn.more:
            self._wait()

    def on_response_complete(self) -> None:
        self._answered = True
        super().on_response_complete()  # which goes on with the next request
        self._answered = False
        self._settle()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- h11 has said it better
        fault = self.conn.fault
        status = HTTPStatus(fault.error_status_hint if fault is not None else 400)
        code = "headers_too_large" if status == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE else "invalid_http"
        self._door.metrics.hung_up(code)
        self._end(Problem(code, f"This is no HTTP/1.1 request: {_told(fault)}", status=status))

    def _should_upgrade(self) -> bool:
        return False  # a request to speak another protocol may be answered in this one

    def shutdown(self) -> None:
        if self._phase is Phase.OVER:
            self.transport.close()
        else:
            super().shutdown()

    # What the server calls.

    def look(self, now: float) -> None:
        """Hang up on whoever is late."""
        stalled = self._stalled_since is not None and now > self._stalled_since + self._door.stall_s
        late = self._until is not None and now > self._until
        if stalled or (late and (self._phase is Phase.OVER or self.transport.is_closing())):
            self._door.metrics.hung_up("stalled" if stalled else "closed")
            self.transport.abort()
        elif late:
            self._late()
        elif self._until is None and self.transport.is_closing():  # what it has not read yet is still to be sent
            self._until = now + self._door.stall_s

    def dismiss(self) -> None:
        """Its place is wanted."""
        self._door.metrics.hung_up("dismissed")
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self._until = self.loop.time() + _LINGER_S
            self.transport.close()

    def _wait(self) -> None:
        if not self.flow.held:
            self._door.turns.wait(self._go_on)
        self.flow.hold()  # also where uvicorn has just let it read on

    def _go_on(self) -> None:
        if self._phase is not Phase.OVER and not self.transport.is_closing():
            self.handle_events()
            if self.conn.more:
                self._door.turns.wait(self._go_on)
                return
        self.flow.release()
        self._settle()

    def _late(self) -> None:
        if self._phase is Phase.HEAD and self.conn.begun:
            self._door.metrics.hung_up("header_timeout")
            detail = f"The head of the request did not arrive within {self._door.header_s:g} s"
            self._end(Problem("header_timeout", detail))
        else:
            self._door.metrics.hung_up("silent" if self._phase is Phase.HEAD else "body_unread")
            self.transport.close()

    def _settle(self) -> None:
        if self._phase is Phase.OVER or self.transport.is_closing():
            return
        phase = self._found()
        if phase is not self._phase:
            self._enter(phase)

    def _found(self) -> Phase:
        if self.cycle is not None and (self.flow.held or not self.cycle.response_complete):
            return Phase.ANSWER
        if self.conn.their_state is h11.SEND_BODY:
            return Phase.DRAIN
        return Phase.HEAD if self.cycle is None or self.conn.begun else Phase.IDLE

    def _enter(self, phase: Phase) -> None:
        limits = {Phase.HEAD: self._door.header_s, Phase.DRAIN: _LINGER_S, Phase.OVER: _LINGER_S}
        self._phase = phase
        self._until = self.loop.time() + limits[phase] if phase in limits else None
        if phase in (Phase.HEAD, Phase.IDLE):
            self._door.crowd.idle(self)
        else:
            self._door.crowd.busy(self)

    def _refuse(self, full: Full) -> None:
        self._door.metrics.hung_up(full)
        if self._door.lingering >= _MOST_LINGERING:  # under a flood no descriptor is spent on manners
            self._door.lingering += 1
            self._phase = Phase.OVER
            self.transport.abort()
        else:
            self._end(crowded(full))

    def _end(self, problem: Problem) -> None:
        """Answer, and hang up once the client has: a close while it still sends is a reset, which may overtake the
        answer. A request that is being answered ends as if the client had gone."""
        started = False
        if self.cycle is not None and not self.cycle.response_complete:
            started = self.cycle.response_started
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._door.lingering += 1
        self._enter(Phase.OVER)
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        if not started:
            self.transport.write(_written(problem))
        if started or self._door.lingering > _MOST_LINGERING or not self.transport.can_write_eof():
            self.transport.close()
        else:
            self.transport.write_eof()


def _written(problem: Problem) -> bytes:
    """A whole answer, outside of what h11 thinks may be said now."""
    request_id = uuid.uuid4().hex
    answer = problem.response(request_id)
    answer.headers["Connection"] = "close"
    answer.headers["X-Request-ID"] = request_id
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    fields = b"".join(name + b": " + value + b"\r\n" for name, value in answer.raw_headers)
    status = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}\r\n".encode()
    return status + fields + b"\r\n" + bytes(answer.body)


def _told(fault: h11.RemoteProtocolError | None) -> str:
    """Without what was sent, which h11 quotes."""
    return str(fault).partition(":")[0][:100] if fault is not None else "it cannot be parsed"
