"""Which rows a model is trained on once it is right about most, and the mistakes it makes on them.

To read a row costs a third of training on it, and from most a model that is nearly always right learns nothing. But
trained only on what is printed it has never seen a mistake of its own, and after one it may write on without end: so
what it would have written stands in place of some tokens, and what follows them is to be said all the same.
"""

from __future__ import annotations

from random import Random

import torch
from torch.nn.functional import cross_entropy
from transformers import Gemma4ForCausalLM, PreTrainedTokenizerFast

from extractor.lab.training.encode import MiniBatch, TrainingRow, collate
from extractor.lab.training.forward import read

_ANY = 0.2  # of a batch's rows are taken whatever the model says, for what is common is to stay known
_WRONG = 0.5  # of the tokens it would get wrong, it is given its own instead
_SLIPS = 0.02  # of those it would get right, it is given the second likeliest instead


def plain_tokens(tokenizer: PreTrainedTokenizerFast) -> torch.Tensor:
    """[vocabulary] bool: the tokens that neither open nor end anything in JSON."""
    texts = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    special = set(tokenizer.all_special_ids)
    return torch.tensor([i not in special and not set(text) & set('"\\{}[]:,') for i, text in enumerate(texts)])


def hardest_rows(model: Gemma4ForCausalLM, group: list[MiniBatch], plain: torch.Tensor, rng: Random) -> MiniBatch:
    """Of the rows of `group` as many as one batch of it holds: most are those that `model` is worst at, and mistakes of
    its own are in what it is given. A group of one batch is trained on as it is."""
    if len(group) == 1:
        return group[0]
    ranked: list[tuple[float, TrainingRow, torch.Tensor]] = []
    with torch.no_grad():
        for batch in group:
            scores = model.lm_head(read(model, batch).states).float()
            entropies = cross_entropy(scores, batch.wanted, reduction="none")
            rows = batch.flat // batch.ids.shape[1]
            losses = entropies.new_zeros(len(batch.rows)).index_add(0, rows, entropies).tolist()
            best = scores.topk(2).indices.cpu().split([len(row.ids) - row.start for row in batch.rows])
            ranked += zip(losses, batch.rows, best, strict=True)
    ranked.sort(key=lambda it: -it[0])
    count = len(max(group, key=lambda batch: batch.ids.shape[1]).rows)
    worst = count - round(_ANY * count)
    taken = ranked[:worst] + rng.sample(ranked[worst:], count - worst)
    hard = collate([row for _, row, _ in taken])
    for given, (_, row, best) in zip(hard.ids, taken, strict=True):
        for at, token in mistakes(row, best, plain, rng):
            given[at] = token
    return hard.to(model.device)


def mistakes(row: TrainingRow, best: torch.Tensor, plain: torch.Tensor, rng: Random) -> list[tuple[int, int]]:
    """(place in `row.ids`, token to stand there): inside values only. `best` [tokens of the answer, 2] are the two
    likeliest tokens for each place of the answer."""
    found = []
    guesses = best.tolist()
    for first, end in row.leaves:
        for at in range(first, end):
            token, (likeliest, second) = row.ids[at], guesses[at - row.start]
            wrong = likeliest != token
            other = likeliest if wrong else second
            if plain[token] and plain[other] and rng.random() < (_WRONG if wrong else _SLIPS):
                found.append((at, other))
    return found
