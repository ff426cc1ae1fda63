"""The recipe of the bundled pair: `python -m extractor.lab.training.train --all`.

`--from extractor/bundled/weights --rate 0.6` trains on from there instead: every document at full length from the
first step, learning rates a part of the recipe's that fall from there to none.

Stages: tokenizer, target, drafter, export, evaluate, card. Each resumes from the run folder; time is given in minutes
because the machine is what is fixed. The last stage keeps what the others measured; `make docs` makes the tables of the
model card of it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn

from extractor.lab.pages import runs
from extractor.lab.training import card, drafter, evaluate, target, tokenizer
from extractor.lab.training.generate import tasks
from extractor.lab.training.model import build_drafter, build_target
from extractor.lab.training.plan import Plan

_PULL = 0.0015  # a step; without it what the committed pair knew of generated documents was lost in 20 minutes
_READ = 2  # of batches for one that is trained on: what is new is wrong often enough
# Short documents without examples; of what it is that sure of in documents of strangers nine in ten are right.
MADE_FOR = {"examples": 0, "window": 300, "review_below": 0.75}
STAGES = ("tokenizer", "target", "drafter", "export", "evaluate", "card")


def make_tokenizer(run_dir: Path, seed: int) -> None:
    """Learns the tokenizer from generated tasks, unless the run folder has one."""
    folder = run_dir / "tokenizer"
    if (folder / "tokenizer.json").exists():
        return
    texts: list[str] = []
    for size, count in ((0.5, 2000), (1.0, 4000)):
        stream = tasks(seed, size=size)
        for _ in range(count):
            one = next(stream)
            texts += [*one.pieces(), one.answer]
    tokenizer.wrap(tokenizer.train(texts)).save_pretrained(folder)


def continued(plan: Plan, rate: float) -> Plan:
    """`plan` for weights that know most already: `rate` of its learning rates, falling from the start."""
    slower = replace(plan, muon_lr=plan.muon_lr * rate, adam_lr=plan.adam_lr * rate, hold=0.0)
    return replace(slower, least=1.0, read=_READ, pull=_PULL)


def train_target(plan: Plan, run_dir: Path, processes: int, began_from: Path | None = None) -> None:
    """Trains the target in `processes` processes of one thread each, or in this one with all its threads."""
    if processes == 1:
        target.train(plan, tokenizer.load(run_dir / "tokenizer"), run_dir, began_from)
        return
    meeting = run_dir.resolve() / "meeting"
    meeting.unlink(missing_ok=True)
    given = (plan, run_dir, processes, meeting, began_from)
    spawn(_one_of, given, nprocs=processes)  # type: ignore[no-untyped-call]


def train_drafter(plan: Plan, run_dir: Path, rate: float = 1.0, began_from: Path | None = None) -> None:
    """Trains a drafter for the run folder's target: a new one, or one that goes on from `began_from` at `rate`."""
    words = tokenizer.load(run_dir / "tokenizer")
    model = build_target(len(words), 0)
    model.load_state_dict(torch.load(run_dir / "checkpoint.pt", map_location="cpu", weights_only=True)["average"])
    rows = plan.pool_rows // 3
    plan = replace(plan, muon_lr=0.02 * rate, adam_lr=4e-3 * rate, hold=0.4, pool_rows=rows)
    drafter.train(plan, model, words, run_dir, began_from)


def begin(run_dir: Path, began_from: Path) -> None:
    """Makes a run folder for a training that goes on from weights, unless it is one."""
    if not (run_dir / "tokenizer").exists():
        tokenizer.load(began_from / "target").save_pretrained(run_dir / "tokenizer")


def _one_of(rank: int, plan: Plan, run_dir: Path, processes: int, meeting: Path, began_from: Path | None) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=meeting.as_uri(), rank=rank, world_size=processes)
    target.train(plan, tokenizer.load(run_dir / "tokenizer"), run_dir, began_from)
    dist.destroy_process_group()


def export(run_dir: Path, weights: Path) -> None:
    """The trained pair as bf16 `save_pretrained` folders; a drafter not trained yet is left out."""
    words = tokenizer.load(run_dir / "tokenizer")
    for name, build, saved, kept in (
        ("target", build_target, "checkpoint.pt", "average"),
        ("drafter", build_drafter, "drafter.pt", "model"),
    ):
        if not (run_dir / saved).exists():
            continue
        model = build(len(words), 0)
        model.load_state_dict(torch.load(run_dir / saved, map_location="cpu", weights_only=True)[kept])
        model.bfloat16().save_pretrained(weights / name)
    words.save_pretrained(weights / "target")
    (weights / "target" / "extractor.json").write_text(json.dumps(MADE_FOR) + "\n", "utf-8")


def facts(run_dir: Path, seed: int) -> dict[str, Any]:
    """What the card says of the training."""
    kept: dict[str, Any] = {
        "seed": seed,
        "date": datetime.now(UTC).date().isoformat(),
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
    }
    stages = run_dir / "stages.json"  # of a run whose settings changed on the way: what `card.training` shows
    if stages.exists():
        kept["stages"] = json.loads(stages.read_text("utf-8"))
    for name, saved in (("target", "checkpoint.pt"), ("drafter", "drafter.pt")):
        if (run_dir / saved).exists():
            state = torch.load(run_dir / saved, map_location="cpu", weights_only=True)
            if name == "target":
                kept["target_millions"] = (
                    sum(w.numel() for k, w in state["model"].items() if k != "lm_head.weight") / 1e6
                )
            kept[name] = {"minutes": round(state["spent"] / 60, 1), "tokens": state["tokens"], "steps": state["step"]}
    return kept


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="every stage")
    parser.add_argument("--stage", choices=STAGES, action="append", default=[])
    parser.add_argument("--run-dir", type=Path, default=Path("build/pair"))
    parser.add_argument("--weights", type=Path, default=evaluate.WEIGHTS)
    parser.add_argument("--from", dest="began_from", type=Path, metavar="WEIGHTS", help="train on from such a folder")
    parser.add_argument("--rate", type=float, default=0.6, help="of the recipe's learning rates, with --from")
    parser.add_argument("--minutes", type=float, default=60, help="of the target")
    parser.add_argument("--drafter-minutes", type=float, default=15)
    parser.add_argument("--documents", type=int, default=200, help="of each held-out set")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--processes", type=int, default=1, help="that train the target side by side")
    parser.add_argument("--report-s", type=float, default=180)
    parser.add_argument("--fast", action="store_true", help="compiled layers, bf16 products (needs a C++ compiler)")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--workers", type=int, default=0, help="processes that make batches; a GPU needs about ten")
    parser.add_argument("--batch-tokens", type=int, default=Plan.batch_tokens, help="a GPU is busy from about 32768")
    parser.add_argument("--pool-rows", type=int, default=Plan.pool_rows, help="rows that are sorted into batches")
    return parser


def main() -> None:
    parser = _parser()
    given = parser.parse_args()
    stages = STAGES if given.all else tuple(stage for stage in STAGES if stage in given.stage)
    if not stages:
        parser.error("give --all or a --stage")
    torch.set_num_threads(given.threads)
    # oneDNN compiles a product for each shape and keeps 1,024; a run has some thousand.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "65536")
    run_dir: Path = given.run_dir
    run_dir.mkdir(parents=True, exist_ok=True)
    if "tokenizer" in stages:
        make_tokenizer(run_dir, given.seed)
    if given.began_from:
        begin(run_dir, given.began_from)
    plan = Plan(
        given.minutes, given.seed, given.batch_tokens, given.pool_rows,
        report_s=given.report_s, fast=given.fast, device=given.device, workers=given.workers,
    )  # fmt: skip
    if "target" in stages:
        if given.began_from:
            train_target(continued(plan, given.rate), run_dir, given.processes, given.began_from / "target")
        else:
            train_target(plan, run_dir, given.processes)
    if "drafter" in stages:
        plan = replace(plan, minutes=given.drafter_minutes)
        if given.began_from:
            train_drafter(plan, run_dir, given.rate, given.began_from / "drafter")
        else:
            train_drafter(plan, run_dir)
    if "export" in stages:
        export(run_dir, given.weights)
    if "evaluate" in stages:
        measured = evaluate.evaluate(given.weights, given.documents, 20)
        (run_dir / "figures.json").write_text(json.dumps(measured, indent=1, ensure_ascii=False), "utf-8")
    if "card" in stages:
        measured = json.loads((run_dir / "figures.json").read_text("utf-8"))
        command = f"python -m extractor.lab.training.evaluate --documents {given.documents}"
        card.keep(runs.FOLDER / "pair.json", command, facts(run_dir, given.seed), measured)


if __name__ == "__main__":
    main()
