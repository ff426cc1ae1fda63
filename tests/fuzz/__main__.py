"""`make fuzz`: schemathesis against a service as users start it, with the bundled pair behind it: every call of the
OpenAPI document, with a key, in rounds of other seeds until so many cases were sent. Prints what each round found.

Exit status 1 when an answer was a 5xx that means a fault, did not fit the document, or took what the document forbids.
What the document cannot say (that two members exclude each other, that a key was used before) is left to the tests:
`positive_data_acceptance` is not asked for. Errors are schemathesis' own: it has no way to send the document's example
of a batch."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from itertools import count
from pathlib import Path
from typing import Any

from api.keys.keys import NewKey, new_key
from extractor.service.plan import ServicePlan
from extractor.service.supervisor import Service

READY_S = 300.0
QUICK = {"EXTRACTOR_MAX_WAIT_S": "1", "EXTRACTOR_MAX_EVENTS_S": "1"}  # or most of the time is spent on waiting
# `/v1/schemas/{name}` takes a GET of a schema called `check`, which Allow of /v1/schemas/check says rightly.
SETTINGS = """
[[operations]]
include-path = "/v1/schemas/check"
checks.allow_header_conformance.enabled = false
"""


def main() -> int:
    asked = _arguments()
    os.nice(5)
    key, log = new_key("fuzz"), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = ServicePlan(port=0, data_dir=folder / "data", environ={**QUICK, "EXTRACTOR_API_KEYS": key.entry})
        with Service(plan, log.append) as service:
            service.wait_ready(READY_S)
            cases, found = 0, 0
            for seed in count(asked.seed):
                said, printed = _round(service.url, key, seed, asked.examples, folder)
                cases += said["test_cases"]["generated"]
                found += len(said["failures"])
                if said["failures"]:
                    print(printed)
                print(f"seed {seed}: {said['test_cases']}, {said['errors']}; {cases} cases so far", flush=True)
                if cases >= asked.cases:
                    break
    broke = [line for line in log if '"request broke"' in line]
    print("\n".join([f"{cases} cases; {found} findings; {len(broke)} requests broke", *broke[:20]]))
    return 1 if found or broke else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000, help="at least; a round is not cut")
    parser.add_argument("--examples", type=int, default=60, help="of a round, for each call and phase")
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    return parser.parse_args()


def _round(url: str, key: NewKey, seed: int, examples: int, folder: Path) -> tuple[dict[str, Any], str]:
    """Schemathesis' own report, and what it prints."""
    report, settings = folder / "report.json", folder / "schemathesis.toml"
    settings.write_text(SETTINGS)
    command = [
        Path(sys.executable).with_name("schemathesis"), "--config-file", settings, "run", f"{url}/openapi.json",
        "--header", f"Authorization: Bearer {key.key}", "--seed", str(seed), "--max-examples", str(examples),
        "--no-color", "--continue-on-failure", "--request-timeout", "60",
        "--exclude-checks", "positive_data_acceptance", "--suppress-health-check", "all",
        "--generation-database", "none", "--report", "json", "--report-json-path", report,
    ]  # fmt: skip
    environ = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks", "PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, cwd=folder)
    if not report.exists():
        raise RuntimeError(ended.stdout + ended.stderr)
    said: dict[str, Any] = json.loads(report.read_text())
    report.unlink()
    return said, ended.stdout


if __name__ == "__main__":
    sys.exit(main())
