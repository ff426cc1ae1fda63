"""The table of the API's calls, of the OpenAPI document of a running service: `python -m extractor.lab.pages.calls`.
The service is the one at EXTRACTOR_URL."""

from __future__ import annotations

import os
import re

import httpx


def main() -> None:
    base = os.environ.get("EXTRACTOR_URL", "http://localhost:8000")
    described = httpx.get(f"{base}/openapi.json", trust_env=False, timeout=30).raise_for_status().json()
    print("| call | what it does |\n| --- | --- |")
    for path, calls in described["paths"].items():
        for method, call in calls.items():
            description = " ".join(call["description"].split())
            print(f"| `{method.upper()} {path}` | {re.split(r'(?<=[.]) ', description)[0].rstrip('.')} |")


if __name__ == "__main__":
    main()
