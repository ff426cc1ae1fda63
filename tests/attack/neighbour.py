"""The neighbour: an ordinary tenant's process, `python -m tests.attack.neighbour URL KEY`. It extracts an ordinary
document every half second and asks /healthz every tenth, until its standard input ends; then it prints one line of
JSON: seconds of each, and every answer that was not the one it should be."""

from __future__ import annotations

import json
import sys
import threading
import time

import httpx

TEXT = "Order number: SO-77120\nCarrier: DHL\nTracking number: JD0146002280\nShip date: 5 October 2026\nWeight: 11.4 kg"
EVERY_S, HEALTH_EVERY_S = 0.5, 0.1


class Neighbour:
    def __init__(self, url: str, key: str) -> None:
        headers = {"authorization": f"Bearer {key}"}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=90, trust_env=False)
        self._health = httpx.Client(base_url=url, timeout=30, trust_env=False)
        self.documents: list[float] = []
        self.health: list[float] = []
        self.wrong: list[str] = []

    def extract(self) -> None:
        began = time.monotonic()
        try:
            body = {"schema": "shipping_notice", "document": {"text": TEXT}}
            answer = self._http.post("/v1/extractions", json=body, headers={"prefer": "wait=60"})
            job = answer.json()
            while answer.is_success and job["status"] in ("queued", "running"):
                answer = self._http.get(f"/v1/extractions/{job['id']}", params={"wait": "30"})
                job = answer.json()
            if not answer.is_success:
                self.wrong.append(f"{answer.status_code} {job.get('code')}: {job.get('detail')}")
            elif job["status"] != "succeeded" or job["result"]["data"]["order_number"] != "SO-77120":
                self.wrong.append(f"{job['status']}: {(job['error'] or {}).get('detail')}")
        except httpx.HTTPError as error:
            self.wrong.append(repr(error))
        self.documents.append(time.monotonic() - began)

    def ask_health(self) -> None:
        began = time.monotonic()
        try:
            self._health.get("/healthz").raise_for_status()
        except httpx.HTTPError as error:
            self.wrong.append(f"healthz: {error!r}")
        self.health.append(time.monotonic() - began)


def main() -> None:
    neighbour, over = Neighbour(sys.argv[1], sys.argv[2]), threading.Event()

    def asking() -> None:
        while not over.wait(HEALTH_EVERY_S):
            neighbour.ask_health()

    def extracting() -> None:
        while not over.wait(EVERY_S):
            neighbour.extract()

    threads = [threading.Thread(target=each) for each in (asking, extracting)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()
    said = {"documents": neighbour.documents, "health": neighbour.health, "wrong": neighbour.wrong}
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
