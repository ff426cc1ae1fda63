"""The target trained on documents written by hand, without forgetting generated ones:
`python -m extractor.lab.training.by_hand --keep WEIGHTS --run-dir DIR`.

Trained on both alike, a target forgets of generated documents at any share of these: each update is noise to what was
known well. So of generated documents it learns what the weights to keep say of them, as a whole distribution, which
moves nothing while both agree; of documents by hand it learns what is right. A part of the batches comes a second time
with mistakes of its own in what it is given: wrong of a third of the values, it has to go on behind them. The run
folder is as `train` leaves it: `train --stage export` writes its weights.
"""

from __future__ import annotations

import argparse
import os
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import spawn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from transformers import Gemma4ForCausalLM

from extractor.lab.training import evaluate, train, written_tasks
from extractor.lab.training.encode import Encoder, MiniBatch, TrainingRow, by_length, collate
from extractor.lab.training.forward import compile_layers, read
from extractor.lab.training.generate import task
from extractor.lab.training.hard_mining import mistakes, plain_tokens
from extractor.lab.training.lexicon import TRAIN
from extractor.lab.training.optim import Optimizer
from extractor.lab.training.plan import Plan, RunState, save
from extractor.lab.training.processes import Progress, rank, share, world
from extractor.lab.training.target import Average, checks, leaf_accuracy

_SIZES = [(0.0, 0.16), (0.5, 0.24), (1.0, 0.6)]  # of generated documents, with their shares
_OWN = 0.12  # of these the share of the project's own kinds, which the documents by hand are of
_LONGEST = 2048  # tokens
_POOL = 160  # rows that are sorted by length
_KEPT = 3.0  # weight of generated documents beside those by hand
_TRUTH = 0.1  # of the loss of generated documents: what is right, whatever the weights to keep say
_POINTING = 0.15
_AGAIN = 0.5  # of the batches by hand come a second time, so many later:
_LATER = 12
_WARM_UP = 40  # steps
_HALF_LIFE = 0.06  # of the time, after which weights count half in the average


def slower(plan: Plan, rate: float) -> Plan:
    """`plan` for weights that know most already: `rate` of its learning rates."""
    return replace(plan, muon_lr=plan.muon_lr * rate, adam_lr=plan.adam_lr * rate, half_life=_HALF_LIFE)


class Batches(IterableDataset[MiniBatch]):
    """Endless batches of one process, each of rows of like length: of generated documents or of
    those written by hand. Workers of a DataLoader draw each its own."""

    def __init__(self, encoder: Encoder, seed: str, plan: Plan, generated: bool) -> None:
        self._encoder, self._seed, self._plan, self._generated = encoder, seed, plan, generated

    def __iter__(self) -> Iterator[MiniBatch]:
        worker = get_worker_info()
        rng = Random(f"{self._seed}/{self._generated}/{worker.id if worker else 0}")
        while True:
            pool = by_length([self._row(rng) for _ in range(self._plan.pool_rows)], self._plan.batch_tokens)
            rng.shuffle(pool)
            yield from pool

    def _row(self, rng: Random) -> TrainingRow:
        size = rng.choices([size for size, _ in _SIZES], [share for _, share in _SIZES])[0]
        one = task(rng, TRAIN, size, _OWN) if self._generated else written_tasks.drawn(rng)
        row = self._encoder.row(one)
        return row if len(row.ids) <= _LONGEST else self._row(rng)


def kept_loss(model: Gemma4ForCausalLM, kept: Gemma4ForCausalLM, batch: MiniBatch, truth: float) -> torch.Tensor:
    """How far `model` is from what `kept` says of the answers (a divergence per token) and, of `truth`'s share, from
    what is right."""
    with torch.no_grad():
        wanted = kept.lm_head(read(kept, batch).states).float().log_softmax(-1)
    reading = read(model, batch)
    logprobs = model.lm_head(reading.states).float().log_softmax(-1)
    divergence = (wanted.exp() * (wanted - logprobs)).sum(-1).mean()
    loss: torch.Tensor = (1 - truth) * divergence + truth * cross_entropy(logprobs, batch.wanted)
    return loss + _POINTING * reading.pointing


def learnt_loss(model: Gemma4ForCausalLM, batch: MiniBatch) -> tuple[torch.Tensor, torch.Tensor]:
    """(how far `model` is from what is right, its scores [tokens of the answers, vocabulary])."""
    reading = read(model, batch)
    scores = model.lm_head(reading.states).float()
    return cross_entropy(scores, batch.wanted) + _POINTING * reading.pointing, scores.detach()


class Training:
    """One process's part of a run, from the checkpoint in `run_dir` where there is one."""

    def __init__(self, plan: Plan, run_dir: Path, keep: Path, began_from: Path) -> None:
        self._plan, self._saved, self._device = plan, run_dir / "checkpoint.pt", torch.device(plan.device)
        self._kept, _, words = evaluate.load(keep)
        self._model = evaluate.load(began_from)[0].requires_grad_(True).train()
        for model in (self._kept.requires_grad_(False), self._model):
            model.to(self._device)  # type: ignore[arg-type]
        self._average = Average(self._model, plan.half_life * plan.minutes * 60)
        self._optimizer = Optimizer(self._model, plan.muon_lr, plan.adam_lr, half=plan.half)
        self._state = self._resumed()
        encoder = Encoder(words)
        self._generated, self._by_hand = self._batches(encoder, True), self._batches(encoder, False)
        self._plain, self._rng = plain_tokens(words), Random(rank())
        self._waiting: deque[MiniBatch] = deque()
        self._checks = checks(encoder) if rank() == 0 else {}
        self._progress = Progress(self._state.spent / 60 / plan.minutes)

    def _batches(self, encoder: Encoder, generated: bool) -> Iterator[MiniBatch]:
        plan, seed = self._plan, f"by hand/{self._plan.seed}/{rank()}/{self._state.step}"
        rows, on_gpu = Batches(encoder, seed, plan, generated), self._device.type == "cuda"
        return iter(DataLoader(rows, batch_size=None, num_workers=plan.workers, pin_memory=on_gpu))

    def run(self) -> None:
        if self._plan.fast:
            compile_layers()
        begun = reported = before = time.monotonic()
        spent = self._state.spent
        while self._progress.value < 1:
            self._step(spent + before - begun)
            now = time.monotonic()
            self._average.add(self._model, now - before)
            before = now
            if rank() == 0 and now - reported > self._plan.report_s:
                reported = now
                self._report(spent + now - begun)
                self._save(spent + now - begun)
        if rank() == 0:
            self._save(spent + time.monotonic() - begun)

    def _step(self, spent: float) -> None:
        state = self._state
        again = len(self._waiting) > _LATER
        kept = next(self._generated).to(self._device)
        by_hand = self._waiting.popleft() if again else next(self._by_hand).to(self._device)
        with self._plan.precision():
            torch.autograd.backward(_KEPT * kept_loss(self._model, self._kept, kept, _TRUTH))
            loss, scores = learnt_loss(self._model, by_hand)
            torch.autograd.backward(loss)
        if not again and self._rng.random() < _AGAIN:
            self._waiting.append(self._mistaken(by_hand, scores))
        factor = min(1.0, (state.step + 1) / _WARM_UP) * (1.01 - self._progress.value)
        share(self._model, self._progress, spent / 60 / self._plan.minutes)
        self._optimizer.step(factor)
        state.step += 1
        state.tokens += (kept.tokens + by_hand.tokens) * world()

    def _mistaken(self, batch: MiniBatch, scores: torch.Tensor) -> MiniBatch:
        """`batch` with some of the tokens that the model would have written in place of the right ones."""
        best = torch.split(scores.topk(2).indices.cpu(), [len(row.ids) - row.start for row in batch.rows])
        again = collate(batch.rows)
        for given, row, guesses in zip(again.ids, batch.rows, best, strict=True):
            for at, token in mistakes(row, guesses, self._plain, self._rng):
                given[at] = token
        return again.to(self._device)

    def _report(self, spent: float) -> None:
        with self._plan.precision():
            right = {name: round(leaf_accuracy(self._average.model, rows), 3) for name, rows in self._checks.items()}
        state = self._state
        print(f"{spent / 60:5.1f} min  step {state.step}  {state.tokens / 1e6:.2f} M tokens  {right}", flush=True)

    def _save(self, spent: float) -> None:
        states = {"model": self._model.state_dict(), "average": self._average.model.state_dict()}
        save(self._saved, self._state, spent, optimizer=self._optimizer.state_dict(), **states)

    def _resumed(self) -> RunState:
        if not self._saved.exists():
            return RunState()
        saved = torch.load(self._saved, weights_only=True, map_location=self._device)
        self._model.load_state_dict(saved["model"])
        self._average.model.load_state_dict(saved["average"])
        self._optimizer.load_state_dict(saved["optimizer"])
        return RunState.of(saved)


def _one_of(place: int, processes: int, plan: Plan, run_dir: Path, *folders: Path) -> None:
    torch.set_num_threads(1)
    if processes > 1:
        meeting = (run_dir.resolve() / "meeting").as_uri()
        dist.init_process_group("gloo", init_method=meeting, rank=place, world_size=processes)
    Training(plan, run_dir, *folders).run()
    if processes > 1:
        dist.destroy_process_group()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, default=evaluate.WEIGHTS, help="whose word counts of generated documents")
    parser.add_argument("--from", dest="began_from", type=Path, default=evaluate.WEIGHTS, metavar="WEIGHTS")
    parser.add_argument("--run-dir", type=Path, default=Path("build/by-hand"))
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=0.5, help="of the recipe's learning rates, falling to none")
    parser.add_argument("--batch-tokens", type=int, default=3072, help="of each of a step's two batches, a process")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--processes", type=int, default=1, help="of one thread each, side by side")
    parser.add_argument("--report-s", type=float, default=240)
    parser.add_argument("--fast", action="store_true", help="compiled layers, bf16 products (needs a C++ compiler)")
    given = parser.parse_args()
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "65536")
    given.run_dir.mkdir(parents=True, exist_ok=True)
    (given.run_dir / "meeting").unlink(missing_ok=True)
    train.begin(given.run_dir, given.began_from)
    plan = Plan(given.minutes, given.seed, given.batch_tokens, _POOL, report_s=given.report_s, fast=given.fast)
    args = (given.processes, slower(plan, given.rate), given.run_dir, given.keep, given.began_from)
    if given.processes == 1:
        _one_of(0, *args)
    else:
        spawn(_one_of, args, nprocs=given.processes)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
