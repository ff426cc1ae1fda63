"""The measurements run: real engines side by side on a tiny random pair. Their figures are not judged here."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
from transformers import Gemma4AssistantForCausalLM, Gemma4ForCausalLM, Gemma4TextConfig

from extractor.bench import cli, device, drafts, growth, host, lossless, whole
from extractor.bench.engines import mixes
from extractor.engine import DRAFTERS, EngineConfig
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
    assert len(cli.table(record).splitlines()) == 4 + len(runs) + 2


def test_wrong_words_are_told(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--model", pair, "--documents", "12", "--baseline", "vllm"]) == 2
    assert "'vllm' is no baseline" in capsys.readouterr().err
    with pytest.raises(ValueError, match="'magic' is no drafter"):
        mixes("grammar,magic")
    assert mixes("each") == [(), ("grammar",), ("copy",), ("mtp",), ("grammar", "copy"), DRAFTERS]


def test_plain_text_and_a_picture(pair: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "bars.svg"
    arguments = ["--model", pair, "--suite", "code", "--documents", "3", "--rounds", "1", "--max-tokens", "5"]
    assert cli.main([*arguments, "--baseline", "hf", "--drafters", "copy", "--plot", str(picture)]) == 0
    assert "3 held-out" not in capsys.readouterr().out
    bars = ElementTree.fromstring(picture.read_text("utf-8")).findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 1 + 2, "the ground and a bar for each engine"
    assert cli.main([*arguments, "--baseline", "hf-outlines"]) == 2
    assert "needs a schema" in capsys.readouterr().err


def test_growth_has_a_point_for_every_size(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert growth.main(["--model", pair, "--lengths", "60", "--fields", "2,12", "--rounds", "1", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    sizes = [(row["curve"], len(row["drafters"])) for row in rows]
    assert sizes == [("document", 0), ("document", 3), ("fields", 0), ("fields", 3), ("fields", 0), ("fields", 3)]
    assert all(row["seconds"] > row["prefill_s"] > 0 and row["tokens"] > 0 for row in rows)


def test_lossless_over_a_tiny_pair(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert lossless.main(["--model", pair, "--documents", "12", "--max-tokens", "8"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "lossless"
    assert len(said) == 1 + len(lossless.MIXES) + 1 + 1


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


def test_what_a_device_waits_for_the_host(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--rows", "2", "--verify-ms", "20", "--documents", "4", "--drafters", "none;grammar,copy"]
    assert host.main(arguments) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| 2 ")]
    assert [(row[1], row[2]) for row in rows] == [("none", "no"), ("grammar+copy", "no"), ("grammar+copy", "yes")]
    assert all(float(row[4]) >= 20 for row in rows), "no step is over before its forward"
    assert float(rows[0][6]) == 1 < 2 * float(rows[1][6]) / 3


def test_the_shapes_are_e2bs() -> None:
    with torch.device("meta"):
        target = Gemma4ForCausalLM(Gemma4TextConfig(**device._shapes("target", "e2b")))
        drafter = Gemma4AssistantForCausalLM(device._assistant("e2b"))
    sizes = [sum(weight.numel() for weight in model.parameters()) / 1e6 for model in (target, drafter)]
    assert [round(size, 1) for size in sizes] == [4628.6, 77.7], "what the published checkpoints have"


def test_what_drafts_would_earn_of_right_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert drafts.main(["--documents", "3", "--drafters", "grammar;grammar,copy"]) == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| 3, ")]
    assert len(rows) == 6
    for grammar, both in zip(rows[::2], rows[1::2], strict=True):
        assert 1 < float(grammar[2]) < float(both[2])
