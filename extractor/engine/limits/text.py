"""A JSON text while it is written: what is open in it, and what of that has to end. A function of its bytes alone."""

from __future__ import annotations

import re
from dataclasses import dataclass

from extractor.engine.limits.container import CLOSING, OPENING, Container, begins_member
from extractor.engine.limits.items import RUN_BYTES, Items
from extractor.engine.limits.json_string import is_within_sign, text_of, value_of
from extractor.engine.limits.limits import Ended, Limits, Why
from extractor.engine.limits.loops import WINDOW, loop_at_end, recurs
from extractor.engine.limits.members import Members
from extractor.engine.limits.nesting import Nesting
from extractor.engine.limits.repeats import Repeats

_NOWHERE = -1
_QUOTE, _BACKSLASH, _COMMA, _OBJECT = b'"\\,{'
_SIGN = re.compile(rb'[\[\]{},:"]')
_QUOTED = re.compile(rb'["\\]')
_DIGIT = re.compile(rb"\d")
_OF_NUMBERS = frozenset(b"0123456789.eE+-")
# A loop is long before it is one, and longer in the first that an answer has: until then its model is trusted.
_PATIENCE, _AGAIN = 256, 64  # bytes
_TIMES, _ROWS, _ROWS_AGAIN = 4, 8, 4  # a piece of a string, members of an array
_OF_THE_LAST = 64  # bytes of a string in the last member of an array that was no use
_ENDS = b'"}],'  # what a token begins with that ends a member


@dataclass(frozen=True)
class Due:
    """What has to end now: the `string` (`escaped`: behind the backslash of an escape) or `number` that is being
    written, or, as soon as what is within them has, containers that are `full`, or the one of number `last` if its
    member ends here. `empty`: one that has just begun, where nothing is left to say."""

    string: bool
    escaped: bool
    number: bool
    full: bool
    empty: bool
    last: int | None = None


class JsonText:
    """`written` is the text, which may grow: `read` it then. `ended`: the values that a limit ended, as they did."""

    def __init__(self, written: bytearray, limits: Limits, repeats: Repeats) -> None:
        self.written = written
        self.ended: list[Ended] = []
        self.endings = limits.endings
        self._limits, self._repeats = limits, repeats
        self._at = 0  # read up to here
        self._nesting = Nesting(repeats)
        self._string = _NOWHERE  # the quote that began the one that is being written
        self._escaped = False  # the next byte of it is no quote
        self._sign = 0  # behind the last sign outside of strings
        self._looped = False

    def copy(self) -> JsonText:
        """For what may follow: neither feels the other."""
        other = object.__new__(JsonText)
        other.__dict__.update(self.__dict__)
        other.written, other.ended = bytearray(self.written), list(self.ended)
        other._nesting = self._nesting.copy()
        return other

    @property
    def _open(self) -> list[Container]:
        return self._nesting.open

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
                self._end_string(place)
            else:
                self._escaped = True
        else:
            self._end_number(place)
            if sign == _QUOTE:
                self._string = place
            elif sign in OPENING:
                self._nesting.begin(place, of_keys=sign == _OBJECT, items=self._items(sign))
            elif sign in CLOSING and self._open:
                self._close(self._open.pop(), place)
            elif sign == _COMMA and self._open:
                self._go_on(self._open[-1], place + 1)
            self._sign = place + 1
        self._at = place + 1

    def _end_string(self, place: int) -> None:
        is_key, written = self._is_key(), bytes(self.written[self._string + 1 : place])
        why = self._why_ended(place)
        self._end(self._string, why)
        if len(written) >= self._patience and (loop := loop_at_end(written, self._patience, _TIMES)):
            self._nesting.so_far.copied(loop[1])
        self._string, self._sign = _NOWHERE, place + 1
        named = is_key and (self._limits.names is None or self._limits.names.has(text_of(written)))
        if is_key and not named:
            self._open[-1].has_free_key = True
        if not named and why != "repeated" and not (is_key and why):
            self._nesting.say(self._repeats.words_in(text_of(written)))
        if not is_key:
            self._nesting.fill()

    def _end_number(self, place: int) -> None:
        digits = self._digits(place)
        if digits >= self._limits.digits:
            self._end(self._sign, "cut_off")
        elif number := _DIGIT.search(self.written, self._sign, place) and self.written[self._sign : place].decode():
            self._nesting.say(self._repeats.number_in(number))

    def _close(self, closed: Container, place: int) -> None:
        why = closed.full or self._over(closed, place)
        self._end(closed.start, None if closed.starved else why)
        self._nesting.count(closed, place)
        self._nesting.fill()

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
        calm = min(calm, (string if self._is_key() else end) + self._patience_of_key - 1, end + RUN_BYTES)
        for one in self._open:
            if one.full:
                return _NOWHERE
            more = (limits.keys if one.of_keys else limits.items) - one.begun  # of two bytes at least
            calm = min(calm, end + 2 * more - 3)
            if one.items is not None:
                calm = min(calm, end + one.items.calm_for(), end + self._nesting.so_far.calm_for())
        if calm < end or (calm > patience and recurs(self.written, patience)):
            return _NOWHERE
        return min(calm, max(end + patience // 2, patience))

    def due(self) -> Due | None:
        """None while nothing has to end."""
        end = len(self.written)
        last, why = self._last_if_ended(end)
        starving = self._nesting.starving
        full = last is not None or starving or any(one.full for one in self._open)
        string = self._string != _NOWHERE and (why == "repeated" or self._string_due(end - self._escaped) is not None)
        number = self._digits(end) >= self._limits.digits
        empty = starving and self._nesting.is_empty(end)
        return Due(string, self._escaped, number, full, empty, last) if string or number or full else None

    def overruns(self, token: bytes, last: int | None = None) -> bool:
        """Whether it would begin a member where none may begin. `last`: as `due` says."""
        full = [one.full is not None for one in self._open]
        if last is not None and token[:1] in _ENDS:
            full[last] = True
        return begins_member(
            token, full, quoted=self._string != _NOWHERE, escaped=self._escaped, starving=self._nesting.starving
        )

    @property
    def _patience(self) -> int:
        return _AGAIN if self._looped else _PATIENCE

    @property
    def _patience_of_key(self) -> int:
        """No key that means something is a loop, whatever is printed."""
        return self._patience if self._limits.names is None else _AGAIN

    def _digits(self, end: int) -> int:
        """Characters of the number that is being written up to `end`; 0 where none is."""
        if self._string != _NOWHERE or end - self._sign < 1 or self.written[end - 1] not in _OF_NUMBERS:
            return 0
        return end - self._sign

    def _string_due(self, end: int) -> Why | None:
        """Why the string that is being written has to end at `end`."""
        start, patience = self._string + 1, self._patience_of_key if self._is_key() else self._patience
        most = self._limits.key_chars if self._is_key() else self._limits.chars
        of_no_use = end - start >= _OF_THE_LAST and end - start >= self._most_of_no_use(end)
        if not of_no_use and end - start < min(most, patience):
            return None
        written = bytes(self.written[start:end])
        if is_within_sign(written):
            return None
        if of_no_use:
            return "cut_off"
        if end - start >= most and len(text_of(written)) >= most:
            return "cut_off"
        loop = loop_at_end(written, patience, _TIMES)
        if loop is None:
            return None
        period, length = loop
        run = text_of(written, length)
        printed = not self._is_key() and self._repeats.prints(run, max(1, round(len(run) * period / length)))
        return None if printed and self._nesting.so_far.may_copy(length) else "repeated"

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
        within = self._string != _NOWHERE and bool(self._open)
        return within and self._open[-1].of_keys and self.written[self._string - 1] in b"{,"

    def _last_if_ended(self, end: int) -> tuple[int | None, Why | None]:
        """The number of the innermost array, or of an object within it, where the member that is being written would be
        one too many if it ended at `end`; and why."""
        if self._escaped or self._is_key():
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
        return self._nesting.longest(self._last_if_ended(end)[0])

    def _go_on(self, container: Container, end: int) -> None:
        """After a comma, which ends at `end`."""
        limits, patience = self._limits, self._patience
        member = bytes(self.written[container.member : end - 1])
        self._nesting.count(container, end - 1)
        if container.full is None:
            container.full = self._over(container, end - 1)
            container.add(member)
        container.go_on(end, speaks=container.speaks(member, self._repeats))
        if container.full is not None:
            return
        if container.begun >= (limits.keys if container.of_keys else limits.items):
            container.full = "cut_off"
        elif end - container.start > patience:
            members = bytes(self.written[max(container.start + 1, end - WINDOW) : end])
            if self._loops(members, of_keys=container.of_keys):
                container.full = "repeated"

    def _loops(self, members: bytes, *, of_keys: bool) -> bool:
        """Whether their end repeats some of them, more often than the document prints these. No key of an object may be
        there twice."""
        times = _ROWS_AGAIN if self._looped else _ROWS
        loop = loop_at_end(members, self._patience, times)
        if loop is None:
            return False
        period, length = loop
        rows = value_of(b"[%b]" % members[-period:-1])
        if rows is None:
            return of_keys
        return length // period > max(times - 1, self._repeats.of_row(rows))


def ended_in(text: bytes, limits: Limits, repeats: Repeats) -> list[Ended]:
    """The values of a whole text that a limit ended."""
    whole = JsonText(bytearray(text), limits, repeats)
    whole.read()
    return whole.ended
