"""Webhooks while the API that sends them is killed: everybody is told of everything, at least once."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.support.served import Api, ThreadWorker, wait_until
from tests.support.valkey import Valkey
from tests.support.webhook_receiver import Receiver

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(900)]
DOCUMENTS, KILLS = 300, 12


def test_nothing_is_left_untold_when_the_api_is_killed(tmp_path: Path) -> None:
    """Two APIs send, and one after the other is killed by SIGKILL while the receiver holds some of its messages."""
    rng = random.Random(7)
    settings = {"webhook_allow": "127.0.0.0/8", "webhook_timeout_s": 2, "webhook_retry_s": 0.5}
    answers = [rng.choice((204, 204, 204, 500, 503)) for _ in range(DOCUMENTS)]
    with (
        Valkey(tmp_path) as valkey,
        Receiver(*answers) as receiver,
        ThreadWorker(valkey),
        Api(valkey, tmp_path, **settings) as one,
        Api(valkey, tmp_path, **settings) as other,
    ):
        secret = httpx.post(f"{one.url}/v1/webhook/secret", trust_env=False).json()["secret"]
        made: set[str] = set()
        for number in range(DOCUMENTS):
            if number % (DOCUMENTS // KILLS) == 5:
                receiver.hold.clear()
                time.sleep(0.7)
                victim = (one, other)[number % 2]
                victim.kill()
                receiver.hold.set()
                victim.start()
            body = {"schema": "contact", "document": {"text": f"document {number}"}, "webhook": {"url": receiver.url}}
            answer = httpx.post(f"{other.url}/v1/extractions", json=body, trust_env=False, timeout=20)
            assert answer.status_code == 202, answer.text
            made.add(answer.json()["id"])

        def waiting() -> int:
            return int(httpx.get(f"{one.url}/v1/webhook", trust_env=False, timeout=20).json()["waiting"])

        assert wait_until(lambda: len({hook.id for hook in receiver.received}) >= DOCUMENTS and waiting() == 0, 300)
        told = Counter(hook.id for hook in receiver.received)
        assert set(told) == {f"msg_{id}" for id in made}
        assert all(hook.is_signed_with(secret) for hook in receiver.received)
        assert {hook.message["type"] for hook in receiver.received} == {"extraction.succeeded"}
        undelivered = httpx.get(f"{one.url}/v1/webhook/undelivered", trust_env=False).json()["data"]
        assert undelivered == []
    print(f"{KILLS} kills: {len(made)} of {len(made)} told, {told.total() - len(made)} of them again")
