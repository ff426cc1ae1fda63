"""A process gives up the network when it no longer needs one: seccomp(2), for all its threads at once (Linux 3.17).

A network namespace must be entered before there are threads, and a model has to be fetched before it runs."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import socket
import stat
import struct
from contextlib import suppress

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER, _ALL_THREADS = 1, 1

# By machine: seccomp(2) itself, its name of the architecture, socket(2), and the calls by which a process would come by
# a socket in another way: from a ring of its own, or out of another process (ptrace, its memory, its descriptors).
_MACHINES = {
    "x86_64": (317, 0xC000003E, 41, (425, 101, 310, 311, 438)),
    "aarch64": (277, 0xC00000B7, 198, (425, 117, 270, 271, 438)),
}
_X32 = 0x40000000  # a second set of numbers for the same calls, on x86_64

# struct seccomp_data: nr, arch, instruction_pointer, args[6]; and of its words the offsets.
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def close_network() -> bool:
    """From now on no thread of this process, nor a process it starts, makes a socket other than a Unix one, and those
    it had are closed. For good. False where the kernel or the machine knows no such thing: then nothing has changed."""
    known = _MACHINES.get(platform.machine())
    if known is None:
        return False
    seccomp, architecture, make_socket, others = known
    code = _filter(architecture, make_socket, others)
    memory = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.cast(memory, ctypes.c_void_p))
    _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if _LIBC.syscall(seccomp, _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(program)) != 0:
        return False
    _close_open_ones()
    return True


def _filter(architecture: int, make_socket: int, others: tuple[int, ...]) -> bytes:
    """In the kernel's BPF, whose jumps are counted from the next instruction. It ends: allow; is it a Unix socket?;
    allow; refuse."""
    checks = [make_socket, *others]
    code = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _REFUSE)]
    code += [(_LOAD, 0, 0, _NUMBER), (_AT_LEAST, len(checks) + 4, 0, _X32)]
    for index, number in enumerate(checks):
        left = len(checks) - 1 - index
        code.append((_EQUAL, left + 1 if number == make_socket else left + 4, 0, number))
    code += [(_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, _FIRST_ARGUMENT), (_EQUAL, 0, 1, socket.AF_UNIX)]
    code += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


def _close_open_ones() -> None:
    """Connections of a client that fetched something and keeps them. Their numbers go on to be valid, and lead nowhere:
    whoever holds one closes it again later."""
    nowhere = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode) and _family(int(name)) != socket.AF_UNIX:
                os.dup2(nowhere, int(name), inheritable=False)
    os.close(nowhere)


def _family(descriptor: int) -> int:
    with socket.socket(fileno=os.dup(descriptor)) as same:
        return same.family
