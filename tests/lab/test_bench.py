"""The measurements run: real engines side by side on a tiny random pair. Their figures are not judged here."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from transformers import Gemma4AssistantForCausalLM, Gemma4ForCausalLM, Gemma4TextConfig

from extractor.engine import DRAFTERS, EngineConfig
from extractor.engine.model.loader import ModelSpec, load
from extractor.lab.bench import cli, device, drafts, ground, growth, host, loops, lossless, machine, options, whole
from extractor.lab.bench.agreement import difference
from extractor.lab.bench.contender import RunOutcome
from extractor.lab.bench.engines import Ours, in_turn, mixes, theirs
from extractor.lab.bench.workload import Case, cases, documents
from tests.engine import tiny


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny.save_gemma4(tmp_path_factory.mktemp("bench")))


def test_a_record_holds_every_engine_and_makes_a_table(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--model", pair, "--documents", "12", "--rounds", "1", "--max-tokens", "6"]
    assert cli.main([*arguments, "--baseline", "hf,hf-assisted", "--drafters", "none;all", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    runs = [(run["engine"], tuple(run["drafters"])) for run in record["runs"]]
    assert runs == [("hf", ()), ("hf-assisted", ("mtp",)), ("ours", ()), ("ours", DRAFTERS)]
    assert all(run["tokens"] > 0 and run["tokens_per_s"] > 0 for run in record["runs"])
    assert record["runs"][2]["tokens_per_forward"] == 1.0
    assert record["runs"][2]["tokens"] == record["runs"][3]["tokens"], "drafts change speed only"
    phases = record["runs"][3]["phases"]
    assert set(phases) == {"prefill", "draft", "target", "choose", "commit", "other"}
    assert sum(phases.values()) == pytest.approx(1, abs=0.01)
    assert all(share >= 0 for share in phases.values())
    assert record["max_draft"] == 15
    assert record["peak_memory_bytes"] > 0
    lines = cli.table(record).splitlines()
    assert len(lines) == 4 + len(runs) + 2 + 2 + 2
    assert [line.split(" | ")[0] for line in lines[4 : 4 + len(runs)]] == [
        "| transformers' `generate`, no grammar", "| `generate` with the drafter, no grammar",
        "| Extractor", "| Extractor",
    ]  # fmt: skip
    assert "at most 15 draft tokens a step" in lines[5 + len(runs)]
    assert lines[-1].endswith(" GB of memory.")


def test_every_counted_round_reads_its_prompts(pair: str) -> None:
    models = load(ModelSpec(model=pair))
    workload = cases(models, documents(12), 4096, 4)
    assert len(workload) > 2
    ours = Ours(models, (), 1, 4096, max_draft=15)
    try:
        read = []
        for _ in range(3):
            before = ours._engine.stats()["prompt_tokens"]
            ours.run(workload)
            read.append(ours._engine.stats()["prompt_tokens"] - before)
    finally:
        ours.close()
    assert read[0] == read[1] == read[2] > 0


class Idle:
    """A runner that only counts."""

    name, drafters = "idle", ()

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.ran: list[int] = []
        self.closed = False

    def run(self, workload: list[Case]) -> RunOutcome:
        self.ran.append(len(workload))
        return RunOutcome(1.0, [], 1)

    def close(self) -> None:
        self.closed = True


def test_the_warm_up_fills_every_row_twice() -> None:
    runners: list[Any] = [Idle(1), Idle(16)]
    workload: list[Any] = [None] * 40
    in_turn([lambda made=made: made for made in runners], workload, rounds=2)
    assert [runner.ran for runner in runners] == [[4, 40, 40], [32, 40, 40]]


def test_what_was_started_is_closed_when_the_next_one_fails() -> None:
    first: Any = Idle(1)
    with pytest.raises(MemoryError):
        in_turn([lambda: first, _no_memory], [], rounds=1)
    assert first.closed


def _no_memory() -> Any:
    raise MemoryError


def test_a_baseline_drafts_as_much_as_ours_whatever_the_drafter_says() -> None:
    made = theirs("hf-assisted", ModelSpec(), max_draft=11)
    try:
        said = made._models.drafter.generation_config
        assert (said.num_assistant_tokens, said.num_assistant_tokens_schedule) == (11, "constant")
        assert made._models.target.config._attn_implementation == "sdpa", "what transformers would use"
    finally:
        made.close()


def test_wrong_words_are_told(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--model", pair, "--documents", "12", "--baseline", "vlm"]) == 2
    assert "'vlm' is no baseline; there are hf, hf-outlines, hf-assisted, vllm, vllm-mtp" in capsys.readouterr().err
    with pytest.raises(ValueError, match="'magic' is no drafter"):
        mixes("grammar,magic")
    assert mixes("each") == [(), ("grammar",), ("copy",), ("mtp",), ("grammar", "copy"), DRAFTERS]


def test_a_drafter_that_is_not_there_is_refused_by_name_and_left_out_of_all() -> None:
    there = ("grammar", "copy")
    assert mixes("each", there) == [(), ("grammar",), ("copy",), there]
    assert mixes("all;none;grammar, copy", there) == [there, ()]
    with pytest.raises(ValueError, match="mtp needs a drafter"):
        mixes("grammar,mtp", there)


Main = Callable[[list[str]], int]


@pytest.mark.parametrize(
    ("main", "arguments"),
    [
        (cli.main, ["--rows", "0"]),
        (cli.main, ["--rows", "1,0"]),
        (cli.main, ["--rows", "a"]),
        (cli.main, ["--documents", "0"]),
        (cli.main, ["--rounds", "0"]),
        (cli.main, ["--max-tokens", "0"]),
        (cli.main, ["--max-draft", "-1"]),
        (cli.main, ["--plot", "/no/such/folder/x.svg"]),
        (lossless.main, ["--documents", "0"]),
        (lossless.main, ["--rows", "-1"]),
        (growth.main, ["--lengths", "0"]),
        (growth.main, ["--rounds", "0"]),
        (drafts.main, ["--documents", "-1"]),
        (drafts.main, ["--mtp", "0,"]),
        (drafts.main, ["--mtp", "0.5,0.6"]),
        (whole.main, ["--rows", "0"]),
        (whole.main, ["--mtp", "0"]),
        (device.main, ["--rows", ""]),
        (device.main, ["--times", "0"]),
    ],
)
def test_what_nobody_can_measure_is_bad_usage(
    main: Main, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert f"error: argument {arguments[0]}: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("main", "arguments"),
    [
        (cli.main, ["--model", "/nope"]),
        (cli.main, ["--drafters", "magic"]),
        (lossless.main, ["--model", "/nope"]),
        (lossless.main, ["--max-tokens", "1000000"]),
        (growth.main, ["--model", "/nope"]),
        (drafts.main, ["--drafters", "magic"]),
        (whole.main, ["--drafters", "magic"]),
        (whole.main, ["--shapes", "small", "--context", "8"]),
    ],
)
def test_what_cannot_be_measured_is_one_line(
    main: Main, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_options_read_lists() -> None:
    assert options.positives("1, 16") == (1, 16)
    assert options.falling("0.8, 0.8,0.5") == [0.8, 0.8, 0.5]
    with pytest.raises(ArgumentTypeError, match="'x' is no whole number"):
        options.positives("1,x")


def test_the_machine_is_the_one_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert "thread" in machine.machine(torch.device("cpu"))
    assert machine.peak_memory(torch.device("cpu")) > 0


def test_plain_text_and_a_picture(pair: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "bars.svg"
    arguments = ["--model", pair, "--suite", "code", "--documents", "3", "--rounds", "1", "--max-tokens", "5"]
    assert cli.main([*arguments, "--baseline", " hf,", "--drafters", "copy", "--plot", str(picture)]) == 0
    assert "3 held-out" not in capsys.readouterr().out
    bars = ElementTree.fromstring(picture.read_text("utf-8")).findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 1 + 2, "the ground and a bar for each engine"
    assert cli.main([*arguments, "--baseline", "hf-outlines"]) == 2
    assert "needs a schema" in capsys.readouterr().err


def test_growth_has_a_point_for_every_size(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--lengths", "60", "--fields", "2,12", "--max-tokens", "40"]
    assert growth.main(["--model", pair, *sizes, "--rounds", "1", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    points = [(row["curve"], len(row["drafters"])) for row in rows]
    assert points == [("document", 0), ("document", 3), ("fields", 0), ("fields", 3), ("fields", 0), ("fields", 3)]
    assert all(row["seconds"] > row["prefill_s"] > 0 and row["tokens"] > 0 for row in rows)


def test_loops_of_the_bundled_pair(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Of one document and one schema. An answer that does not come to its end is a fault."""
    monkeypatch.setattr(loops, "DOCUMENTS", loops.DOCUMENTS[-1:])
    monkeypatch.setattr(loops, "SCHEMAS", {"a list of texts": list[str]})
    assert loops.main(["--rows", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[:4] for line in lines[2:]] == [
        [f"| {mode}", "a list of texts", "1", "1"] for mode in ("none", "all")
    ]
    monkeypatch.setattr(loops, "MOST_TOKENS", 5)
    assert loops.main(["--rows", "1"]) == 1
    assert [line.split(" | ")[3] for line in capsys.readouterr().out.splitlines()[2:]] == ["0", "0"]


def test_lossless_over_a_tiny_pair(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert lossless.main(["--model", pair, "--documents", "12", "--max-tokens", "8"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "lossless"
    assert len(lines) == 1 + 8 + 1 + 1, "every mix in batches and all drafters alone"


def test_lossless_tests_the_drafters_there_are(
    pair: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EXTRACTOR_DRAFTER", "none")
    assert lossless.main(["--model", pair, "--documents", "12", "--max-tokens", "4", "--rows", "1"]) == 0
    drafters = [line.split(",")[0] for line in capsys.readouterr().out.splitlines()[1:-1]]
    assert drafters == ["none", "grammar", "copy", "grammar+copy"]


def test_only_allowed_tokens_differ_by_rounding(pair: str) -> None:
    class Undecided:
        """A target to which every token is as good as any other."""

        device = torch.device("cpu")

        def __call__(self, ids: torch.Tensor) -> Any:
            return SimpleNamespace(logits=torch.zeros(*ids.shape, models.target.config.vocab_size))

    models = load(ModelSpec(model=pair))
    case = Case([1, 2], b"", 0, 'start: "a" | "b"', "", 8)
    a, b, c = (models.ll_tokenizer.tokenize_bytes(text)[0] for text in (b"a", b"b", b"c"))
    undecided = replace(models, target=Undecided())
    assert difference(undecided, case, [a], [b])["rounding"]
    refused = difference(undecided, case, [a], [c])
    assert refused["allowed"] == [True, False]
    assert not refused["rounding"]


def test_one_step_on_this_device(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--shapes", "small", "--rows", "1,3", "--context", "70", "--times", "1"]
    assert device.main([*arguments, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [(row["rows"], row["shortest"]) for row in record["rows"]] == [(1, 70), (3, 70), (3, 9)]
    assert device._spread(3, 80) == [80, 45, 10]
    assert all(row["verify_ms"] > 0 and row["chain_ms"] > 0 for row in record["rows"])
    assert record["floor_ms"] > 0
    assert len(device.table(record).splitlines()) == 4 + 2 * 3


def test_the_whole_engine_writes_the_answers_laid_over_random_weights() -> None:
    models = whole.shaped("small", torch.device("cpu"))
    work = whole.answered(models, 2, 1024)
    config = EngineConfig(slots=2, context=1024, overlap=True, graphs=True)
    found = whole.measure(models, work, DRAFTERS, config, [0.8, 0.6])
    assert found["tokens"] == sum(len(answer) for _, answer in work)
    assert found["row_forwards"] < found["tokens"], "drafts are the engine's own"
    assert 0 < sum(found["phases"].values()) <= found["seconds"]
    assert (found["passes"], found["recorded"]) == (2, 0), "a CPU records nothing"


def test_passes_end_when_shapes_are_recorded_in_each(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = count()
    monkeypatch.setattr(whole.RightTarget, "captures", property(lambda _: next(recorded)), raising=False)
    models = whole.shaped("small", torch.device("cpu"))
    found = whole.measure(models, whole.answered(models, 1, 1024), DRAFTERS, EngineConfig(slots=1, context=1024), [0.8])
    assert found["passes"] == whole.PASSES
    assert found["recorded"] > 0


def test_what_a_device_waits_for_the_host(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--rows", "1", "--verify-ms", "5", "--documents", "4", "--drafters", "none;grammar,copy"]
    assert host.main(arguments) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| 1 ")]
    assert [(row[1], row[2]) for row in rows] == [("none", "no"), ("grammar+copy", "no"), ("grammar+copy", "yes")]
    assert all(float(row[4]) >= 5 for row in rows), "no step is over before its forward"
    assert float(rows[0][5]) == 1 < 2 * float(rows[1][5]) / 3


def test_the_shapes_are_e2bs() -> None:
    with torch.device("meta"):
        target = Gemma4ForCausalLM(Gemma4TextConfig(**device._shapes("target", "e2b")))
        drafter = Gemma4AssistantForCausalLM(device._assistant("e2b"))
    sizes = [sum(weight.numel() for weight in model.parameters()) / 1e6 for model in (target, drafter)]
    assert [round(size, 1) for size in sizes] == [4628.6, 77.7], "what the published checkpoints have"


def test_how_good_evidence_is(capsys: pytest.CaptureFixture[str]) -> None:
    marked = Path(__file__).parent.parent / "evidence" / "gold"
    assert ground.main(["--documents", "12", "--extract", "2", "--gold", str(marked)]) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()]
    literal = [row for row in rows if len(row) > 2 and row[2] == "literal"]
    assert [row[0].partition(", ")[2] for row in literal] == [*ground.SETS, "marked by hand, gold"]
    for _, values, _, right, *_ in literal:
        assert int(values.replace(",", "")) > 40
        assert float(right.removesuffix("%")) > 90
    measured = [row for row in rows if row[0].startswith("| 2, ")]
    assert len(measured) == 2
    for row in measured:
        assert sum(int(cell.split()[2]) for cell in row[1:5]) > 4, "the values that the bundled pair wrote"


def test_what_drafts_would_earn_of_right_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert drafts.main(["--documents", "3", "--drafters", "grammar;grammar,copy"]) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| 3, ")]
    assert len(rows) == 6
    for grammar, both in zip(rows[::2], rows[1::2], strict=True):
        assert 1 < float(grammar[2]) < float(both[2])
