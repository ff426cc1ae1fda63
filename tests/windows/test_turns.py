"""Windows take turns: so many at a time, in the order they came, whoever is withdrawn or late excepted."""

from __future__ import annotations

import threading
import time

import pytest

from extractor.errors import Cancelled, DeadlineExceeded
from extractor.windows.turns import Turns

LONG = 60.0


def test_so_many_at_a_time_in_the_order_they_came() -> None:
    turns, order = Turns(2), list[int]()
    now, most, lock = 0, 0, threading.Lock()

    def take(number: int) -> None:
        nonlocal now, most
        with turns.taken(time.monotonic() + LONG, threading.Event()):
            with lock:
                now, order[len(order) :] = now + 1, [number]
                most = max(most, now)
            gate.wait(LONG)
            with lock:
                now -= 1

    gate = threading.Event()
    threads = [threading.Thread(target=take, args=(number,)) for number in range(6)]
    for number, thread in enumerate(threads):
        thread.start()
        while number < 2 and len(order) <= number:
            time.sleep(0.001)
        while number >= 2 and len(turns._waiting) < number - 1:
            time.sleep(0.001)
    assert order == [0, 1]
    gate.set()
    for thread in threads:
        thread.join(LONG)
    assert order == list(range(6))
    assert most == 2


def test_one_that_is_withdrawn_or_late_lets_the_others_pass() -> None:
    turns, withdrawn = Turns(1), threading.Event()
    withdrawn.set()
    with turns.taken(time.monotonic() + LONG, threading.Event()):
        with pytest.raises(Cancelled), turns.taken(time.monotonic() + LONG, withdrawn):
            pass
        with pytest.raises(DeadlineExceeded), turns.taken(time.monotonic() - 1, threading.Event()):
            pass
    with turns.taken(time.monotonic() + LONG, threading.Event()):
        pass
