"""`make demo`: the service as `extractor up` runs it, on a free port and over a store of its own; each document of
samples/ POSTed over HTTP; what came back, where on its pages it stands, and what it took. Ends everything.

Exit code 0 when every document came to the end the service promises: JSON that validates, or what is wrong with the
model's answer. The bundled model is small, and an answer it gets wrong is shown as that, not as a broken demo."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from extractor.client import Client, ExtractionFailed, WaitTimeout
from extractor.drafters import DRAFTERS
from extractor.errors import ExtractorError
from extractor.processes.log_lines import LineFormat
from extractor.result import Known
from extractor.service.plan import ServicePlan
from extractor.service.supervisor import Service, line_in
from schemas.jsontext import written

SAMPLES = Path(__file__).parents[1] / "samples"
START_S = 600.0  # a first start may fetch a model from the hub
DOCUMENT_S = 180.0
_WRONG_ANSWERS = ("invalid_output", "truncated_output")


@dataclass(frozen=True)
class Sample:
    """A document and the schema its name says: `invoice-3.pdf` is an invoice, `purchase_order-2.eml` an order."""

    path: Path

    @property
    def schema(self) -> str:
        return self.path.stem.rsplit("-", 1)[0]


@dataclass
class Totals:
    """Sums over the documents."""

    documents: int = 0
    refused: int = 0  # the model's answer did not stand
    failed: int = 0  # anything else
    seconds: float = 0.0
    tokens: int = 0
    forwards: int = 0
    proposed: int = 0
    accepted: int = 0
    marked: int = 0  # for a person to look at

    def add(self, usage: dict[str, Any], seconds: float) -> None:
        self.documents += 1
        self.seconds += seconds
        self.tokens += usage["output_tokens"]
        self.forwards += usage["target_forwards"]
        self.proposed += sum(each["proposed"] for each in usage["drafts"].values())
        self.accepted += sum(each["accepted"] for each in usage["drafts"].values())


def samples(folder: Path = SAMPLES) -> list[Sample]:
    """By name. Raises FileNotFoundError where there are none."""
    found = [Sample(path) for path in sorted(folder.iterdir())]
    if not found:
        raise FileNotFoundError(folder)
    return found


def extract_all(client: Client, documents: Iterable[Sample]) -> Totals:
    """One after the other, each printed when it is there."""
    totals = Totals()
    for sample in documents:
        started = time.monotonic()
        print(f"\n{sample.path.name} → {sample.schema}")
        try:
            job = client.wait(client.submit(sample.path, sample.schema).id, DOCUMENT_S)
            if job.result is None:
                raise ExtractionFailed(job)
        except ExtractorError as error:
            if isinstance(error, WaitTimeout):
                client.cancel(error.job.id)  # the next one need not wait behind it
            totals.documents += 1
            wrong_answer = error.code in _WRONG_ANSWERS
            totals.refused += wrong_answer
            totals.failed += not wrong_answer
            print(f"  {'no valid answer' if wrong_answer else 'failed'}: {error.detail} ({error.code})")
            for place in error.errors:
                print(f"    {place.pointer}: {place.detail}")
            continue
        seconds = time.monotonic() - started
        totals.add(job.result["usage"], seconds)
        totals.marked += job.result["needs_review"]
        print(indented(job.data))
        print("".join(f"  {line}\n" for line in places(job.fields)), end="")
        print("".join(f"  to review: {one['pointer']} {one['detail']}\n" for one in job.result["review"]), end="")
        print(f"  {usage_line(job.result['usage'], seconds)}")
    return totals


def indented(data: Any) -> str:
    text = written(data, indent=True).decode()
    return "\n".join(f"  {line}" for line in text.splitlines())


def places(fields: dict[str, Known]) -> Iterator[str]:
    """`/total  1,024.80  order.pdf page 2 [0.71 0.40 0.78 0.41]`: where the values stand that have a box on a page."""
    for pointer, known in fields.items():
        for found in known["evidence"]:
            name = found["part"]["name"] if found["part"] else None
            boxes = " ".join(f"[{' '.join(f'{side:.2f}' for side in box)}]" for box in found["boxes"])
            if boxes:
                where = f"{name} page {found['page']}" if name else f"page {found['page']}"
                yield f"{pointer:<24} {found['text']:<24} {where} {boxes}"


def usage_line(usage: dict[str, Any], seconds: float) -> str:
    """`1.20 s · 210 tokens/s · 5.10 tokens per target forward · accepted grammar 30/31, copy 4/9, mtp 80/92`. The
    rate is of the extraction, the seconds of the whole way from POST to result."""
    tokens, forwards, took_s = usage["output_tokens"], usage["target_forwards"], usage["duration_s"]
    drafts = usage["drafts"]
    accepted = ", ".join(f"{name} {drafts[name]['accepted']}/{drafts[name]['proposed']}" for name in DRAFTERS)
    rate = tokens / took_s if took_s else 0.0
    per_forward = tokens / forwards if forwards else 0.0
    return f"{seconds:.2f} s · {rate:.0f} tokens/s · {per_forward:.2f} tokens per target forward · accepted {accepted}"


def total(totals: Totals) -> str:
    rate = totals.tokens / totals.seconds if totals.seconds else 0.0
    succeeded = totals.documents - totals.refused - totals.failed
    return (
        f"{succeeded} of {totals.documents} documents succeeded ({totals.marked} to review) in {totals.seconds:.1f} s: "
        f"{totals.tokens} tokens, {rate:.0f} tokens/s with everything, "
        f"{totals.tokens / max(1, totals.forwards):.2f} tokens per target forward, "
        f"{totals.accepted} of {totals.proposed} draft tokens accepted"
    )


def main() -> int:
    """Returns the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both end the service in order
    started = time.monotonic()
    log: list[str] = []
    plan = ServicePlan(port=0, redis_url=os.environ.get("EXTRACTOR_REDIS_URL") or None, worker_grace_s=10.0)
    print("Starting the store, the API and a worker ...", flush=True)
    try:
        documents = samples()
        with Service(plan, log.append, partial(line_in, LineFormat(text=True))) as service:
            service.wait_ready(START_S)
            print(f"Ready at {service.url} after {time.monotonic() - started:.1f} s.")
            with Client(service.url) as client:
                totals = extract_all(client, documents)
            print(f"\n{total(totals)}\nStopping ...", flush=True)
    except FileNotFoundError:
        print(f"There are no samples in {SAMPLES}", file=sys.stderr)
        return 1
    except ExtractorError as error:
        print("\n".join(log[-30:]), error.detail, sep="\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"Everything has ended. {time.monotonic() - started:.1f} s in all.")
    return 1 if totals.failed else 0


if __name__ == "__main__":
    sys.exit(main())
