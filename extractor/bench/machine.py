"""The machine a figure was measured on, without its name, and the memory a run has used."""

from __future__ import annotations

import platform
import resource

import torch


def machine() -> str:
    """The kind of machine, without its name."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name(0)
    try:
        with open("/proc/cpuinfo") as lines:  # noqa: PTH123 -- a pseudo-file
            model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    threads = torch.get_num_threads()
    return f"{model}, {threads} thread{'s' if threads > 1 else ''}"


def peak_memory() -> int:
    """Of the process so far: device memory on a GPU, resident memory on a CPU."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
