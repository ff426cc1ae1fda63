"""HTTP/1.1 as RFC 9112 writes it, where h11 is kinder. What two parsers can read in two ways is how a request is
smuggled past a proxy: bare line feeds, folded lines, two lengths, a length beside chunks. It is refused, not repaired.
And where h11 leaves to others what RFC 9112 asks of every server: whole URLs as targets are taken, odd hosts are not.

Knows h11 and its receive buffer, through which every head and every trailer comes; knows no connection."""

from __future__ import annotations

import re
from http import HTTPStatus

import h11
from h11._receivebuffer import ReceiveBuffer

MAX_HEADER_BYTES = 16 * 1024
MAX_FIELDS = 100
_TOO_LARGE = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
_BARE_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_FOLDED = re.compile(rb"\r\n[ \t]")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_VERSIONS = (b"1.0", b"1.1")
_ABSOLUTE_URL = re.compile(rb"(?i)https?://([^/?#]*)")
_HOST = re.compile(rb"(?:\[[\w:.%~-]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?")
_EVENTS_PER_TURN = 128  # some 3 ms, of whatever size they are


class HttpParser(h11.Connection):
    """The server's side. `fault` is why the last event was none; `budget_spent`: the last NEED_DATA was said because
    the turn is over, and there may be events in what has come."""

    def __init__(self) -> None:
        super().__init__(h11.SERVER, MAX_HEADER_BYTES)
        self._receive_buffer: _Buffer = _Buffer()
        self.fault: h11.RemoteProtocolError | None = None
        self.budget_spent = False
        self._events_left = 0

    @property
    def has_partial(self) -> bool:
        """Bytes have come that belong to no event yet."""
        return len(self._receive_buffer) > 0

    def renew_budget(self) -> None:
        """Give so many events from here on, and then NEED_DATA."""
        self.budget_spent, self._events_left = False, _EVENTS_PER_TURN

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        if not self._events_left:
            self.budget_spent = True
            return h11.NEED_DATA
        self._events_left -= 1
        try:
            event = super().next_event()
            if isinstance(event, h11.Request):
                _check_request(event, self._receive_buffer.head)
                event = _in_origin_form(event)
        except h11.RemoteProtocolError as fault:
            self.fault = fault
            raise
        return event


class _Buffer(ReceiveBuffer):
    """`head`: the lines last read, as they came."""

    head: bytes | bytearray = b""

    def _extract(self, count: int) -> bytearray:
        out = super()._extract(count)
        self.head = out
        return out

    def maybe_extract_lines(self) -> list[bytearray] | None:
        lines = super().maybe_extract_lines()
        if lines is not None:
            _check_lines(self.head)
            if len(lines) > MAX_FIELDS + 1:
                raise h11.LocalProtocolError(f"more than {MAX_FIELDS} header fields", _TOO_LARGE)
        return lines

    def maybe_extract_next_line(self) -> bytearray | None:
        line = super().maybe_extract_next_line()
        if line is not None:
            _check_lines(line)
        elif b"\n" in self._data:  # for h11 it has not ended, and never would
            raise h11.LocalProtocolError("a line ends with something else than CR LF")
        return line


def _check_lines(raw: bytes | bytearray) -> None:
    """Raises LocalProtocolError, as h11's own readers do; h11 makes the other side's fault of it."""
    if len(raw) > MAX_HEADER_BYTES:
        raise h11.LocalProtocolError(f"the head is over {MAX_HEADER_BYTES} bytes", _TOO_LARGE)
    if _BARE_LINE_END.search(raw):
        raise h11.LocalProtocolError("a line ends with something else than CR LF")
    if _FOLDED.search(raw):
        raise h11.LocalProtocolError("a header field goes on in the next line")
    if _CONTROL.search(raw):
        raise h11.LocalProtocolError("a control character in the head")


def _check_request(request: h11.Request, head: bytes | bytearray) -> None:
    """What a single line does not show. Reads `head`, because h11 has merged the fields that are there twice."""
    fields = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    lengths = [value.strip(b" \t") for name, _, value in fields if name.lower() == b"content-length"]
    if request.http_version not in _VERSIONS:
        raise h11.RemoteProtocolError("only HTTP/1.1 and HTTP/1.0 are spoken", HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    if not all(_HOST.fullmatch(value.strip(b" \t")) for name, _, value in fields if name.lower() == b"host"):
        raise h11.RemoteProtocolError("the Host is not one")
    if len(lengths) > 1 or not all(length.isdigit() for length in lengths):
        raise h11.RemoteProtocolError("the Content-Length is not one number")
    if any(name.lower() == b"transfer-encoding" for name, _, _ in fields):
        if lengths:
            raise h11.RemoteProtocolError("a Content-Length beside a Transfer-Encoding")
        if request.http_version == b"1.0":
            raise h11.RemoteProtocolError("HTTP/1.0 knows no Transfer-Encoding")


def _in_origin_form(request: h11.Request) -> h11.Request:
    """A client that takes us for its proxy names the whole URL, whose path is meant (RFC 9112, 3.2.2)."""
    whole = _ABSOLUTE_URL.match(request.target)
    if whole is None:
        return request
    if not whole[1] or not _HOST.fullmatch(whole[1]):
        raise h11.RemoteProtocolError("the host of the target is not one")
    rest = request.target[whole.end() :]
    if not rest.startswith(b"/"):
        rest = b"*" if request.method == b"OPTIONS" and not rest else b"/" + rest
    return h11.Request(method=request.method, target=rest, headers=request.headers, http_version=request.http_version)
