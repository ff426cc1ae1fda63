"""The process that children are forked from: `python -P -m extractor.sandbox.zygote FD`, started by forked.py.

It has one thread, imports the module it is told, and forks on demand; a child gets a stream of its own, serves its
calls on it and ends. Setting up may read files and settings; children no longer can.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import socket
import sys
import traceback
from contextlib import suppress
from typing import Any, NoReturn

import orjson

from extractor.sandbox import landlock, wire
from extractor.sandbox.errors import Rejected
from extractor.sandbox.limits import SandboxLimits, begin_call, confine_child, confine_zygote, end_call, readable_paths

_COMMAND_BYTES = 65_536
_MOST_REQUEST = 1024**3


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    for number in (signal.SIGINT, signal.SIGTERM):  # who stops us closes the control socket
        signal.signal(number, signal.SIG_IGN)
    message, descriptors, _, _ = socket.recv_fds(control, _COMMAND_BYTES, 1)
    order = orjson.loads(message)
    limits = SandboxLimits(**order["limits"])
    try:
        confine_zygote(limits.nice)
        gc.disable()  # what is imported is no garbage
        module = importlib.import_module(order["module"])
        if order["setup"] is not None:
            module.setup(order["setup"], *(_read(descriptor) for descriptor in descriptors))
    except Exception as error:
        failure = f"{type(error).__name__}: {error}"
        print(traceback.format_exc(), file=sys.stderr)
        control.send(orjson.dumps({"failed": failure[:2000]}))
        return
    gc.collect()
    gc.freeze()  # the collector of a child leaves the shared pages alone
    gc.enable()
    with suppress(ConnectionError):  # the parent is gone
        control.send(orjson.dumps({"ready": os.getpid()}))
        _serve_parent(control, module, limits)


def _read(descriptor: int) -> bytes:
    """From the start, wherever another who was handed the same file has read to."""
    blob = bytearray()
    while piece := os.pread(descriptor, 1024**2, len(blob)):
        blob += piece
    os.close(descriptor)
    return bytes(blob)


def _serve_parent(control: socket.socket, module: Any, limits: SandboxLimits) -> None:
    """Fork and reap until the parent is gone."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, _COMMAND_BYTES, 1)
        if not message:
            return
        command = orjson.loads(message)
        if command["do"] == "fork":
            if os.fork() == 0:
                control.close()
                _child(socket.socket(fileno=descriptors[0]), module, limits)
            os.close(descriptors[0])
        else:
            control.send(orjson.dumps({"status": _reap(command["pid"])}))


def _reap(pid: int) -> int:
    """What a child ended with: negative for a signal. One that runs on is killed; that does not change what one that
    was dying died of."""
    try:
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
    except (ProcessLookupError, ChildProcessError):
        return 0
    return os.waitstatus_to_exitcode(status)


def _child(stream: socket.socket, module: Any, limits: SandboxLimits) -> NoReturn:
    status = 1
    try:
        quiet = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):  # a library's warning may quote the document
            os.dup2(quiet, descriptor)
        os.close(quiet)
        confine_child(limits)
        landlock.read_only(readable_paths())
        wire.send(stream, {"pid": os.getpid()})
        for _ in range(limits.reuse):
            _serve(stream, module, limits)
        status = 0
    except EOFError:
        status = 0  # not needed any more
    finally:
        os._exit(status)


def _serve(stream: socket.socket, module: Any, limits: SandboxLimits) -> None:
    request, blobs = wire.receive(stream, _MOST_REQUEST)
    begin_call(limits, request["wall_s"])
    value: Any
    try:
        result = getattr(module, request["function"])(request["value"], blobs)
        value, out = result if isinstance(result, tuple) else (result, [])
        reply = {"value": value}
        orjson.dumps(reply)
    except Rejected as refusal:
        reply, out = {"refused": {"code": refusal.code, "detail": refusal.detail, "more": refusal.more}}, []
    except MemoryError:
        request = result = value = None  # room for what is still to be said
        reply, out = {"memory": True}, []
    except BaseException as error:
        reply, out = {"failed": _named(error)}, []
    blobs = []
    end_call()
    wire.send(stream, reply, out)


def _named(error: BaseException) -> str:
    """Its class and where it was raised; its text may quote what was read."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {os.path.basename(frame.filename)}:{frame.lineno}"  # noqa: PTH119


if __name__ == "__main__":
    main()
