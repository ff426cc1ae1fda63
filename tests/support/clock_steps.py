"""The store's clock, set back and forward in a test: the ledger's scripts read Redis' TIME plus what `Steps` says. With
`exact` the ledger writes the time down with every call, not once a second, so that a step costs nothing at all.

What Redis itself does by its clock is not stepped; `tests/support/valkey.py` can start it under libfaketime."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from hypothesis import strategies as st

from tests.support.valkey import Valkey
from workers.ledger import scripts

SECONDS = st.sampled_from([-31_536_000, -3600, -3, 3, 3600, 31_536_000])  # a step, for a state machine
_KEY = "test:step"
_TIME = "redis.call('TIME')"
_STEPPED = f"""
local function stepped()
  local t = {_TIME}
  return {{ t[1] + (redis.call('GET', '{_KEY}') or 0), t[2] }}
end
"""


class Steps:
    def __init__(self, valkey: Valkey) -> None:
        self._client = valkey.client()

    def step(self, seconds: float) -> None:
        self._client.incrby(_KEY, round(seconds))

    def close(self) -> None:
        self._client.close()


@contextmanager
def steps(valkey: Valkey, *, exact: bool = False) -> Iterator[Steps]:
    """While it lasts, every script of this process reads the stepped clock."""
    read = scripts.source

    def source(name: str) -> str:
        text = read(name)
        if name == "shared/clock.lua":
            assert _TIME in text
            text = _STEPPED + text.replace(_TIME, "stepped()")
            if exact:
                assert "3600000, 1000\n" in text
                text = text.replace("3600000, 1000\n", "3600000, 0\n")
        return text

    with mock.patch.object(scripts, "source", source):
        scripts.script.cache_clear()
        one = Steps(valkey)
        try:
            yield one
        finally:
            one.close()
            scripts.script.cache_clear()
