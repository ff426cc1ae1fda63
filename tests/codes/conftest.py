"""One service for all codes: the API as a process, a real store, a real worker whose engine writes what a case says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from extractor.client import Client
from tests.support.fleet import Fleet
from tests.support.served import TENANT, Api
from tests.support.valkey import Valkey
from workers.ledger.ledger import Ledger, NewJob

WAIT_S = 100
SCHEMAS = "tests.support.window_engine"
READER = {
    "EXTRACTOR_SCHEMAS": SCHEMAS, "EXTRACTOR_CONTEXT": "2048", "EXTRACTOR_EXAMPLES": "0", "EXTRACTOR_MAX_WINDOWS": "16",
}  # fmt: skip


@dataclass(frozen=True)
class Caller:
    """Somebody who sends a document and waits for its end."""

    http: httpx.Client
    client: Client
    fleet: Fleet

    def ended(self, body: dict[str, Any]) -> dict[str, Any]:
        """The extraction; of one that takes long, as a later call has it."""
        answer = self.http.post("/v1/extractions", json=body, headers={"Prefer": "wait=60"})
        assert answer.status_code in (200, 202), answer.text
        return self.waited(answer.json()["id"])

    def waited(self, job_id: str) -> dict[str, Any]:
        self.client.wait(job_id, WAIT_S)
        return self.shown(job_id)

    def shown(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/v1/extractions/{job_id}").json()
        return found

    def entered(self, job: NewJob, **settings: Any) -> str:
        """A job that an API of another version or with other `settings` has taken: its id."""
        ledger = Ledger(settings=self.fleet.settings.model_copy(update=settings))
        try:
            created = ledger.run(ledger.jobs.create(TENANT, job, None, ""))
        finally:
            ledger.close()
        self.fleet.queue.publish(TENANT, created.job_id, job.priority)
        return created.job_id

    def listed(self, **query: str) -> dict[str, dict[str, Any]]:
        """What a list has, by id."""
        page = self.http.get("/v1/extractions", params={"limit": "100", **query}).json()
        return {one["id"]: one for one in page["data"]}


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    folder = tmp_path_factory.mktemp("codes")
    factory = {"extractor_factory": "tests.support.case_worker:make", "warm_up": False}
    with Valkey(folder / "valkey") as valkey, Fleet(valkey, folder, **factory) as fleet:
        fleet.environ = READER
        fleet.start(wait=False)
        with (
            Api(valkey, folder, schemas=SCHEMAS) as api,
            Client(api.url) as client,
            httpx.Client(base_url=api.url, timeout=120, trust_env=False) as http,
        ):
            yield Caller(http, client, fleet)
        assert "Traceback" not in fleet.logs()
