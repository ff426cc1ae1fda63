"""When a device gets to a point in its queue. The host queues a step on a GPU and goes on long before that is done."""

from __future__ import annotations

import time
from typing import Any

import torch


class DeviceEvent:
    """The end of what a device has been asked for when this is made. A CPU has always done it by then."""

    def __init__(self, device: torch.device) -> None:
        event: Any = torch.cuda.Event  # untyped
        self._event = event(enable_timing=True) if device.type == "cuda" else None
        if self._event:
            self._event.record()
        self.at = time.perf_counter()  # the host's time then, seconds

    def over(self) -> bool:
        """Whether a GPU is past it; False on a CPU, which does nothing beside the host."""
        return bool(self._event and self._event.query())

    def wait(self) -> None:
        """Wait until it is over."""
        if self._event:
            self._event.synchronize()

    def since(self, earlier: DeviceEvent) -> float:
        """Seconds from `earlier` to this one; waits until this one is over."""
        if self._event and earlier._event:
            self.wait()
            return float(earlier._event.elapsed_time(self._event)) / 1000
        return self.at - earlier.at
