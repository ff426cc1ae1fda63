"""How the state machines of the ledger are run: the same examples every time, without a deadline."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine


def run(machine: type[RuleBasedStateMachine], *, examples: int, steps: int) -> None:
    case: Any = machine.TestCase
    case.settings = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        derandomize=True,
    )
    case().runTest()
