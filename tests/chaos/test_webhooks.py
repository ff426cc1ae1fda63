"""Webhooks while workers and the APIs that send them are killed: everybody is told of everything, at least once."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.fleet import TENANT, Fleet
from tests.support.served import Api, wait_until
from tests.support.valkey import Valkey
from tests.support.webhook_receiver import Receiver

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1200)]
DOCUMENTS, KILLS = 1000, 20


def test_nothing_is_left_untold_when_workers_and_apis_are_killed(tmp_path: Path) -> None:
    """Two APIs send. A worker and an API are killed by SIGKILL in turn, the API while the receiver holds some of its
    messages; a third of the messages is answered with an error."""
    dice = random.Random(7)
    sending = {"webhook_allow": "127.0.0.0/8", "webhook_timeout_s": 2, "webhook_retry_s": 0.5}
    answers = [dice.choice((204, 204, 500, 503, 204, 204)) for _ in range(DOCUMENTS)]
    with (
        Valkey(tmp_path / "valkey", aof=True) as valkey,
        Receiver(*answers) as receiver,
        Fleet(valkey, tmp_path, max_attempts=20) as fleet,
        Api(valkey, tmp_path, **sending) as one,
        Api(valkey, tmp_path, **sending) as other,
    ):
        secret, call = fleet.ledger.hooks.new_secret(TENANT, 60.0)
        fleet.ledger.run(call)
        fleet.start(2)
        made = set()
        for number in range(DOCUMENTS):
            made.add(fleet.submit(f"document {number}", webhook={"url": receiver.url, "result": number % 2 == 0}))
            if number % (DOCUMENTS // KILLS) == 5:
                if dice.random() < 0.5:
                    dice.choice(fleet.alive()).kill()
                    fleet.start(wait=False)
                else:
                    receiver.hold.clear()
                    time.sleep(0.7)
                    victim = dice.choice((one, other))
                    victim.kill()
                    receiver.hold.set()
                    victim.start()

        def waiting() -> int:
            return fleet.ledger.run(fleet.ledger.hooks.show(TENANT)).waiting

        def told() -> Counter[str]:
            return Counter(hook.id for hook in receiver.received)

        assert wait_until(lambda: len(told()) >= DOCUMENTS and waiting() == 0, 600, every_s=0.5)
        assert set(told()) == {f"msg_{id}" for id in made}
        assert all(hook.is_signed_with(secret) for hook in receiver.received)
        assert {hook.message["type"] for hook in receiver.received} == {"extraction.succeeded"}
        assert fleet.ledger.run(fleet.ledger.hooks.undelivered(TENANT, 10)) == []
        print(f"{KILLS} kills: {len(made)} of {len(made)} told, {told().total() - len(made)} messages more than once")
