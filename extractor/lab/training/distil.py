"""One target of two: `python -m extractor.lab.training.distil --by-hand WEIGHTS --run-dir DIR`.

Trained on documents written by hand, the pair forgets of generated ones, at any share of these: each update is noise
to what was known well. So two targets are kept, one for each kind of document, and a third one between them learns to
say of each kind what its teacher says. What a teacher is unsure of, or wrong about, moves nothing. Of what comes out,
mixed with the committed weights, more is left of both than of a mix of the two teachers. The run folder is as `train`
leaves it: `train --stage export` writes its weights.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import torch
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, IterableDataset
from transformers import Gemma4ForCausalLM

from extractor.lab.training import evaluate, train, written_tasks
from extractor.lab.training.encode import Encoder, MiniBatch, TrainingRow, by_length
from extractor.lab.training.forward import compile_layers, read
from extractor.lab.training.generate import task
from extractor.lab.training.lexicon import TRAIN
from extractor.lab.training.model import build_target
from extractor.lab.training.optim import Optimizer
from extractor.lab.training.plan import Plan, RunState, save
from extractor.lab.training.target import Average

_SIZES = [(0.0, 0.16), (0.5, 0.24), (1.0, 0.6)]  # of generated documents, with their shares
_OWN = 0.12  # of these the share of the project's own kinds, which the documents by hand are of
_LONGEST = 1920  # tokens
_POOL = 80  # rows
_GENERATED_TRUTH, _BY_HAND_TRUTH = 0.1, 0.3  # of the loss: what is right, whatever the teacher says
_POINTING = 0.1
_WARM_UP = 20  # steps
_SAVE_S = 240.0


class Pairs(IterableDataset[tuple[MiniBatch, MiniBatch]]):
    """Endless (batch of generated documents, batch of documents by hand), of about `tokens` each."""

    def __init__(self, encoder: Encoder, seed: int, tokens: int) -> None:
        self._encoder, self._seed, self._tokens = encoder, seed, tokens

    def __iter__(self) -> Iterator[tuple[MiniBatch, MiniBatch]]:
        rng = Random(f"distil/{self._seed}")
        while True:
            generated = by_length([self._generated(rng) for _ in range(_POOL)], self._tokens)
            by_hand: list[MiniBatch] = []
            while len(by_hand) < len(generated):
                by_hand += by_length([self._by_hand(rng) for _ in range(_POOL // 2)], self._tokens)
            rng.shuffle(generated)
            rng.shuffle(by_hand)
            yield from zip(generated, by_hand, strict=False)

    def _generated(self, rng: Random) -> TrainingRow:
        size = rng.choices([size for size, _ in _SIZES], [share for _, share in _SIZES])[0]
        row = self._encoder.row(task(rng, TRAIN, size, _OWN))
        return row if len(row.ids) <= _LONGEST else self._generated(rng)

    def _by_hand(self, rng: Random) -> TrainingRow:
        row = self._encoder.row(written_tasks.drawn(rng))
        return row if len(row.ids) <= _LONGEST else self._by_hand(rng)


def loss_of(model: Gemma4ForCausalLM, teacher: Gemma4ForCausalLM, batch: MiniBatch, truth: float) -> torch.Tensor:
    """How far `model` is from what `teacher` says of the answers (a divergence per token) and, of `truth`'s share,
    from what is right."""
    with torch.no_grad():
        teacher_logprobs = teacher.lm_head(read(teacher, batch).states).float().log_softmax(-1)
    reading = read(model, batch)
    logprobs = model.lm_head(reading.states).float().log_softmax(-1)
    divergence = (teacher_logprobs.exp() * (teacher_logprobs - logprobs)).sum(-1).mean()
    loss: torch.Tensor = (1 - truth) * divergence + truth * cross_entropy(logprobs, batch.wanted)
    return loss + _POINTING * reading.pointing


def mixed(first: Gemma4ForCausalLM, second: Gemma4ForCausalLM, share: float) -> Gemma4ForCausalLM:
    """A new model between two: of the second so large a share."""
    model = build_target(first.config.vocab_size, 0)
    model.load_state_dict(first.state_dict())
    with torch.no_grad():
        torch._foreach_lerp_(list(model.parameters()), list(second.parameters()), share)
    return model


class Distillation:
    """One run, from between the teachers to a checkpoint in `run_dir`."""

    def __init__(self, plan: Plan, run_dir: Path, teachers: tuple[Path, Path], start: float) -> None:
        self._plan, self._saved = plan, run_dir / "checkpoint.pt"
        words = evaluate.load(teachers[0])[2]
        self._teachers = [evaluate.load(folder)[0].requires_grad_(False) for folder in teachers]
        self._model = mixed(self._teachers[0], self._teachers[1], start).requires_grad_(True).train()
        self._average = Average(self._model, plan.half_life * plan.minutes * 60)
        self._optimizer = Optimizer(self._model, plan.muon_lr, plan.adam_lr, half=plan.half)
        pairs = Pairs(Encoder(words), plan.seed, plan.batch_tokens)
        self._batches = DataLoader(pairs, batch_size=None, num_workers=plan.workers)

    def run(self) -> None:
        if self._plan.fast:
            compile_layers()
        state = RunState()
        begun = saved = before = time.monotonic()
        for batches in self._batches:
            progress = (time.monotonic() - begun) / 60 / self._plan.minutes
            if progress >= 1:
                break
            self._step(batches, min(1.0, (state.step + 1) / _WARM_UP) * (1.01 - progress))
            now = time.monotonic()
            self._average.add(self._model, now - before)
            before = now
            state.step += 1
            state.tokens += sum(batch.tokens for batch in batches)
            if now - saved > _SAVE_S:
                saved = now
                self._save(state, now - begun)
        self._save(state, time.monotonic() - begun)

    def _step(self, batches: tuple[MiniBatch, MiniBatch], factor: float) -> None:
        for batch, teacher, truth in zip(batches, self._teachers, (_GENERATED_TRUTH, _BY_HAND_TRUTH), strict=True):
            with self._plan.precision():
                loss = loss_of(self._model, teacher, batch, truth)
            torch.autograd.backward(loss)
        self._optimizer.step(factor)

    def _save(self, state: RunState, spent: float) -> None:
        save(
            self._saved, state, spent,
            model=self._model.state_dict(), average=self._average.model.state_dict(),
        )  # fmt: skip
        print(f"{spent / 60:5.1f} min  step {state.step}  {state.tokens / 1e6:.2f} M tokens", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generated", type=Path, default=evaluate.WEIGHTS, help="the teacher of generated documents")
    parser.add_argument("--by-hand", type=Path, required=True, help="the teacher of documents written by hand")
    parser.add_argument("--start", type=float, default=0.7, help="of the way from the first to the second")
    parser.add_argument("--run-dir", type=Path, default=Path("build/distil"))
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, default=0.12, help="of the recipe's learning rates")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--fast", action="store_true", help="compiled layers, bf16 products (needs a C++ compiler)")
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.run_dir.mkdir(parents=True, exist_ok=True)
    train.begin(given.run_dir, given.generated)
    plan = Plan(
        given.minutes, given.seed, 2816,
        muon_lr=Plan.muon_lr * given.rate, adam_lr=Plan.adam_lr * given.rate, fast=given.fast, workers=1,
    )  # fmt: skip
    Distillation(plan, given.run_dir, (given.generated, given.by_hand), given.start).run()


if __name__ == "__main__":
    main()
