"""A process without a network: what it can no longer do, in every thread, and what it still can."""

from __future__ import annotations

import errno
import json
import socket
import struct
import subprocess
import sys
import textwrap

import pytest

from extractor.sandbox import network

SCRIPT = """
    import json, os, queue, socket, subprocess, sys, threading
    from extractor.sandbox.network import close_network

    def tried(work):
        try:
            work()
            return "works"
        except OSError as error:
            return type(error).__name__

    asked, told = queue.Queue(), queue.Queue()
    def older():
        while True:
            told.put(tried(asked.get()))
    threading.Thread(target=older, daemon=True).start()  # before the network is closed

    listener = socket.create_server(("127.0.0.1", 0))
    near = socket.create_connection(listener.getsockname())
    far, _ = listener.accept()
    near.sendall(b"1")
    unix, other = socket.socketpair()
    closed = close_network()

    def fresh(family, kind=socket.SOCK_STREAM):
        return lambda: socket.socket(family, kind).close()

    def in_the_older_thread(work):
        asked.put(work)
        return told.get()

    def in_a_child():
        code = "import socket; socket.socket(socket.AF_INET)"
        if subprocess.run([sys.executable, "-c", code], stderr=subprocess.DEVNULL).returncode:
            raise PermissionError

    print(json.dumps({
        "closed": closed,
        "tcp": tried(fresh(socket.AF_INET)),
        "tcp6": tried(fresh(socket.AF_INET6)),
        "udp": tried(fresh(socket.AF_INET, socket.SOCK_DGRAM)),
        "packets": tried(fresh(socket.AF_PACKET, socket.SOCK_RAW)),
        "netlink": tried(fresh(socket.AF_NETLINK, socket.SOCK_RAW)),
        "name": tried(lambda: socket.create_connection(("example.org", 80))),
        "older thread": in_the_older_thread(fresh(socket.AF_INET)),
        "child": tried(in_a_child),
        "open connection": tried(lambda: near.sendall(b"2")),
        "open connection, reading": tried(lambda: far.recv(10)),
        "listener": tried(listener.accept),
        "unix": tried(fresh(socket.AF_UNIX)),
        "pair": tried(lambda: (unix.sendall(b"1"), other.recv(1))),
        "file": tried(lambda: open("/etc/hostname").close()),
        "process": tried(lambda: subprocess.run(["true"], check=True)),
    }))
"""


def test_the_network_is_gone_for_every_thread_and_the_rest_stays() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)], capture_output=True, text=True, timeout=60, check=True
    )
    said = json.loads(done.stdout)
    if not said["closed"]:
        pytest.skip("this kernel has no seccomp")
    works = {"unix", "pair", "file", "process"}
    assert {what for what, how in said.items() if how == "works"} == works
    refused = ("tcp", "tcp6", "udp", "packets", "netlink", "older thread", "child")
    assert {said[what] for what in refused} == {"PermissionError"}


def run(code: bytes, number: int, argument: int, architecture: int) -> str:
    """The kernel's side of the filter, as far as it is used."""
    program = [struct.unpack_from("HBBI", code, at) for at in range(0, len(code), 8)]
    data, loaded, at = {0: number, 4: architecture, 16: argument}, 0, 0
    while True:
        operation, yes, no, operand = program[at]
        at += 1
        match operation:
            case 0x20:
                loaded = data[operand]
            case 0x15:
                at += yes if loaded == operand else no
            case 0x35:
                at += yes if loaded >= operand else no
            case 0x06:
                return {0x7FFF0000: "allowed", 0x00050000 | errno.EPERM: "refused"}[operand]


@pytest.mark.parametrize("machine", network._MACHINES)
def test_the_filter_of_each_machine(machine: str) -> None:
    """Also of the one that this test does not run on."""
    _, architecture, make_socket, others = network._MACHINES[machine]
    code = network._filter(architecture, make_socket, others)
    families = {name: getattr(socket, name) for name in dir(socket) if name.startswith("AF_")}
    for name, family in families.items():
        expected = "allowed" if name == "AF_UNIX" else "refused"
        assert run(code, make_socket, int(family), architecture) == expected, name
    for number in range(600):
        if number != make_socket:
            assert run(code, number, 2, architecture) == ("refused" if number in others else "allowed"), number
    assert run(code, 0, 0, 0x40000003) == "refused", "calls of another architecture have other numbers"
    if machine == "x86_64":
        assert run(code, 0x40000000 + make_socket, socket.AF_UNIX, architecture) == "refused"
