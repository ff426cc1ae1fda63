"""What a worker says of itself with every heartbeat, and what others read of it; the operations on that as `Call`s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import orjson

from workers.config import WorkerSettings
from workers.ledger.keyspace import ROOT, ms
from workers.ledger.scripts import Call, script


@dataclass(frozen=True)
class WorkerInfo:
    """What a worker says of itself. `ready`: its model is loaded and has answered; `state` says where it stands
    (loading, ready, recovering, reconnecting, stopping) and `why`, where that needs a reason. `stats` are what it and
    its engine have counted since they started, `tokens_per_s` the output tokens since its last heartbeat. By `machine`
    and `born` (as extractor.processes.heartbeat has them) others of its machine can tell that it has ended before it is
    missed."""

    id: str
    host: str
    pid: int
    ready: bool
    state: str
    slots: int
    busy: int
    loaded_at: float | None
    model: dict[str, Any]
    started_at: float | None = None
    tokens_per_s: float = 0.0
    stats: dict[str, Any] = field(default_factory=dict)
    why: str = ""
    machine: str = ""
    born: int = 0
    age_s: float = 0.0

    @classmethod
    def of(cls, written: Mapping[str, Any], age_s: float) -> WorkerInfo:
        """What a worker of another version says and this one does not know is left out."""
        names = {one.name for one in fields(cls)}
        values = {name: value for name, value in written.items() if name in names}
        return cls(**{"stats": written.get("figures", {})} | values | {"age_s": age_s})  # `figures`: the old name


class WorkerCommands:
    """Under one set of settings."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._silent = ms(settings.heartbeat_ttl_s)

    def beat(self, info: WorkerInfo) -> Call[bool]:
        written = asdict(info)
        del written["age_s"]
        return Call(script("beat"), ROOT, (info.id, orjson.dumps(written, default=str), int(info.ready)), bool)

    def leave(self, worker: str) -> Call[bool]:
        return Call(script("beat"), ROOT, (worker, "", 0), bool)

    def alive(self) -> Call[tuple[WorkerInfo, ...]]:
        """Those whose last heartbeat is within `heartbeat_ttl_s`."""

        def decode(reply: Sequence[bytes]) -> tuple[WorkerInfo, ...]:
            return tuple(
                WorkerInfo.of(orjson.loads(written), int(age) / 1000)
                for age, written in zip(reply[::2], reply[1::2], strict=True)
            )

        return Call(script("workers"), ROOT, (self._silent,), decode)
