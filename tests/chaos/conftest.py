"""What the fault runs share: how one shows what it injected and counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.chaos.ledgerwatch import FaultRun


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[FaultRun], None]:
    def say(report: FaultRun) -> None:
        with capsys.disabled():
            print(f"\n{report}")

    return say
