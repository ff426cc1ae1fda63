"""The embedded store: who may come in, what they may do there, and what others of the machine see of it. All of it on
the real server."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from extractor.service import valkey
from extractor.service.private_files import private_folder, takes_socket, write_secret
from extractor.service.valkey import EmbeddedError, EmbeddedValkey
from tests.support.served import wait_until
from tests.support.valkey import Valkey
from workers.config import WorkerSettings
from workers.ledger.ledger import Ledger, NewJob
from workers.queue.publish import JobQueue

REFUSED = [
    "CONFIG GET *", "CONFIG SET dir /tmp", "DEBUG SLEEP 0", "MODULE LIST", "SAVE", "BGSAVE", "SHUTDOWN NOSAVE",
    "FLUSHALL", "FLUSHDB", "KEYS *", "MONITOR", "ACL LIST", "ACL SETUSER x", "CLIENT LIST", "CLIENT KILL TYPE normal",
    "CLIENT PAUSE 1", "REPLICAOF 127.0.0.1 1", "PSYNC ? -1", "RESTORE a 0 b", "SORT a", "SWAPDB 0 1", "SLOWLOG GET",
    "LATENCY DOCTOR", "SCRIPT FLUSH", "FUNCTION LIST", "FUNCTION FLUSH", "FAILOVER",
]  # fmt: skip


COMMAND_LOGS = ("slowlog-log-slower-than", "commandlog-request-larger-than", "commandlog-reply-larger-than")
SAID: list[str] = []  # what the store of this file printed


def password_of(store: EmbeddedValkey) -> str:
    return urlsplit(store.url).password or ""


def running(folder: Path, log: list[str] | None = None) -> EmbeddedValkey:
    store = EmbeddedValkey(folder, lambda _, line: None if log is None else log.append(line))
    store.start()
    return store


@pytest.fixture(scope="module")
def store() -> Iterator[EmbeddedValkey]:
    with tempfile.TemporaryDirectory() as folder:
        started = running(Path(folder) / "a data folder", SAID)
        yield started
        started.stop()


def test_it_listens_on_a_socket_of_its_owner_and_on_no_port(store: EmbeddedValkey) -> None:
    assert store.socket is not None
    assert store.child is not None
    assert store.socket.name == "socket"
    assert stat.S_IMODE(store.socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(store.socket.parent.stat().st_mode) == 0o700
    assert not psutil.Process(store.child.pid).net_connections(kind="inet")


def test_who_has_no_password_gets_nothing(store: EmbeddedValkey) -> None:
    path = os.fspath(store.socket or "")
    with redis.Redis(unix_socket_path=path, retry=None) as client, pytest.raises(AuthenticationError):
        client.ping()
    with (
        redis.Redis(unix_socket_path=path, password="guessed", retry=None) as client,
        pytest.raises(AuthenticationError),
    ):
        client.ping()
    with redis.Redis.from_url(store.url) as client:
        assert client.ping()


def test_the_password_is_in_a_file_of_its_owner_and_nowhere_else(store: EmbeddedValkey) -> None:
    secret = password_of(store)
    assert store.socket is not None
    assert store.child is not None
    file = store.socket.parent / "password"
    assert file.read_text() == secret
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(secret) > 40
    for name in ("cmdline", "environ"):
        assert secret.encode() not in Path(f"/proc/{store.child.pid}/{name}").read_bytes()
    assert secret not in "".join(SAID)
    for other in [path for path in file.parent.rglob("*") if path.is_file() and path != file]:
        assert secret.encode() not in other.read_bytes(), other


@pytest.mark.parametrize("words", REFUSED)
def test_the_service_cannot_reach_into_the_server(store: EmbeddedValkey, words: str) -> None:
    with redis.Redis.from_url(store.url) as client, pytest.raises((NoPermissionError, ResponseError)) as refused:
        client.execute_command(*words.split())
    assert isinstance(refused.value, NoPermissionError) or "not allowed" in str(refused.value)


def test_scripts_have_no_more_rights(store: EmbeddedValkey) -> None:
    with redis.Redis.from_url(store.url) as client, pytest.raises(ResponseError):
        client.eval("return redis.call('KEYS', '*')", 0)


def test_ledger_and_queue_go_over_the_socket(store: EmbeddedValkey) -> None:
    settings = WorkerSettings(redis_url=store.url)
    queue = JobQueue(settings)
    with Ledger(settings=settings) as ledger:
        job = ledger.run(ledger.jobs.create("acme", NewJob("invoice@1", b"text"))).job_id
        queue.publish("acme", job, "bulk")
        assert queue.waiting()["bulk"] == 1
    queue.close()


def test_the_queue_takes_the_database_of_the_address(store: EmbeddedValkey) -> None:
    other = store.url.replace("db=0", "db=3")
    queue = JobQueue(WorkerSettings(redis_url=store.url, broker_url=other))
    queue.publish("acme", "1" * 32, "interactive")
    with redis.Redis.from_url(other) as client:
        assert client.llen("extractor.interactive") == 1
    queue.close()


def test_a_store_that_died_comes_back_as_it_was(tmp_path: Path) -> None:
    """The socket that a SIGKILL leaves is in nobody's way, and clients need no new address."""
    store = running(tmp_path)
    try:
        with redis.Redis.from_url(store.url) as client:
            client.set("kept", "yes")
            client.execute_command("WAITAOF", 1, 0, 5000)
            before = store.url
            assert store.child is not None
            store.child.kill()
            assert store.socket is not None
            assert store.socket.exists(), "a dead server's"
            store.start()
            assert store.url == before
            assert client.get("kept") == b"yes"
    finally:
        store.stop()


def test_a_new_service_has_a_new_password_and_the_old_data(tmp_path: Path) -> None:
    """Also over what a killed one left: its socket, its password, folders that were open to others."""
    first = running(tmp_path)
    with redis.Redis.from_url(first.url) as client:
        client.set("kept", "yes")
    old = password_of(first)
    first.stop()
    assert not (tmp_path / "password").exists()
    assert not (tmp_path / "socket").exists()
    (tmp_path / "password").write_text(old)
    (tmp_path / "password").chmod(0o644)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(os.fspath(tmp_path / "socket"))
    tmp_path.chmod(0o755)
    second = running(tmp_path)
    try:
        assert password_of(second) != old
        assert stat.S_IMODE((tmp_path / "password").stat().st_mode) == 0o600
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700
        with redis.Redis.from_url(second.url) as client:
            assert client.get("kept") == b"yes"
    finally:
        second.stop()


def test_an_odd_folder(tmp_path: Path) -> None:  # a short name: a socket's path has 107 bytes at most
    folder = tmp_path / "ein Ordner: 100% \"q\" ? # & 'ü'"
    store = running(folder)
    try:
        assert store.socket == folder / "socket"
        with Ledger(settings=WorkerSettings(redis_url=store.url)) as ledger:
            ledger.run(ledger.jobs.create("acme", NewJob("invoice@1", b"text")))
        queue = JobQueue(WorkerSettings(redis_url=store.url))
        assert queue.waiting() == {"interactive": 0, "bulk": 0}
        queue.close()
    finally:
        store.stop()
    assert list(folder.glob("appendonlydir/*.aof"))


def test_among_temporary_files_nothing_is_made_that_is_not_needed_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(temporary))
    store = running(tmp_path / "short")
    assert not list(temporary.iterdir())
    store.stop()
    store = EmbeddedValkey(tmp_path / ("d" * 120), print, directives=["no-such-directive yes"])
    with pytest.raises(EmbeddedError):  # the server does not take its configuration
        store.start()
    store.stop()
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("name", ["d" * 120, "caf\udce9"], ids=["long", "no UTF-8"])
def test_a_folder_that_no_socket_fits_into_has_one_elsewhere(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    store = running(folder)
    try:
        assert store.socket is not None
        elsewhere = store.socket.parent
        assert elsewhere.parent == Path(tempfile.gettempdir())
        assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o700
        with redis.Redis.from_url(store.url) as client:
            assert client.ping()
    finally:
        store.stop()
    assert list(folder.glob("appendonlydir/*.aof"))
    assert not elsewhere.exists()


def test_where_no_folder_takes_a_socket_it_is_loopback_with_the_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("t" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(long))
    log: list[str] = []
    store = running(tmp_path / ("d" * 100), log)
    try:
        assert store.socket is None
        assert store.child is not None
        assert any("127.0.0.1" in line for line in log)
        assert password_of(store) not in "".join(log)
        assert {at.laddr.ip for at in psutil.Process(store.child.pid).net_connections(kind="inet")} == {"127.0.0.1"}
        with redis.Redis(port=store.port, retry=None) as stranger, pytest.raises(AuthenticationError):
            stranger.ping()
        with Ledger(settings=WorkerSettings(redis_url=store.url)) as ledger:
            ledger.run(ledger.jobs.create("acme", NewJob("invoice@1", b"text")))
        assert (tmp_path / ("d" * 100) / "password").read_text() == password_of(store)
        assert not list(long.iterdir())
    finally:
        store.stop()


def test_a_name_that_another_took_first_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder of temporary files anybody may lay a link where ours would be."""
    monkeypatch.setattr(tempfile, "tempdir", os.fspath(tmp_path))
    folder = tmp_path / ("d" * 120)
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    trap = tmp_path / "trap"
    trap.mkdir()
    (tmp_path / f"extractor-{os.geteuid()}-{digest}").symlink_to(trap)
    store = running(folder)
    try:
        assert store.socket is None
        assert not list(trap.iterdir())
    finally:
        store.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can lay a file of another user")
def test_another_users_folder_is_not_private(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, 12345, 12345)
    assert not private_folder(theirs)


def test_what_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedError, match="EXTRACTOR_DATA_DIR"):
        EmbeddedValkey(tmp_path / "file", lambda *_: None).start()
    assert not private_folder(tmp_path / "file")
    assert not takes_socket(tmp_path / "file" / "socket")


def test_a_secret_is_never_readable_for_a_moment(tmp_path: Path) -> None:
    """Nor written through a link that somebody laid there."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("theirs")
    (tmp_path / "secret").symlink_to(elsewhere)
    before = os.umask(0)
    try:
        write_secret(tmp_path / "secret", "ours")
    finally:
        os.umask(before)
    assert elsewhere.read_text() == "theirs"
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_two_stores_never_share_a_folder(tmp_path: Path) -> None:
    first = EmbeddedValkey(tmp_path, lambda *_: None)
    first.start()
    try:
        with pytest.raises(EmbeddedError, match="Another `extractor up` uses"):
            EmbeddedValkey(tmp_path, lambda *_: None).start()
    finally:
        first.stop()


def test_the_embedded_store_is_what_reliability_asks_for(tmp_path: Path) -> None:
    with Valkey(tmp_path, aof=True, maxmemory="64mb") as store, store.client() as client:
        config = client.config_get("*")
    assert config["appendonly"] == "yes"
    assert config["appendfsync"] == "everysec"
    assert config["maxmemory-policy"] == "noeviction"
    assert {config[name] for name in COMMAND_LOGS} == {"-1"}, "they would hold documents"
    assert config["maxmemory"] == str(64 * 1024 * 1024)
    assert config["port"] == "0"


def test_a_store_that_reads_its_data_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long it takes, and no longer than that."""
    monkeypatch.setattr(valkey, "_START_S", 0.3)
    until = time.monotonic() + 1.5
    store = EmbeddedValkey(tmp_path, lambda *_: None)
    ping = store._ping
    monkeypatch.setattr(store, "_ping", lambda: valkey._LOADING if time.monotonic() < until else ping())
    store.start()
    store.stop()
    assert time.monotonic() > until
    asked = EmbeddedValkey(tmp_path, lambda *_: None)
    monkeypatch.setattr(asked, "_ping", lambda: valkey._LOADING)
    with pytest.raises(EmbeddedError):
        asked.start(lambda: True)
    asked.stop()
    silent = EmbeddedValkey(tmp_path, lambda *_: None)
    monkeypatch.setattr(silent, "_ping", lambda: None)
    with pytest.raises(EmbeddedError, match="did not start"):
        silent.start()
    silent.stop()


def test_it_answers_while_it_works_whatever_it_says(tmp_path: Path) -> None:
    """Full, or kept busy by a script; one that is stopped does not, and one that goes on does."""
    with Valkey(tmp_path) as valkey, valkey.client() as client:
        store = valkey._store
        assert store.answers()
        client.config_set("busy-reply-threshold", 10)
        with redis.Redis.from_url(valkey.url) as other:

            def work() -> None:
                with pytest.raises(ResponseError):
                    other.eval("while true do end", 0)

            working = threading.Thread(target=work)
            working.start()
            assert wait_until(lambda: b"BUSY" in (store._ping() or b""), 10)
            assert store.answers()
            client.script_kill()
            working.join()
        client.config_set("maxclients", 1)
        assert store.answers(), "it ends the connection, or says that it is full"
        client.config_set("maxclients", 100)
        valkey.freeze()
        assert not store.answers()
        assert not store.silent(), "not for long enough"
        store._heard_at -= 60
        assert re.fullmatch(r"store has not answered for \d+ s", store.silent())
        valkey.thaw()
        assert wait_until(store.answers, 10)
        assert not store.silent()


def test_a_stopped_store_ends_in_order_and_keeps_all(tmp_path: Path) -> None:
    store = running(tmp_path)
    try:
        with redis.Redis.from_url(store.url) as client:
            client.set("kept", "yes")
            assert store.child is not None
            os.kill(store.child.pid, signal.SIGSTOP)
            assert store.child.end(20.0) == 0, "it was not killed"
            store.start()
            assert client.get("kept") == b"yes"
    finally:
        store.stop()
