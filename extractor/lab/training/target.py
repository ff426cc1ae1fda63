"""Trains the target by wall-clock: warm up, hold, then decay to zero when the minutes are used up.

What is exported is a running average of the weights on the way: it is wrong a quarter less often than the last ones.
Resumes from `checkpoint.pt` in the run folder. Documents get longer as training goes on; field names nobody has seen
are there from the first step, for they do not come later.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from random import Random

import torch
import torch.distributed as dist
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from transformers import Gemma4ForCausalLM, PreTrainedTokenizerFast

from extractor.lab.training.encode import Encoder, MiniBatch, TrainingRow, bucketed, by_length, fixed, pool
from extractor.lab.training.forward import compile_layers, read
from extractor.lab.training.hard_mining import hardest_rows, plain_tokens
from extractor.lab.training.lexicon import NEW_EVERYTHING, TRAIN
from extractor.lab.training.model import FULL, SLIDING, build_target
from extractor.lab.training.optim import Optimizer

POINTING = 0.3  # weight of the loss of the head that points
_READ = 4  # batches read for one that is trained on, once most rows are right
_AGAIN = 24  # batches later one is trained on a second time


@dataclass(frozen=True)
class Plan:
    """How one model is trained. `minutes` of training, the time of earlier runs of the same checkpoint included."""

    minutes: float
    seed: int = 1
    batch_tokens: int = 4096
    pool_rows: int = 384  # drawn at a time and sorted by length
    muon_lr: float = 0.0055
    adam_lr: float = 1.0e-3
    hold: float = 0.37  # of the time, before the decay
    half_life: float = 0.1  # of the time, after which weights count half in the average
    report_s: float = 180
    fast: bool = False  # compiled layers and bf16 products: 1.7 times the speed of one process (Xeon with AMX)
    device: str = "cpu"  # or "cuda": bf16 products, nothing compiled
    workers: int = 0  # processes that make batches for this one; a core makes some 100,000 tokens a second

    @property
    def half(self) -> bool:
        return self.fast or self.device == "cuda"

    def precision(self) -> torch.autocast:
        return torch.autocast(self.device, torch.bfloat16, enabled=self.half)


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
        said = cross_entropy(model.lm_head(reading.states).float(), batch.wanted, reduction="none")
        return said.mean() + POINTING * reading.pointing, said.detach()
    mask = masks(batch.ids.shape[1], model.config.sliding_window, batch.ids.device)
    states = model.model(input_ids=batch.ids, attention_mask=mask, use_cache=False).last_hidden_state
    rest = batch.real & ~batch.answer
    said = cross_entropy(model.lm_head(states[batch.answer]), batch.wanted, reduction="none")
    following = batch.ids.roll(-1, 1)[rest]
    return said.mean() + prompt_weight * cross_entropy(model.lm_head(states[rest]), following), said.detach()


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


def sizes(progress: float) -> list[tuple[float, float]]:
    """(size, share) of the documents: small ones first."""
    if progress < 0.2:
        return [(0.0, 0.55), (0.25, 0.2), (0.5, 0.25)]
    if progress < 0.5:
        return [(0.0, 0.35), (0.5, 0.4), (1.0, 0.25)]
    if progress < 0.85:
        return [(0.0, 0.2), (0.5, 0.3), (1.0, 0.5)]
    return [(0.0, 0.08), (0.5, 0.25), (1.0, 0.64), (2.0, 0.03)]


def longest(progress: float) -> int:
    """Tokens of the longest row that is trained on."""
    return 512 if progress < 0.2 else 768 if progress < 0.5 else 1152 if progress < 0.85 else 2048


class Progress:
    """Of the time that is there, between 0 and 1; the same in every process of a run."""

    def __init__(self, value: float) -> None:
        self._shared = RawValue("d", value)  # workers that make batches see it too

    @property
    def value(self) -> float:
        return float(self._shared.value)

    @value.setter
    def value(self, value: float) -> None:
        self._shared.value = value


class Pools(IterableDataset[tuple[int, list[MiniBatch]]]):
    """Endless (pool index, batches of like length of which one is to be made) from pool `index` on. A process takes
    every `world()`-th pool, and where a DataLoader has workers for it, they take turns at these."""

    def __init__(self, encoder: Encoder, plan: Plan, index: int, progress: Progress) -> None:
        self._encoder, self._plan, self._index, self._progress = encoder, plan, index, progress
        self._processes = world()

    def __iter__(self) -> Iterator[tuple[int, list[MiniBatch]]]:
        worker = get_worker_info()
        at, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        plan, index = self._plan, self._index + at * self._processes
        while True:
            now = self._progress.value
            count = plan.pool_rows // self._processes
            rows = pool(self._encoder, plan.seed, index, sizes(now), count, longest(now))
            batches = by_length(rows, plan.batch_tokens)
            together = _READ if now >= 0.2 else 1
            groups = [batches[start : start + together] for start in range(0, len(batches), together)]
            Random(index // self._processes).shuffle(groups)
            for group in groups:
                yield index, group
            index += workers * self._processes


def fresh(pools: Pools, plan: Plan) -> Iterator[tuple[int, list[MiniBatch]]]:
    """Endless (pool index, batches) on the plan's device, made ahead where the plan has workers."""
    device = torch.device(plan.device)
    loader = DataLoader(pools, batch_size=None, num_workers=plan.workers, pin_memory=device.type == "cuda")
    for index, group in loader:
        yield index, [batch.to(device) for batch in group]


def stream(
    model: Gemma4ForCausalLM, tokenizer: PreTrainedTokenizerFast, pools: Pools, plan: Plan
) -> Iterator[tuple[int, MiniBatch]]:
    """The hardest rows of `fresh`, each batch of them twice."""
    waiting: deque[MiniBatch] = deque()
    plain, rng = plain_tokens(tokenizer), Random(rank())
    for index, group in fresh(pools, plan):
        with plan.precision():
            batch = hardest_rows(model, group, plain, rng)
        yield index, batch
        waiting.append(batch)
        if len(waiting) > _AGAIN:
            yield index, waiting.popleft()


def world() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def share(model: torch.nn.Module, progress: Progress, now: float) -> None:
    """Averages gradients and progress over the processes: one process a core loses less to a busy machine than
    threads that wait for each other in every product."""
    if world() == 1:
        progress.value = now
        return
    weights = [weight for weight in model.parameters() if weight.grad is not None]
    flat = torch.cat([*(weight.grad.flatten() for weight in weights if weight.grad is not None), torch.tensor([now])])
    dist.all_reduce(flat)
    flat /= world()
    progress.value = flat[-1].item()
    for weight, grad in zip(weights, torch.split(flat[:-1], [weight.numel() for weight in weights]), strict=True):
        weight.grad = grad.view_as(weight)


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


def train(plan: Plan, tokenizer: PreTrainedTokenizerFast, run_dir: Path) -> Gemma4ForCausalLM:
    """Trains until `plan.minutes` are used up, saving now and then; returns the average.

    Inside a process group every process calls this; the first one reports and saves.
    """
    encoder = Encoder(tokenizer)
    model = build_target(len(tokenizer), plan.seed)
    model.to(torch.device(plan.device))  # type: ignore[arg-type]
    optimizer = Optimizer(model, plan.muon_lr, plan.adam_lr, half=plan.half)
    if plan.fast:
        compile_layers()
    saved = run_dir / "checkpoint.pt"
    index = step = tokens = 0
    spent = 0.0
    budget = plan.minutes * 60
    average = Average(model, plan.half_life * budget)
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        model.load_state_dict(state["model"])
        average.model.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        index, step, tokens, spent = state["index"], state["step"], state["tokens"], state["spent"]
    model.train()
    progress = Progress(spent / budget)
    checks = _checks(encoder)
    losses: list[torch.Tensor] = []
    batches = stream(model, tokenizer, Pools(encoder, plan, index + rank(), progress), plan)
    begun = reported = stepped = time.monotonic()
    while progress.value < 1:
        at, batch = next(batches)
        index = max(index, at)
        factor = min(1.0, (step + 1) / 60) * min(1.0, (1.0 - progress.value) / (1.0 - plan.hold) + 0.01)
        with plan.precision():
            loss, said = loss_of(model, batch, 0.1 if progress.value < 0.06 else 0.0)
        torch.autograd.backward(loss)
        share(model, progress, (spent + time.monotonic() - begun) / budget)
        optimizer.step(factor)
        average.add(model, time.monotonic() - stepped)
        stepped = time.monotonic()
        step += 1
        tokens += batch.tokens * world()
        losses.append(said.mean())
        if rank() == 0 and time.monotonic() - reported > plan.report_s:
            reported = time.monotonic()
            right = {name: round(leaf_accuracy(average.model, rows), 3) for name, rows in checks.items()}
            elapsed = spent + time.monotonic() - begun
            print(
                f"{elapsed / 60:5.1f} min  step {step}  {tokens / 1e6:.2f} M tokens  "
                f"loss {torch.stack(losses).mean().item():.3f}  factor {factor:.2f}  {right}",
                flush=True,
            )
            losses.clear()
            _save(saved, model, average.model, optimizer, index, step, tokens, elapsed)
    if rank() == 0:
        _save(saved, model, average.model, optimizer, index, step, tokens, spent + time.monotonic() - begun)
    return average.model


def _checks(encoder: Encoder) -> dict[str, list[TrainingRow]]:
    """Small sets to look at while training runs; no figure that is published comes from them."""
    made = {}
    for name, split, size in (("seen", TRAIN, 1.0), ("all", NEW_EVERYTHING, 1.0), ("drill", TRAIN, 0.0)):
        made[name] = [row for _, row in fixed(encoder, "dev", split, 16 if size else 24, size=size)]
    return made


def _save(
    path: Path,
    model: Gemma4ForCausalLM,
    average: Gemma4ForCausalLM,
    optimizer: Optimizer,
    index: int,
    step: int,
    tokens: int,
    spent: float,
) -> None:
    state = {
        "model": model.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "index": index,
        "step": step,
        "tokens": tokens,
        "spent": spent,
    }
    draft = path.with_suffix(".tmp")
    torch.save(state, draft)
    draft.rename(path)
