"""A number's way from the model to the caller, by every door: what was written is what comes back."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, ConfigDict, field_validator
from structlog.testing import capture_logs

from extractor import Extractor, Options, Settings
from extractor.cli import batch as batch_command
from extractor.cli.app import main
from extractor.client import AsyncClient, Client, ExtractionFailed, Job, batches
from extractor.grammar.verdicts import Verdicts
from schemas.jsontext import Number, dumps, loads, read, written
from tests.support.scripted import ScriptedEngine, tokenizer
from tests.support.served import Api
from tests.support.valkey import Valkey
from workers.config import WorkerSettings
from workers.worker import tasks
from workers.worker.runtime import Runtime
from workers.worker.worker_extractor import WorkerExtractor

# As a model may write them, each in a place of its own.
NUMBERS = (
    "1250.00 123456789012.123456789 0.1 0.10 -0.00 -0 0 0.0000001 1E-7 1e5 1E+400 9007199254740993 2.50e1 100 -7.0 "
    "999999999999999.999999999 12345678901234567890123 0.30000000000000004"
).split()
ANSWER = '{"amount":%s,"list":[%s],"deep":{"rows":[{"a":1250.00,"b":null},{"a":-0.10,"b":3}]}}'
ROWS = {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "number"}, "b": {}}}}
PLAIN = {
    "type": "object",
    "properties": {
        "amount": {"type": "number"},
        "list": {"type": "array", "items": {"type": "number"}},
        "deep": {"type": "object", "properties": {"rows": ROWS}},
    },
    "required": ["amount"],
}


def answer(number: str) -> str:
    return ANSWER % (number, ",".join(NUMBERS))


class Row(BaseModel):
    a: Decimal
    b: int | None


class Deep(BaseModel):
    rows: list[Row]


class Bill(BaseModel):
    amount: Decimal
    list: list[Decimal]
    deep: Deep


BILL = '{"amount":123456789012.123456789,"list":[1250.00,0.10,-0.00,7,1E-7],"deep":{"rows":[{"a":2.50,"b":3}]}}'
DIGITS = ["123456789012.123456789", "1250.00", "0.10", "-0.00", "7", "1E-7", "2.50"]


def digits_of(bill: Any) -> list[str]:
    return [str(one) for one in (bill.amount, *bill.list, bill.deep.rows[0].a)]


# What numbers are read as


def test_text_comes_back_as_it_was_read() -> None:
    text = answer("-0")
    assert dumps(read(text)) == text
    assert written(read(text)).decode() == text
    assert dumps(read(dumps(read(text)))) == text
    pretty = written(read(text), indent=True).decode()
    assert "".join(pretty.split()) == text or "12345678901234567890123" in text  # past 64 bits nobody breaks lines
    assert dumps(loads('{"a":1E-7,"b":0.0000001,"c":1e3}')) == '{"a":0.0000001,"b":0.0000001,"c":1000}'
    far = [Decimal("1E+400"), Decimal("-0"), Decimal("1E-400")]
    assert list(map(str, loads(dumps(far)))) == list(map(str, far))


def test_a_number_is_a_float_that_knows_its_digits() -> None:
    (number, huge, zero) = read("[1250.00, 1e400, -0]")
    assert (number, str(number), repr(number), number.exact) == (1250.0, "1250.00", "1250.00", Decimal("1250.00"))
    assert (type(number + 1), hash(number)) == (float, hash(1250.0))
    assert (huge == float("inf"), str(huge), huge.exact) == (True, "1e400", Decimal("1e400"))
    assert (zero, str(zero)) == (0, "-0")
    for again in (copy.deepcopy(number), copy.copy(number), pickle.loads(pickle.dumps(number))):
        assert (type(again), str(again)) == (Number, "1250.00")
    assert Row.model_validate({"a": number, "b": 1}).a == Decimal("1250.00")
    assert str(Row.model_validate({"a": read("123456789012.123456789"), "b": 1}).a) == "123456789012.123456789"


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "-Infinity", '{"a":1.}', "01", "1e", "+1", ".5", "0x1"])
def test_what_is_no_number_is_refused(text: str) -> None:
    for reader in (read, loads):
        with pytest.raises(ValueError, match=r".+"):
            reader(text)


def test_what_no_decimal_holds_is_said() -> None:
    with pytest.raises(ValueError, match="exponent"):
        loads("1e99999999999999999999")


@pytest.mark.parametrize("value", ["\ud800", [2**70, "\ud800"], {1, 2}, object(), Decimal("NaN")])
def test_what_json_cannot_hold_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError):
        written({"a": value})


# The library


class Echo(ScriptedEngine):
    """The model writes what the document says."""

    def submit(self, request: Any, /) -> Any:
        self._script[:] = [request.source.decode()]
        return super().submit(request)


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    tok = tokenizer()
    with Extractor(Settings(), engine=Echo(tok, ""), tokenizer=tok) as made:
        yield made


@pytest.mark.parametrize("number", NUMBERS)
def test_the_library_keeps_them(extractor: Extractor, number: str) -> None:
    text = answer(number)
    done = extractor.extract(text, PLAIN)
    assert (done.text, dumps(done.data)) == (text, text)
    assert written(done.as_json()).startswith(b'{"data":' + text.encode() + b",")
    assert done.value is done.data


def test_a_class_has_its_own_say_in_the_value_and_none_in_the_data(extractor: Extractor) -> None:
    class Rounded(BaseModel):
        model_config = ConfigDict(strict=True)
        amount: Decimal
        share: float
        count: int

        @field_validator("amount")
        @classmethod
        def _cents(cls, value: Decimal) -> Decimal:
            return value.quantize(Decimal("0.01"))

    done = extractor.extract('{"amount":12.3456,"share":0.50,"count":-0}', Rounded)
    assert (str(done.value.amount), done.value.share, done.value.count) == ("12.35", 0.5, 0)
    assert dumps(done.data) == '{"amount":12.3456,"share":0.50,"count":-0}'


# The service


class Loaded(WorkerExtractor):
    """One that is there already."""

    def __init__(self, settings: WorkerSettings, extractor: Extractor) -> None:
        super().__init__(settings, "digits")
        self._module, self._extractor = sys.modules[__name__], extractor

    def load(self, verdicts: Verdicts) -> None:  # noqa: ARG002
        self.model = self._extractor.model_info()


class Echoing(Runtime):
    """A worker's runtime, threads and all."""

    def __init__(self, valkey: Valkey, extractor: Extractor) -> None:
        super().__init__(WorkerSettings(redis_url=valkey.url, warm_up=False))
        self.extractor = Loaded(self.settings, extractor)


@contextlib.contextmanager
def working(runtime: Runtime) -> Iterator[None]:
    """What is queued is done by the real tasks, in this process."""
    ended = threading.Event()

    def work() -> None:
        while not ended.wait(0.02):
            for job in runtime.ledger.run(runtime.ledger.jobs.list("default", status="queued", limit=100)).jobs:
                tasks.process(runtime, "default", job.priority)

    thread = threading.Thread(target=work, daemon=True)
    runtime.start()
    thread.start()
    yield
    ended.set()
    thread.join()
    runtime.stop()


__all__ = ["Options"]  # what a runtime looks for beside its extractor


@pytest.fixture(scope="module")
def service(extractor: Extractor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("service")
    (folder / "bill.py").write_text(
        "from decimal import Decimal\nfrom pydantic import BaseModel\n"
        "class Row(BaseModel):\n    a: Decimal\n    b: int | None\n"
        "class Deep(BaseModel):\n    rows: list[Row]\n"
        "class Bill(BaseModel):\n    amount: Decimal\n    list: list[Decimal]\n    deep: Deep\n__extract__ = Bill\n"
    )
    extractor.schemas = extractor.schemas.discover([str(folder)])
    # The worker's log would stand among what commands print.
    with (
        capture_logs(),
        Valkey(folder) as valkey,
        Api(valkey, folder, schemas=folder) as api,
        working(Echoing(valkey, extractor)),
    ):
        yield api.url


def body(schema: str | dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
    named = {"schema": schema} if isinstance(schema, str) else {"json_schema": schema}
    return {**named, "document": {"text": text}, **more}


def data_in(text: str) -> str:
    """The data of the one extraction in `text`, as it is written there."""
    _, _, rest = text.partition('"result":{"data":')
    end = rest.index(',"fields":')
    return rest[:end]


@pytest.mark.parametrize("schema", ["bill", PLAIN], ids=["a model of the service", "inline"])
def test_every_answer_of_the_api(service: str, schema: Any) -> None:
    with httpx.Client(base_url=service, trust_env=False, timeout=60) as http:
        headers = {"Idempotency-Key": f"digits-{isinstance(schema, str)}", "Prefer": "wait=30"}
        posted = http.post("/v1/extractions", json=body(schema, BILL), headers=headers)
        where = f"/v1/extractions/{posted.json()['id']}"
        got = http.get(where, params={"wait": 20})
        again = http.post("/v1/extractions", json=body(schema, BILL), headers=headers)
        events = http.get(f"{where}/events")
    assert [data_in(each.text) for each in (posted, got, again, events)] == [BILL] * 4
    assert again.json()["id"] == posted.json()["id"]


def test_all_numbers_over_http(service: str) -> None:
    lines = [json.dumps(body(PLAIN, answer(number), custom_id=number)) for number in NUMBERS]
    with httpx.Client(base_url=service, trust_env=False, timeout=60) as http:
        headers = {"Content-Type": "application/x-ndjson"}
        sent = http.post("/v1/batches", content="\n".join(lines), headers=headers).json()
        with Client(service) as client:
            client.wait_batch(sent["id"], 60)
        results = http.get(f"/v1/batches/{sent['id']}/results").text.splitlines()
    assert [data_in(line) for line in results] == [answer(number) for number in NUMBERS]
    assert all(json.loads(line)["result"]["fields"]["/amount"]["confidence"] for line in results)


def test_the_client_gives_the_callers_decimal(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "POLL_S", 0.02)
    with Client(service) as client:
        assert digits_of(client.extract(BILL, Bill, 60)) == DIGITS
        data = client.extract(BILL, PLAIN, 60)
        assert dumps(data) == BILL
        assert digits_of(Bill.model_validate(data)) == DIGITS
        job = client.wait(client.submit(BILL, "bill").id, 60)
        assert dumps(job.as_json()["result"]["data"]) == BILL
        assert [digits_of(row.value) for row in client.batch([BILL, BILL], Bill)] == [DIGITS] * 2
        sent = client.submit_batch(batches.lines_of([BILL], {}), "bill")
        client.wait_batch(sent.id, 60)
        assert [dumps(row.value) for row in client.batch_rows(sent.id)] == [BILL]

    async def awaited() -> list[Any]:
        async with AsyncClient(service) as client:
            return [await client.extract(BILL, Bill, 60), *[row.value async for row in client.batch([BILL], Bill)]]

    assert [digits_of(bill) for bill in asyncio.run(awaited())] == [DIGITS] * 2


def test_what_a_class_refuses_here_has_its_digits_too(service: str) -> None:
    class Small(BaseModel):
        amount: Decimal

        @field_validator("amount")
        @classmethod
        def _small(cls, value: Decimal) -> Decimal:
            if value > 1000:
                raise ValueError("too large")
            return value

    with Client(service) as client, pytest.raises(ExtractionFailed) as caught:
        client.extract('{"amount":1250.00}', Small, 60)
    failed: Job = caught.value.job
    assert (failed.error or {})["last"] == '{"amount":1250.00}'


# The command


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Callable[..., str]:
    monkeypatch.setattr(batch_command, "POLL_S", 0.02)

    def call(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["extractor", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsysbinary.readouterr()
        assert not ended.value.code, err
        return out.decode()

    return call


def test_the_commands_print_what_was_written(
    service: str, run: Callable[..., str], tmp_path: Path, extractor: Extractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, out = tmp_path / "bill.txt", tmp_path / "out.jsonl"
    file.write_text(BILL)
    monkeypatch.setenv("EXTRACTOR_URL", service)
    assert run("submit", str(file), "-s", "bill", "--wait") == BILL + "\n"
    whole = run("submit", str(file), "-s", "bill", "--wait", "--full")
    assert data_in(whole) == BILL
    assert data_in(run("status", json.loads(whole)["id"])) == BILL
    assert f'"data":{BILL},' in run("batch", str(file), "-s", "bill")
    run("batch", str(file), "-s", "bill", "-o", str(out))
    assert f'"data":{BILL},' in out.read_text()
    run("batch", str(file), "-s", "bill", "-o", str(out), "--resume")

    schema = tmp_path / "plain.json"
    schema.write_text(json.dumps(PLAIN))
    monkeypatch.setattr("extractor.Extractor", lambda _: Kept(extractor))
    assert run("run", str(file), "-s", str(schema)) == BILL + "\n"
    assert f'"data":{BILL},' in run("run", str(file), "-s", str(schema), "--full")


class Kept:
    """An extractor that outlives the command."""

    def __init__(self, inner: Extractor) -> None:
        self.extract = inner.extract

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *_: object) -> None:
        """Others go on with it."""
