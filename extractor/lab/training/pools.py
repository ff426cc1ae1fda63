"""What a model reads while it is trained: pools of rows, small documents first, in batches of like length."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from random import Random

import torch
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from transformers import Gemma4ForCausalLM, PreTrainedTokenizerFast

from extractor.lab.training.encode import Encoder, MiniBatch, by_length, pool
from extractor.lab.training.hard_mining import hardest_rows, plain_tokens
from extractor.lab.training.plan import Plan
from extractor.lab.training.processes import Progress, rank, world

_AGAIN = 24  # batches later one is trained on a second time


def sizes(progress: float) -> list[tuple[float, float]]:
    """(size, share) of the documents: small ones first."""
    if progress < 0.2:
        return [(0.0, 0.55), (0.25, 0.2), (0.5, 0.25)]
    if progress < 0.5:
        return [(0.0, 0.35), (0.5, 0.4), (1.0, 0.25)]
    if progress < 0.85:
        return [(0.0, 0.2), (0.5, 0.3), (1.0, 0.5)]
    return [(0.0, 0.12), (0.5, 0.25), (1.0, 0.6), (2.0, 0.03)]


def longest(progress: float) -> int:
    """Tokens of the longest row that is trained on."""
    return 512 if progress < 0.2 else 768 if progress < 0.5 else 1152 if progress < 0.85 else 2048


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
            now = max(plan.least, self._progress.value)
            count = plan.pool_rows // self._processes
            rows = pool(self._encoder, plan.seed, index, sizes(now), count, longest(now))
            batches = by_length(rows, plan.batch_tokens)
            together = plan.read if now >= 0.2 else 1
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
