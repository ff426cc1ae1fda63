"""Trains the target by wall-clock: warm up, hold, then decay to zero when the minutes are used up.

What is exported is a running average of the weights on the way: it is wrong a quarter less often than the last ones.
Resumes from `checkpoint.pt` in the run folder; without one it begins with new weights, or with those it is given.
Documents get longer as training goes on; field names nobody has seen are there from the first step, for they do not
come later.
"""

from __future__ import annotations

import time
from copy import deepcopy
from pathlib import Path
from random import Random

import torch
from torch.nn.functional import cross_entropy
from transformers import Gemma4ForCausalLM, PreTrainedTokenizerFast

from extractor.lab.training import written_tasks
from extractor.lab.training.encode import Encoder, MiniBatch, TrainingRow, bucketed, fixed
from extractor.lab.training.forward import compile_layers, read
from extractor.lab.training.lexicon import NEW_EVERYTHING, TRAIN
from extractor.lab.training.model import FULL, SLIDING, build_target
from extractor.lab.training.optim import Optimizer
from extractor.lab.training.plan import Plan, RunState, save
from extractor.lab.training.pools import Pools, longest, stream
from extractor.lab.training.processes import Progress, rank, share, world

POINTING = 0.3  # weight of the loss of the head that points
_WARM_UP = 60  # steps
_PROMPTS = 0.06  # of the time, in which prompts are learnt too, at this weight:
_PROMPT_WEIGHT = 0.1


def masks(length: int, window: int, device: torch.device) -> dict[str, torch.Tensor | None]:
    """Causal masks of a right-padded batch: none for full layers (plain causal), one for all rows for sliding ones."""
    i = torch.arange(length, device=device)
    near = (i[:, None] >= i[None]) & (i[:, None] - i[None] < window)
    return {FULL: None, SLIDING: near[None, None]}


def loss_of(
    model: Gemma4ForCausalLM, batch: MiniBatch, prompt_weight: float = 0.0
) -> tuple[torch.Tensor, torch.Tensor]:
    """(loss, the cross entropy of each token of the answer in it). Beside that either what the pointing head misses or,
    at `prompt_weight`, the cross entropy of the prompt, which costs a whole forward."""
    if not prompt_weight:
        reading = read(model, batch)
        entropies = cross_entropy(model.lm_head(reading.states).float(), batch.wanted, reduction="none")
        return entropies.mean() + POINTING * reading.pointing, entropies.detach()
    mask = masks(batch.ids.shape[1], model.config.sliding_window, batch.ids.device)
    states = model.model(input_ids=batch.ids, attention_mask=mask, use_cache=False).last_hidden_state
    rest = batch.real & ~batch.answer
    entropies = cross_entropy(model.lm_head(states[batch.answer]), batch.wanted, reduction="none")
    following = batch.ids.roll(-1, 1)[rest]
    return entropies.mean() + prompt_weight * cross_entropy(model.lm_head(states[rest]), following), entropies.detach()


@torch.no_grad()
def leaf_accuracy(model: Gemma4ForCausalLM, rows: list[TrainingRow]) -> float:
    """Share of values whose every token is the most likely one after the right prefix."""
    right = total = 0
    for batch in bucketed(rows, 8192, Random(0)):
        batch = batch.to(model.device)
        best = torch.zeros_like(batch.ids)
        best[batch.answer] = model.lm_head(read(model, batch).states).argmax(-1)
        for row, line in zip(batch.rows, best.tolist(), strict=True):
            for a, b in row.leaves:
                total += 1
                right += line[a - 1 : b - 1] == row.ids[a:b]
    return right / max(1, total)


class Average:
    """The weights of a model, averaged over time; a half-life back they count half."""

    def __init__(self, model: Gemma4ForCausalLM, half_life_s: float) -> None:
        self.model: Gemma4ForCausalLM = deepcopy(model).train(False)
        self._half_life_s = half_life_s

    @torch.no_grad()
    def add(self, model: Gemma4ForCausalLM, seconds: float) -> None:
        """`model` is what the weights were for the last `seconds`."""
        new = 1.0 - 0.5 ** (seconds / self._half_life_s)
        torch._foreach_lerp_(list(self.model.parameters()), list(model.parameters()), new)


class TargetTraining:
    """One run: the model, its average and its optimizer, from the checkpoint in `run_dir` where there is one, else from
    the target in `began_from`, a folder of `save_pretrained`, else new."""

    def __init__(
        self, plan: Plan, tokenizer: PreTrainedTokenizerFast, run_dir: Path, began_from: Path | None = None
    ) -> None:
        self._plan, self._saved = plan, run_dir / "checkpoint.pt"
        self._budget_s = plan.minutes * 60
        encoder = Encoder(tokenizer)
        self._model = build_target(len(tokenizer), plan.seed)
        if began_from:
            self._model.load_state_dict(Gemma4ForCausalLM.from_pretrained(began_from, dtype=torch.float32).state_dict())
        self._model.to(torch.device(plan.device))  # type: ignore[arg-type]
        self._start = [weight.detach().clone() for weight in self._model.parameters()] if plan.pull else []
        self._optimizer = Optimizer(self._model, plan.muon_lr, plan.adam_lr, half=plan.half)
        if plan.fast:
            compile_layers()
        self._average = Average(self._model, plan.half_life * self._budget_s)
        self._state = self._resumed()
        self._progress = Progress(self._state.spent / self._budget_s)
        self._checks = checks(encoder)
        self._losses: list[torch.Tensor] = []
        self._rate = 0.0  # of the last step, as a factor of the plan's
        pools = Pools(encoder, plan, self._state.index + rank(), self._progress)
        self._batches = stream(self._model, tokenizer, pools, plan)
        self._begun = time.monotonic()

    def run(self) -> Gemma4ForCausalLM:
        self._model.train()
        reported = stepped = self._begun = time.monotonic()
        while self._progress.value < 1:
            index, batch = next(self._batches)
            self._step(batch)
            self._state.index = max(self._state.index, index)
            self._average.add(self._model, time.monotonic() - stepped)
            stepped = time.monotonic()
            if rank() == 0 and stepped - reported > self._plan.report_s:
                reported = stepped
                self._report()
                self._save()
        if rank() == 0:
            self._save()
        return self._average.model

    def _step(self, batch: MiniBatch) -> None:
        counts, now = self._state, max(self._plan.least, self._progress.value)
        with self._plan.precision():
            loss, answer_losses = loss_of(self._model, batch, _PROMPT_WEIGHT if now < _PROMPTS else 0.0)
        torch.autograd.backward(loss)
        self._rate = self._factor()
        share(self._model, self._progress, self._spent() / self._budget_s)
        self._optimizer.step(self._rate)
        if self._start:
            with torch.no_grad():
                torch._foreach_lerp_(list(self._model.parameters()), self._start, self._plan.pull * self._rate)
        counts.step += 1
        counts.tokens += batch.tokens * world()
        self._losses.append(answer_losses.mean())

    def _factor(self) -> float:
        """Of the learning rate: up, level, and down to a hundredth."""
        warm = min(1.0, (self._state.step + 1) / _WARM_UP)
        return warm * min(1.0, (1.0 - self._progress.value) / (1.0 - self._plan.hold) + 0.01)

    def _report(self) -> None:
        with self._plan.precision():
            right = {name: round(leaf_accuracy(self._average.model, rows), 3) for name, rows in self._checks.items()}
        print(
            f"{self._spent() / 60:5.1f} min  step {self._state.step}  {self._state.tokens / 1e6:.2f} M tokens  "
            f"loss {torch.stack(self._losses).mean().item():.3f}  factor {self._rate:.2f}  {right}",
            flush=True,
        )
        self._losses.clear()

    def _spent(self) -> float:
        return self._state.spent + time.monotonic() - self._begun

    def _resumed(self) -> RunState:
        if not self._saved.exists():
            return RunState()
        state = torch.load(self._saved, weights_only=True)
        self._model.load_state_dict(state["model"])
        self._average.model.load_state_dict(state["average"])
        self._optimizer.load_state_dict(state["optimizer"])
        return RunState.of(state)

    def _save(self) -> None:
        states = {"model": self._model.state_dict(), "average": self._average.model.state_dict()}
        save(self._saved, self._state, self._spent(), optimizer=self._optimizer.state_dict(), **states)


def train(
    plan: Plan, tokenizer: PreTrainedTokenizerFast, run_dir: Path, began_from: Path | None = None
) -> Gemma4ForCausalLM:
    """Trains until `plan.minutes` are used up, saving now and then; returns the average.

    Inside a process group every process calls this; the first one reports and saves.
    """
    return TargetTraining(plan, tokenizer, run_dir, began_from).run()


def checks(encoder: Encoder) -> dict[str, list[TrainingRow]]:
    """Small sets to look at while training runs; no figure that is published comes from them."""
    sets = {}
    for name, split, size in (("seen", TRAIN, 1.0), ("all", NEW_EVERYTHING, 1.0), ("drill", TRAIN, 0.0)):
        sets[name] = [row for _, row in fixed(encoder, "dev", split, 16 if size else 24, size=size)]
    written = [encoder.row(task) for task in written_tasks.looked_at(Random("dev"))]
    sets["written"] = [row for row in written if len(row.ids) <= longest(1.0)]
    return sets
