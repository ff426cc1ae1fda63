"""What a sandboxed child may use, and how the kernel holds it to that."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass

from extractor.sandbox.network import close_network

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_OPEN_FILES = 256
_REPLY_BYTES = 256 * 1024**2


@dataclass(frozen=True)
class SandboxLimits:
    """Of one call. `memory_bytes` is address space beyond what the zygote has; `nice` is added to the priority of the
    whole sandbox, so that a trial yields to the documents that are being read."""

    cpu_s: float = 5.0
    wall_s: float = 10.0
    memory_bytes: int = 1024**3
    reply_bytes: int = _REPLY_BYTES
    nice: int = 0
    reuse: int = 1  # calls one child may serve: more than one only where callers may share a process


def confine_zygote(nice: int) -> None:
    """Before anything is imported: what every child inherits. Each part is left out where the kernel has no such thing
    or does not allow it."""
    _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    with suppress(OSError):
        os.nice(nice)
    if _LIBC.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:  # a network with no way out; the user only to be allowed to
        _LIBC.unshare(_CLONE_NEWNET)
    close_network()  # containers seldom allow the one above


def confine_child(limits: SandboxLimits) -> None:
    """In a fresh child, before it hears of its work. Files: read only where Python and its libraries lie."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    _hard(resource.RLIMIT_CORE, 0)
    _hard(resource.RLIMIT_FSIZE, 0)
    _hard(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _hard(resource.RLIMIT_AS, _address_space() + limits.memory_bytes)
    for number in (signal.SIGALRM, signal.SIGXCPU):  # by the kernel, also in the middle of native code
        signal.signal(number, signal.SIG_DFL)


def begin_call(limits: SandboxLimits, wall_s: float) -> None:
    """From now on this call's clocks run."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = used.ru_utime + used.ru_stime + limits.cpu_s
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (max(1, round(cpu_s + 0.5)), hard))
    signal.setitimer(signal.ITIMER_REAL, max(wall_s, 0.001))


def more_cpu(seconds: float) -> None:
    """For a call that has got somewhere: its processor time is longer by so much, rounded to a second."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_CPU, (soft + max(1, round(seconds)), hard))


def end_call() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.0)


def readable_paths() -> list[str]:
    """Where code and what it needs to run lie; no home, no documents, no settings."""
    own = [sys.prefix, sys.base_prefix, *(path for path in sys.path if path)]
    return [path for path in dict.fromkeys([*own, "/usr", "/lib", "/lib64", "/etc", "/proc", "/dev"]) if _exists(path)]


def _exists(path: str) -> bool:
    with suppress(OSError):
        return os.path.exists(path)  # noqa: PTH110 - asked of strings of sys.path, which may be anything
    return False


def _hard(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (bound, bound))


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as pages:  # noqa: PTH123 - in a child that is to stay small
        return int(pages.read().split()[0]) * resource.getpagesize()
