"""A JSON text while it is written: what is open in it, and what of that has to end. A function of its bytes alone."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass

from extractor.engine.limits.container import Container
from extractor.engine.limits.items import Items
from extractor.engine.limits.limits import Ended, Limits, Why
from extractor.engine.limits.loops import WINDOW, loop_at_end, recurs
from extractor.engine.limits.members import Members
from extractor.engine.limits.repeats import Repeats

_NOWHERE = -1
_QUOTE, _BACKSLASH, _COMMA, _OBJECT = b'"\\,{'
_OPENING, _CLOSING = frozenset(b"[{"), frozenset(b"]}")
_SIGN = re.compile(rb'[\[\]{},:"]')
_QUOTED = re.compile(rb'["\\]')
_OF_NUMBERS = frozenset(b"0123456789.eE+-")
_SIGNS = re.compile(rb"\\u....|\\.|.", re.DOTALL)  # of a string, each as it is written
_WITHIN = re.compile(rb"\\u(?:[0-9a-fA-F]{0,3}|[dD][89abAB][0-9a-fA-F]{2})$")  # an escape, or a surrogate pair
# A loop is long before it is one, and longer in the first that an answer has: until then its model is trusted.
_PATIENCE, _AGAIN = 256, 64  # bytes
_TIMES, _ROWS, _ROWS_AGAIN = 4, 8, 4  # a piece of a string, members of an array
_OF_THE_LAST = 64  # bytes of a string in the last member of an array that was no use
_ENDS = b'"}],'  # what a token begins with that ends a member


@dataclass(frozen=True)
class Due:
    """What has to end now: the `string` (`escaped`: behind the backslash of an escape) or `number` that is being
    written, or, as soon as what is within them has, containers that are `full`, or the one of number `last` if its
    member ends here."""

    string: bool
    escaped: bool
    number: bool
    full: bool
    last: int | None = None


class JsonText:
    """`written` is the text, which may grow: `read` it then. `ended`: the values that a limit ended, as they did."""

    def __init__(self, written: bytearray, limits: Limits, repeats: Repeats) -> None:
        self.written = written
        self.ended: list[Ended] = []
        self.endings = limits.endings
        self._limits, self._repeats = limits, repeats
        self._at = 0  # read up to here
        self._open: list[Container] = []
        self._string = _NOWHERE  # the quote that began the one that is being written
        self._escaped = False  # the next byte of it is no quote
        self._sign = 0  # behind the last sign outside of strings
        self._looped = False

    def copy(self) -> JsonText:
        """For what may follow: neither feels the other."""
        other = object.__new__(JsonText)
        other.__dict__.update(self.__dict__)
        other.written, other.ended = bytearray(self.written), list(self.ended)
        other._open = [one.copy() for one in self._open]
        return other

    def read(self) -> None:
        """What has been written since."""
        text = self.written
        while self._at < len(text):
            if self._escaped:
                self._escaped, self._at = False, self._at + 1
                continue
            found = (_SIGN if self._string == _NOWHERE else _QUOTED).search(text, self._at)
            if found is None:
                self._at = len(text)
                return
            self._take(text[found.start()], found.start())

    def _take(self, sign: int, place: int) -> None:
        if self._string != _NOWHERE:
            if sign == _QUOTE:
                self._end(self._string, self._why_ended(place))
                self._string, self._sign = _NOWHERE, place + 1
            else:
                self._escaped = True
        else:
            if self._digits(place) >= self._limits.digits:
                self._end(self._sign, "cut_off")
            if sign == _QUOTE:
                self._string = place
            elif sign in _OPENING:
                self._open.append(Container(place, sign == _OBJECT, self._items(sign), place + 1))
            elif sign in _CLOSING and self._open:
                closed = self._open.pop()
                self._end(closed.start, closed.full or self._over(closed, place))
            elif sign == _COMMA and self._open:
                self._go_on(self._open[-1], place + 1)
            self._sign = place + 1
        self._at = place + 1

    def _items(self, sign: int) -> Items | Members | None:
        if sign != _OBJECT:
            return Items(self._repeats)
        return Members(self._repeats, self._limits.names) if self._limits.names is not None else None

    def _end(self, start: int, why: Why | None) -> None:
        if why is not None:
            self.ended.append(Ended(start, why))
            if why == "repeated":
                self._looped = True
            if why != "cut_off":
                for one in self._open:
                    one.end_within()

    def calm_to(self) -> int:
        """A length of the text up to which nothing of it has to end, whatever is written; less than it has where that
        is not plain."""
        limits, patience, end = self._limits, self._patience, len(self.written)
        string, sign = (end, self._sign) if self._string == _NOWHERE else (self._string, end)
        calm = min(string + min(patience, limits.key_chars), sign + limits.digits) - 1
        for one in self._open:
            if one.full:
                return _NOWHERE
            more = (limits.keys if one.of_keys else limits.items) - one.begun  # of two bytes at least
            calm = min(calm, end + 2 * more - 3)
            if one.items is not None:
                calm = min(calm, end + one.items.calm_for())
        if calm < end or (calm > patience and recurs(self.written, patience)):
            return _NOWHERE
        return min(calm, max(end + patience // 2, patience))

    def due(self) -> Due | None:
        """None while nothing has to end."""
        end = len(self.written)
        last, why = self._last_if_ended(end)
        full = last is not None or any(one.full for one in self._open)
        string = self._string != _NOWHERE and (why == "repeated" or self._string_due(end - self._escaped) is not None)
        number = self._digits(end) >= self._limits.digits
        return Due(string, self._escaped, number, full, last) if string or number or full else None

    def overruns(self, token: bytes, last: int | None = None) -> bool:
        """Whether it would begin one member more in a container that is full. `last`: as `due` says."""
        quoted, escaped = self._string != _NOWHERE, self._escaped
        full = [one.full is not None for one in self._open]
        if last is not None and token[:1] in _ENDS:
            full[last] = True
        for byte in token:
            if quoted:
                quoted, escaped = escaped or byte != _QUOTE, not escaped and byte == _BACKSLASH
            elif byte == _QUOTE:
                quoted = True
            elif byte in _OPENING:
                full.append(False)
            elif byte in _CLOSING:
                if full:
                    full.pop()
            elif byte == _COMMA and full and full[-1]:
                return True
        return False

    @property
    def _patience(self) -> int:
        return _AGAIN if self._looped else _PATIENCE

    def _digits(self, end: int) -> int:
        """Characters of the number that is being written up to `end`; 0 where none is."""
        if self._string != _NOWHERE or end - self._sign < 1 or self.written[end - 1] not in _OF_NUMBERS:
            return 0
        return end - self._sign

    def _string_due(self, end: int) -> Why | None:
        """Why the string that is being written has to end at `end`."""
        start = self._string + 1
        most = self._limits.key_chars if self._is_key() else self._limits.chars
        of_no_use = end - start >= _OF_THE_LAST and end - start >= self._most_of_no_use(end)
        if not of_no_use and end - start < min(most, self._patience):
            return None
        written = bytes(self.written[start:end])
        if _WITHIN.search(written):
            return None
        if of_no_use:
            return "cut_off"
        if end - start >= most and len(_text(written)) >= most:
            return "cut_off"
        loop = loop_at_end(written, self._patience, _TIMES)
        if loop is None:
            return None
        period, length = loop
        run = _text(written, length)
        return None if self._repeats.prints(run, max(1, round(len(run) * period / length))) else "repeated"

    def _why_ended(self, end: int) -> Why | None:
        """Why the string that ends at `end` had to: there, or before what it had to end with."""
        why = self._string_due(end)
        for start in range(end - 1, max(self._string, end - self._patience), -1):
            tail = bytes(self.written[start:end])
            if why is not None or not any(one.endswith(tail) for one in self.endings):
                break
            why = self._string_due(start)
        return why

    def _is_key(self) -> bool:
        return bool(self._open) and self._open[-1].of_keys and self.written[self._string - 1] in b"{,"

    def _last_if_ended(self, end: int) -> tuple[int | None, Why | None]:
        """The number of the innermost array, or of an object within it, where the member that is being written would be
        one too many if it ended at `end`; and why."""
        if self._escaped or (self._string != _NOWHERE and self._is_key()):
            return None, None
        closing = b'"' if self._string != _NOWHERE else b""
        for at in reversed(range(len(self._open))):
            one = self._open[at]
            going_on = not closing and self._digits(end)  # a number, which may have more of them
            why = None if one.full or going_on else self._over(one, end, closing)
            if why is not None:
                return at, why
            if not one.of_keys:
                break
            closing += b"}"
        return None, None

    def _over(self, container: Container, end: int, closing: bytes = b"") -> Why | None:
        """Why the member that ends at `end` is one too many."""
        if container.items is None:
            return None
        return container.items.over(bytes(self.written[container.member : end]) + closing)

    def _most_of_no_use(self, end: int) -> int:
        """How many bytes the string that is written up to `end` may have, where it stands in the last member of a
        container that goes on although nothing is left to say."""
        last, _ = self._last_if_ended(end)
        going_on = [one for at, one in enumerate(self._open) if at == last or one.full not in (None, "cut_off")]
        return max((one.items.longest for one in going_on if one.items is not None), default=sys.maxsize)

    def _go_on(self, container: Container, end: int) -> None:
        """After a comma, which ends at `end`."""
        limits, patience = self._limits, self._patience
        member = bytes(self.written[container.member : end - 1])
        if container.full is None:
            container.full = self._over(container, end - 1)
            container.add(member)
        container.go_on(end, speaks=container.loops > 0 and self._speaks(container, member))
        if container.full is not None:
            return
        if container.begun >= (limits.keys if container.of_keys else limits.items):
            container.full = "cut_off"
        elif end - container.start > patience:
            members = bytes(self.written[max(container.start + 1, end - WINDOW) : end])
            if self._loops(members, of_keys=container.of_keys):
                container.full = "repeated"

    def _speaks(self, container: Container, member: bytes) -> bool:
        try:
            read = json.loads(b"{%b}" % member if container.of_keys else b"[%b]" % member)
        except ValueError:
            return False
        return self._repeats.speaks(read, container.loops - container.loops_before)

    def _loops(self, members: bytes, *, of_keys: bool) -> bool:
        """Whether their end repeats some of them, more often than the document prints these. No key of an object may be
        there twice."""
        times = _ROWS_AGAIN if self._looped else _ROWS
        loop = loop_at_end(members, self._patience, times)
        if loop is None:
            return False
        period, length = loop
        try:
            row = json.loads(b"[%b]" % members[-period:-1])
        except ValueError:
            return of_keys
        return length // period > max(times - 1, self._repeats.of_row(row))


def ended_in(text: bytes, limits: Limits, repeats: Repeats) -> list[Ended]:
    """The values of a whole text that a limit ended."""
    whole = JsonText(bytearray(text), limits, repeats)
    whole.read()
    return whole.ended


def _text(written: bytes, last: int | None = None) -> str:
    """What the beginning of a JSON string stands for, or its `last` bytes alone."""
    if last is not None and _BACKSLASH in written:
        starts = (found.start() for found in _SIGNS.finditer(written))
        last = len(written) - next(at for at in starts if at >= len(written) - last)
    tail = written[-last:] if last is not None else written
    text = tail.decode("utf-8", "ignore")  # it may begin or end within a character
    return str(json.loads(f'"{text}"', strict=False)) if _BACKSLASH in tail else text
