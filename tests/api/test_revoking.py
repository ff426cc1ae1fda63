"""Keys come and go in their file while the API runs: a process of its own, over a real socket. What somebody does with
a key ends with the key."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import pytest

from api.keys.key_file import KeyFile
from api.keys.keys import KeyConfigError, NewKey, new_key
from tests.support.api_support import BODY, is_problem
from tests.support.served import Api, wait_until
from tests.support.valkey import Valkey

ACME, GLOBEX, LATER = new_key("acme"), new_key("globex"), new_key("acme")
UNUSABLE = "the file of API keys cannot be used; the keys from before stay"
SOON_S = 60  # what a busy machine may take; a second where it is idle


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("revoking")
    file = folder / "keys"
    write(file, ACME, GLOBEX)
    with Valkey(folder / "valkey") as valkey, Api(valkey, folder, api_keys=file, max_wait_s=300) as one:
        yield one


@pytest.fixture
def file(api: Api) -> Path:
    """The running service's, with two keys."""
    path = Path(api.settings["EXTRACTOR_API_KEYS"])
    path.unlink(missing_ok=True)
    write(path, ACME, GLOBEX)
    assert wait_until(lambda: status(api, ACME) == 200 and status(api, LATER) == 401, SOON_S)
    return path


def write(path: Path, *made: NewKey) -> None:
    path.write_text("# who may ask\n" + "".join(f"{one.entry}\n" for one in made))


def client(api: Api, made: NewKey | None) -> httpx.Client:
    headers = {} if made is None else {"Authorization": f"Bearer {made.key}"}
    return httpx.Client(base_url=api.url, headers=headers, trust_env=False, timeout=400)


def status(api: Api, made: NewKey | None) -> int:
    with client(api, made) as http:
        return http.get("/v1/extractions").status_code


def said(api: Api, event: str) -> int:
    return api.log().count(f'"event": "{event}"')


def errors(api: Api) -> int:
    return api.log().count('"level": "error"')


def figure(api: Api, name: str) -> float:
    with client(api, None) as http:
        lines = dict(line.rsplit(" ", 1) for line in http.get("/metrics").text.splitlines() if line[0] != "#")
    return float(lines[name])


def typed(kind: str) -> dict[str, str]:
    return {"Content-Type": f"application/{kind}"}


def slow_upload(stop: threading.Event, first: bytes) -> Iterator[bytes]:
    """Bytes now and then: never whole, never silent."""
    yield first
    while not stop.wait(0.1):
        yield b" "


class TestRunningService:
    def test_a_key_comes_and_goes_and_what_was_done_with_it_ends(self, api: Api, file: Path) -> None:
        """A long poll and uploads by a problem, an event stream by its connection; the neighbour's go on."""
        before = errors(api)
        write(file, ACME, GLOBEX, LATER)
        assert wait_until(lambda: status(api, LATER) == 200, SOON_S)
        write(file, LATER, GLOBEX)
        assert wait_until(lambda: status(api, ACME) == 401, SOON_S)
        assert (status(api, LATER), status(api, GLOBEX)) == (200, 200)

        stop = threading.Event()
        line = b'{"schema": "contact", "document": {"text": "Ada"}}\n'
        with client(api, LATER) as http, client(api, GLOBEX) as theirs, ThreadPoolExecutor(8) as threads:
            path = http.post("/v1/extractions", json=BODY).headers["location"]
            foreign = theirs.post("/v1/extractions", json=BODY).headers["location"]
            waiting: dict[str, Future[httpx.Response]] = {
                "poll": threads.submit(http.get, f"{path}?wait=300"),
                "prefer": threads.submit(http.post, "/v1/extractions", json=BODY, headers={"Prefer": "wait=300"}),
                "body": threads.submit(
                    http.post, "/v1/extractions", content=slow_upload(stop, b"{"), headers=typed("json")
                ),
                "batch": threads.submit(
                    http.post, "/v1/batches", content=slow_upload(stop, line * 60), headers=typed("x-ndjson")
                ),
            }
            neighbour = threads.submit(theirs.get, f"{foreign}?wait=300")
            with http.stream("GET", f"{path}/events") as stream:
                lines = stream.iter_lines()
                assert next(lines) == "event: queued"
                with client(api, LATER) as asking:
                    assert wait_until(lambda: bool(asking.get("/v1/batches").json()["data"]), SOON_S)
                    (batch,) = asking.get("/v1/batches").json()["data"]
                write(file, GLOBEX)
                with pytest.raises(httpx.RemoteProtocolError):
                    list(lines)
            for kind, future in waiting.items():
                problem = is_problem(future.result(SOON_S), 401, "unauthorized")
                assert "revoked" in problem["detail"], kind
            stop.set()
            assert not neighbour.done(), "another's key is another's"
            theirs.post(f"{foreign}/cancel")
            assert neighbour.result(SOON_S).json()["status"] == "cancelled"

        write(file, GLOBEX, LATER)  # the tenant is the same, and so is what it had
        assert wait_until(lambda: status(api, LATER) == 200, SOON_S)
        with client(api, LATER) as http:
            assert http.get(path).json()["status"] == "queued", "what was accepted runs"
            cancelled = f"/v1/batches/{batch['id']}"
            assert wait_until(lambda: http.get(cancelled).json()["status"] == "cancelled", SOON_S), "nobody can go on"
        assert errors(api) == before
        assert ACME.key not in api.log()

    def test_what_cannot_be_used_changes_nothing_and_opens_nothing(self, api: Api, file: Path) -> None:
        """Gone, empty, broken: told once, and the keys from before stay. Then a file that names nobody: nobody."""
        good, before = file.read_text(), said(api, UNUSABLE)
        breaks: list[Callable[[], object]] = [
            file.unlink, lambda: file.write_text(""), lambda: file.write_text(f"{ACME.entry}\nglobex:12"),
        ]  # fmt: skip
        for number, break_it in enumerate(breaks, start=1):
            break_it()
            assert wait_until(partial(lambda n: said(api, UNUSABLE) == before + n, number), SOON_S)
            assert wait_until(lambda: figure(api, "extractor_api_keys_stale") == 1, SOON_S)
            assert (status(api, ACME), status(api, GLOBEX), status(api, LATER), status(api, None)) == (
                200,
                200,
                401,
                401,
            )
        file.write_text(good)
        assert wait_until(lambda: figure(api, "extractor_api_keys_stale") == 0, SOON_S)
        file.write_text("# nobody\n")
        assert wait_until(lambda: status(api, ACME) == 401, SOON_S)
        assert status(api, None) == 401, "this machine is let in without a key where the service began without keys"
        assert figure(api, "extractor_api_keys") == 0

    def test_links_that_are_swapped(self, api: Api, file: Path, tmp_path: Path) -> None:
        """As a Secret that is mounted as a folder changes: the name leads over a link to another folder."""
        for name, made in (("1", ACME), ("2", LATER)):
            (tmp_path / name).mkdir()
            write(tmp_path / name / "keys", made)
        (tmp_path / "data").symlink_to("1")
        file.unlink()
        file.symlink_to(tmp_path / "data" / "keys")
        assert wait_until(lambda: status(api, GLOBEX) == 401, SOON_S)
        assert (status(api, ACME), status(api, LATER)) == (200, 401)
        (tmp_path / "new").symlink_to("2")
        (tmp_path / "new").rename(tmp_path / "data")
        assert wait_until(lambda: status(api, ACME) == 401, SOON_S)
        assert status(api, LATER) == 200


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write(tmp_path / "keys", ACME, GLOBEX)
    return tmp_path / "keys"


class TestKeyFile:
    def test_a_file_counts_when_it_is_seen_twice(self, path: Path) -> None:
        """One that is being written is not acted on, however far it has come."""
        following = KeyFile(path)
        assert following.poll() is None
        for entries in (1, 2, 3):
            write(path, *(LATER, ACME, GLOBEX)[:entries])
            assert following.poll() is None, f"with {entries}"
        keys = following.poll()
        assert keys is not None
        assert keys is following.keys
        assert [entry.tenant for entry in keys.entries] == ["acme", "acme", "globex"]
        assert following.poll() is None

    def test_it_is_read_only_where_its_status_has_changed(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        following = KeyFile(path)
        following.poll(), following.poll()
        read: list[Path] = []
        monkeypatch.setattr("api.keys.key_file._content", lambda it: read.append(it) or it.read_bytes())
        assert following.poll() is None
        assert read == []
        os.utime(path)
        following.poll(), following.poll(), following.poll()
        assert len(read) == 1, "it says what it said before"

    @pytest.mark.parametrize(
        ("content", "why"),
        [(b"", "empty"), (b"acme", "entry 1"), (b"\xff\xfe\x00", "UTF-8"), (b"#" * (4 * 1024**2 + 1), "bytes")],
    )
    def test_what_is_wrong_is_told_and_the_keys_stay(self, path: Path, content: bytes, why: str) -> None:
        following = KeyFile(path)
        path.write_bytes(content)
        assert (following.poll(), following.fault) == (None, "")
        assert following.poll() is None
        assert why in following.fault
        assert following.keys.find(ACME.key)
        write(path, LATER)
        following.poll()
        assert following.poll() is following.keys
        assert following.fault == ""
        assert following.keys.find(ACME.key) is None

    def test_it_has_to_begin_with_keys(self, path: Path) -> None:
        path.write_text("# nobody\n")
        with pytest.raises(KeyConfigError):
            KeyFile(path)

    def test_entries_and_pipes_are_no_files_to_follow(self, path: Path) -> None:
        assert KeyFile.of_setting(ACME.entry) is None
        assert KeyFile.of_setting("") is None
        assert KeyFile.of_setting("/dev/null") is None
        assert KeyFile.of_setting(str(path)) is not None
