"""Of `/healthz` and `/readyz`."""

from __future__ import annotations

from typing import Any

JSON = dict[str, Any]

HEALTH: JSON = {"status": "ok", "version": "0.1.0"}
READY: JSON = {
    "status": "ready",
    "store": "ok",
    "workers": [
        {"id": "box:4242:9f1c", "pid": 4242, "ready": True, "state": "ready", "slots": 4, "busy": 1, "age_s": 1.2}
    ],
}
