"""How many processors a container may use. Libraries count those of the machine, and their threads would then wait for
each other."""

from __future__ import annotations

from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")  # version 2; a container sees its own


def cpu_quota(cgroup: Path = _CGROUP) -> int | None:
    """Whole processors, at least one. None where there is no limit, or none is told."""
    try:
        limit, period = (cgroup / "cpu.max").read_text().split()
        return max(1, int(limit) // int(period))
    except (OSError, ValueError):  # "max" is no number
        return None
