"""What `check` calls enforced never fails afterwards (tests/property): a part here, the whole by `make property`."""

from __future__ import annotations

import pytest

from tests.property.run import of_json_schemas, of_models

STRIDE = 15


@pytest.mark.parametrize("start", range(0, 4 * STRIDE, STRIDE))
@pytest.mark.parametrize("run", [of_json_schemas, of_models], ids=["json schemas", "models"])
def test_what_is_enforced_never_fails(run, start):
    tally = run(range(start, start + STRIDE))
    assert tally.faults == []
    assert tally.schemas > 0.7 * STRIDE
    assert tally.refused < 0.3 * STRIDE
    assert tally.answers > 2 * (tally.schemas - tally.refused)
