"""What `check` calls enforced never fails afterwards (tests/property): a part here, the whole by `make property`."""

from __future__ import annotations

import pytest

from tests.property.engine import Decoding, running
from tests.property.run import KINDS, walked

STRIDE = 15
ENGINE_STRIDE = 12


@pytest.mark.parametrize("start", range(0, 4 * STRIDE, STRIDE))
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_enforced_never_fails(kind, start):
    tally = walked(KINDS[kind](range(start, start + STRIDE)))
    assert tally.faults == []
    assert tally.unfinished == 0
    assert tally.schemas > 0.7 * STRIDE
    assert tally.refused < 0.3 * STRIDE
    assert tally.answers > 2 * (tally.schemas - tally.refused)


@pytest.mark.process
def test_what_is_enforced_never_fails_as_an_engine_writes_it():
    with running("tiny") as runner:
        for kind in sorted(KINDS):
            tally = Decoding(runner, tokens=120).judge(KINDS[kind](range(ENGINE_STRIDE)))
            assert tally.faults == []
            assert tally.answers > tally.schemas
