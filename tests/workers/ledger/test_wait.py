"""Waiting for a job from the API's event loop: prompt on a change, patient without one, robust to lost news."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.ledger_support import new
from tests.support.valkey import Valkey
from workers.config import WorkerSettings
from workers.ledger.ledger import AsyncLedger, Claim, Ledger
from workers.ledger.progress import ReadingProgress

T = "acme"
LONG_S = 3600.0  # longer than any test: what ends before was woken
SOON_S = 60.0  # what a busy machine may take to be told


@asynccontextmanager
async def both(valkey: Valkey, tick_s: float = LONG_S) -> AsyncIterator[tuple[AsyncLedger, Ledger]]:
    """The API's ledger, whose slow tick is too slow to be what a test sees, and a worker's."""
    settings = WorkerSettings(redis_url=valkey.url, wait_tick_s=tick_s, lease_s=60)
    async with AsyncLedger(settings=settings) as api:
        with Ledger(settings=settings) as worker:
            yield api, worker


def claim(ledger: Ledger, job_id: str) -> None:
    assert isinstance(ledger.run(ledger.jobs.claim(T, job_id, "w")), Claim)


def test_the_async_door_does_what_the_other_does(valkey: Valkey) -> None:
    async def story() -> None:
        async with both(valkey) as (api, worker):
            created = await api.run(api.jobs.create(T, new(), "k", "h"))
            assert (await api.run(api.jobs.create(T, new(), "k", "h"))).existing
            assert await api.run(api.jobs.get(T, created.job_id)) == worker.run(worker.jobs.get(T, created.job_id))
            assert (await api.run(api.jobs.list(T, limit=1))).jobs == worker.run(worker.jobs.list(T, limit=1)).jobs
            assert await api.run(api.jobs.counts(T)) == worker.run(worker.jobs.counts(T))
            assert await api.run(api.upkeep.tenants()) == (T,)
            assert await api.run(api.workers.alive()) == ()
            assert await api.run(api.jobs.cancel(T, created.job_id)) == "cancelled"
            assert await api.run(api.jobs.delete(T, created.job_id))
            assert await api.run(api.jobs.get(T, created.job_id)) is None

    asyncio.run(story())


def test_waiting_ends_with_the_job(valkey: Valkey) -> None:
    async def story() -> None:
        async with both(valkey) as (api, worker):
            ids = [(await api.run(api.jobs.create(T, new()))).job_id for _ in range(50)]
            waiting = [asyncio.create_task(api.wait(T, job_id, LONG_S)) for job_id in ids]
            await asyncio.sleep(0.2)
            for job_id in ids:
                claim(worker, job_id)
            await asyncio.sleep(0.1)
            assert not any(task.done() for task in waiting), "running is not the end"
            for job_id in ids:
                worker.run(worker.jobs.succeed(T, job_id, 1, {"data": job_id}))
            jobs = await asyncio.wait_for(asyncio.gather(*waiting), SOON_S)
            assert [job.result for job in jobs if job] == [{"data": job_id} for job_id in ids]

    asyncio.run(story())


def test_who_watches_is_told_how_far_it_is(valkey: Valkey) -> None:
    async def story() -> None:
        async with both(valkey) as (api, worker):
            job_id = (await api.run(api.jobs.create(T, new()))).job_id
            claim(worker, job_id)
            seen: list[ReadingProgress | None] = []
            async for job in api.watch(T, job_id):
                seen.append(job.progress)
                if not job.done and len(seen) < 4:
                    worker.run(worker.jobs.progress(T, job_id, 1, ReadingProgress(len(seen), 3, "windows")))
                elif not job.done:
                    worker.run(worker.jobs.succeed(T, job_id, 1, {}))
            assert seen == [None, *(ReadingProgress(done, 3, "windows") for done in (1, 2, 3)), None]

    asyncio.run(asyncio.wait_for(story(), SOON_S))


def test_a_job_that_ends_soon_is_told(valkey: Valkey) -> None:
    """While the subscription begins, or while the state before is read: a tenth of these waited for the slow look."""

    async def story(pause_s: float) -> None:
        async with both(valkey) as (api, worker):
            job_id = (await api.run(api.jobs.create(T, new()))).job_id
            waiting = asyncio.create_task(api.wait(T, job_id, LONG_S))
            await asyncio.sleep(pause_s)
            await asyncio.to_thread(claim, worker, job_id)
            await asyncio.to_thread(worker.run, worker.jobs.succeed(T, job_id, 1, {"data": 1}))
            await asyncio.wait_for(waiting, SOON_S)

    for number in range(60):
        asyncio.run(story(number % 6 / 1000))


def test_waiting_gives_up_in_time(valkey: Valkey) -> None:
    async def story() -> None:
        async with both(valkey) as (api, _):
            job_id = (await api.run(api.jobs.create(T, new()))).job_id
            began = time.monotonic()
            job = await api.wait(T, job_id, 0.3)
            assert job is not None
            assert job.status == "queued"
            assert time.monotonic() - began > 0.29
            assert await api.wait("other", job_id, 10) is None, "a foreign job is not waited for"
            assert await api.wait(T, "nonsense", 10) is None

    asyncio.run(story())


def test_a_job_erased_meanwhile_ends_the_wait(valkey: Valkey) -> None:
    async def story() -> None:
        async with both(valkey) as (api, worker):
            job_id = (await api.run(api.jobs.create(T, new()))).job_id
            waiting = asyncio.create_task(api.wait(T, job_id, LONG_S))
            await asyncio.sleep(0.2)
            worker.run(worker.jobs.delete(T, job_id))
            assert await asyncio.wait_for(waiting, SOON_S) is None

    asyncio.run(story())


def test_watching_tells_of_every_change(valkey: Valkey) -> None:
    async def story() -> None:
        async with both(valkey) as (api, worker):
            job_id = (await api.run(api.jobs.create(T, new()))).job_id
            seen = []

            async def watch() -> None:
                async for job in api.watch(T, job_id):
                    seen.append((job.status, job.attempt, job.cancel_requested))

            async def has(count: int) -> None:
                async with asyncio.timeout(SOON_S):
                    while len(seen) < count:
                        await asyncio.sleep(0.01)

            watching = asyncio.create_task(watch())
            await has(1)
            claim(worker, job_id)
            await has(2)
            worker.run(worker.jobs.release(T, job_id, 1, detail="", counts=False))
            await has(3)
            claim(worker, job_id)
            await has(4)
            worker.run(worker.jobs.cancel(T, job_id))
            await has(5)
            worker.run(worker.jobs.cancelled(T, job_id, 2))
            await asyncio.wait_for(watching, SOON_S)
            assert seen == [
                ("queued", 0, False),
                ("running", 1, False),
                ("queued", 1, False),
                ("running", 2, False),
                ("running", 2, True),
                ("cancelled", 2, False),
            ]

    asyncio.run(story())


def test_a_lost_notification_costs_a_tick(valkey: Valkey) -> None:
    async def story() -> None:
        async with both(valkey, tick_s=0.3) as (api, worker):
            job_id = (await api.run(api.jobs.create(T, new()))).job_id
            waiting = asyncio.create_task(api.wait(T, job_id, LONG_S))
            await asyncio.sleep(0.1)
            with valkey.client() as client:
                for entry in client.client_list(_type="pubsub"):
                    client.client_kill(entry["addr"])
                worker.run(worker.jobs.cancel(T, job_id))  # said to nobody
            job = await asyncio.wait_for(waiting, SOON_S)
            assert job is not None
            assert job.status == "cancelled"

    asyncio.run(story())


def test_a_cut_subscription_is_made_again(valkey: Valkey) -> None:
    async def story() -> None:
        async with both(valkey) as (api, worker):
            job_id = (await api.run(api.jobs.create(T, new()))).job_id
            waiting = asyncio.create_task(api.wait(T, job_id, LONG_S))
            await asyncio.sleep(0.2)
            with valkey.client() as client:
                for entry in client.client_list(_type="pubsub"):
                    client.client_kill(entry["addr"])
            await asyncio.sleep(1.5)
            worker.run(worker.jobs.cancel(T, job_id))
            await asyncio.wait_for(waiting, SOON_S)

    asyncio.run(story())
