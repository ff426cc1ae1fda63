"""What a person found when looking at an extraction: kept with it, listed, and erased with it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support.api_support import ANSWER, BODY, FakeWorker, is_problem

pytest_plugins = ["tests.support.api_fixtures"]
pytestmark = [pytest.mark.anyio, pytest.mark.process]
MARKED = {
    **ANSWER,
    "data": {"name": "Mina Okafor", "phones": [{"number": "1"}, {"number": "2"}], "a/b": None},
    "review": [{"pointer": "/name", "code": "low_confidence", "detail": "0.31", "severity": "low"}],
}


async def submitted(api: httpx.AsyncClient) -> str:
    return str((await api.post("/v1/extractions", json=BODY)).json()["id"])


async def put(api: httpx.AsyncClient, id: str, **fields: Any) -> httpx.Response:
    return await api.put(f"/v1/extractions/{id}/review", json=fields)


async def listed(api: httpx.AsyncClient, **query: str) -> list[str]:
    return [one["id"] for one in (await api.get("/v1/extractions", params=query)).json()["data"]]


async def test_a_marked_one_waits_for_its_review_and_then_no_more(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    clean, marked = await submitted(api), await submitted(api)
    worker.succeed(clean)
    worker.succeed(marked, result=MARKED, marked=True)
    assert await listed(api, review="open") == [marked]
    shown = (await api.get(f"/v1/extractions/{marked}")).json()
    assert (shown["needs_review"], shown["reviewed"]) == (True, None)

    answer = await put(api, marked, corrections={"/name": "M. Okafor", "/a~1b": 12.5}, confirmed=["/phones/1/number"])
    assert answer.status_code == 200, answer.text
    kept = answer.json()
    assert kept["result"]["data"] == MARKED["data"], "the answer stays as it was"
    assert kept["reviewed"]["corrections"] == {"/name": "M. Okafor", "/a~1b": 12.5}
    assert kept["reviewed"]["confirmed"] == ["/phones/1/number"]
    assert (await api.get(f"/v1/extractions/{marked}")).json() == kept
    assert await listed(api, review="open") == []
    assert await listed(api, review="done") == [marked]
    (summary, other) = (await api.get("/v1/extractions")).json()["data"]
    assert (summary["reviewed"], summary["needs_review"], other["reviewed"]) == (True, False, False)


async def test_a_second_review_takes_the_place_of_the_first(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    id = await submitted(api)
    worker.succeed(id, result=MARKED)
    await put(api, id, corrections={"/name": "x" * 5000})
    assert (await put(api, id, confirmed=["/name"])).json()["reviewed"]["corrections"] == {}
    held = worker.ledger.run(worker.ledger.jobs.counts("default"))["kept"]
    assert (await api.delete(f"/v1/extractions/{id}")).status_code == 204
    after = worker.ledger.run(worker.ledger.jobs.counts("default"))["kept"]
    assert held > 0
    assert after == 0, "what it took is given back"


async def test_a_failed_one_with_an_answer_can_be_reviewed(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    with_answer, without = await submitted(api), await submitted(api)
    error = {"code": "invalid_output", "detail": "no", "retryable": False, "errors": []}
    worker.fail(with_answer, {**error, "data": {"name": "x"}})
    worker.fail(without, error)
    assert await listed(api, review="open") == [with_answer]
    assert (await put(api, with_answer, corrections={"/name": "y"})).status_code == 200
    is_problem(await put(api, without, confirmed=[""]), 409, "no_answer")


async def test_what_leads_nowhere_is_refused(api: httpx.AsyncClient, worker: FakeWorker) -> None:
    id = await submitted(api)
    is_problem(await put(api, id, confirmed=["/name"]), 409, "not_finished")
    worker.succeed(id, result=MARKED)
    for wrong in ("/nam", "name", "/phones/2/number", "/phones/-1", "/name/0", "/phones/x"):
        is_problem(await put(api, id, confirmed=[wrong]), 422, "invalid_request", "/confirmed/0")
    is_problem(await put(api, id, corrections={"/no/where": 1}), 422, "invalid_request", "/corrections/~1no~1where")
    problem = is_problem(await put(api, id, corrections={"/name": "x" * 70_000}), 422, "invalid_request")
    assert problem["limit"] == {"name": "max_review_bytes", "value": 65536}
    is_problem(await put(api, id, verdict="fine"), 422, "invalid_request", "/verdict")
    is_problem(await put(api, "0" * 32, confirmed=[]), 404, "extraction_not_found")
    assert (await api.get(f"/v1/extractions/{id}")).json()["reviewed"] is None
