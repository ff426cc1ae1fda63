"""The machine a figure was measured on, without its name, and the memory a run has used."""

from __future__ import annotations

import platform
import resource

import torch


def machine(device: torch.device) -> str:
    """The kind of `device`, on which the figure was measured."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        with open("/proc/cpuinfo") as lines:  # noqa: PTH123 -- a pseudo-file
            model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    threads = torch.get_num_threads()
    return f"{model}, {threads} thread{'s' if threads > 1 else ''}"


def peak_memory(device: torch.device) -> int:
    """Of the process so far: on a GPU the memory of all it uses (a model may be spread), on a CPU what is resident."""
    if device.type == "cuda":
        return sum(torch.cuda.max_memory_allocated(index) for index in range(torch.cuda.device_count()))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
