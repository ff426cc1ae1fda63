"""Tasks as token ids, tokenized in the pieces the prompt builder uses, and batches of them.

A row is prompt + answer + end of turn. Knows nothing of models or losses.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from extractor.lab.training import sources, written_tasks
from extractor.lab.training.generate import Task, task
from extractor.lab.training.lexicon import TRAIN, Split
from extractor.lab.training.model import PAD, TURN_END

_OWN = 0.4  # of the whole documents trained on are of the project's own kinds, which have more to learn than others
_WRITTEN = 0.5  # of the whole documents trained on are written by hand
_STEP = 64  # lengths are multiples of it: a CPU's products are compiled for each shape, 5 ms each
_LEAF = re.compile(r'(?<=[\[{:,])("(?:[^"\\]|\\.)*"|-?[\d.]+|true|false|null)(?=[,}\]])')


@dataclass(frozen=True)
class TrainingRow:
    ids: list[int]
    start: int  # of the answer
    leaves: list[tuple[int, int]]  # token spans of the values of the answer, as [from, to)
    sources: list[tuple[int, int, bool]]  # (position before a value's token, its place in the document, a new place)
    lines: list[tuple[int, int]]  # (position that decides on a value, the end of the schema's line that asks for it)


class Encoder:
    """Turns a task into ids. The four pieces are tokenized by themselves and joined, as at inference."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self._tokens: Tokenizer = tokenizer.backend_tokenizer
        marker = "\x00"
        wrapped = str(
            tokenizer.apply_chat_template(
                [{"role": "user", "content": marker}], tokenize=False, add_generation_prompt=True
            )
        )
        before, after = wrapped.split(marker)
        self._before = self._special(tokenizer, before)
        self._after = self._special(tokenizer, after)
        self._tokenizer = tokenizer

    @staticmethod
    def _special(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False))

    def plain(self, text: str) -> list[int]:
        """Ids of text that may not contain control tokens: their spelling is read as text."""
        self._tokens.encode_special_tokens = True
        try:
            return list(self._tokens.encode(text, add_special_tokens=False).ids)
        finally:
            self._tokens.encode_special_tokens = False

    def prompt(self, task: Task) -> list[int]:
        opening, document, closing = task.pieces()
        return [*self._before, *self.plain(opening), *self.plain(document), *self.plain(closing), *self._after]

    def row(self, task: Task) -> TrainingRow:
        opening, document, closing = task.pieces()
        self._tokens.encode_special_tokens = True
        question = self._tokens.encode(opening, add_special_tokens=False)
        read = self._tokens.encode(document, add_special_tokens=False)
        answer = self._tokens.encode(task.answer, add_special_tokens=False)
        self._tokens.encode_special_tokens = False
        lead = [*self._before, *question.ids]
        prompt = [*lead, *read.ids, *self.plain(closing), *self._after]
        offsets = answer.offsets
        start = len(prompt)
        leaves = []
        position = 0
        for found in _LEAF.finditer(task.answer):
            a, b = found.span()
            while offsets[position][1] <= a:
                position += 1
            end = position
            while end < len(offsets) and offsets[end][0] < b:
                end += 1
            leaves.append((start + position, start + end))
        pointed = [
            (start + token - 1, len(lead) + place, first)
            for token, place, first in _sources(task, offsets, read.offsets)
        ]
        shown = opening.index("\n", opening.index("\nSchema ") + 1)
        ends = sources.lines(opening[shown:], task.answer) if task.origins else []
        lines = [
            (at, len(self._before) + bisect_right(question.offsets, shown + end, key=lambda span: span[0]) - 1)
            for (first, last), end in zip(leaves, ends, strict=False)
            for at in range(first - 1, min(first + 1, last))
        ]
        return TrainingRow([*prompt, *answer.ids, TURN_END], start, leaves, pointed, lines)


def _sources(
    task: Task, offsets: list[tuple[int, int]], places: list[tuple[int, int]]
) -> Iterator[tuple[int, int, bool]]:
    """(token of the answer, token of the document it comes from, whether that is not just the next one)."""
    if not task.origins:
        return
    spots = sources.places(task.document, task.origins)
    token = 0
    for found, one, spot in zip(_LEAF.finditer(task.answer), task.origins, spots, strict=True):
        if one is None or spot is None or "\\" in one.json:
            continue
        start = found.start() + one.json.startswith('"')
        aligned = dict(sources.aligned(one))
        while offsets[token][1] <= start:
            token += 1
        if start > found.start() and offsets[token][0] >= start and 0 in aligned:
            # whether there is a value at all is decided one token before its first, with the opening quote
            yield token - 1, bisect_right(places, spot + aligned[0], key=lambda span: span[0]) - 1, True
        last = -2
        for t in range(token, len(offsets)):
            if offsets[t][0] >= found.end():
                break
            char = max(start, offsets[t][0]) - start
            if char in aligned:
                place = bisect_right(places, spot + aligned[char], key=lambda span: span[0]) - 1
                yield t, place, place != last + 1
                last = place


@dataclass(frozen=True)
class MiniBatch:
    """`ids` [rows, length], right-padded; `answer` marks the positions whose next token belongs to the answer, and
    `flat` counts them in `ids.flatten()`; `wanted` are those tokens, whatever `ids` may be made to say. Answers alone,
    padded by themselves, are [rows, `most`], and `slots` are those same positions in that, flattened. `sources` and
    `lines` [n, 4] are (row, slot, place to look at, whether that is not just the next one)."""

    ids: torch.Tensor
    answer: torch.Tensor
    real: torch.Tensor
    flat: torch.Tensor
    wanted: torch.Tensor
    slots: torch.Tensor
    sources: torch.Tensor
    lines: torch.Tensor
    most: int
    rows: list[TrainingRow]

    @property
    def tokens(self) -> int:
        return sum(len(row.ids) for row in self.rows)

    def to(self, device: torch.device) -> MiniBatch:
        return self._each(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> MiniBatch:
        """What a DataLoader asks for before it hands a batch to a GPU."""
        return self._each(torch.Tensor.pin_memory)

    def _each(self, change: Callable[[torch.Tensor], torch.Tensor]) -> MiniBatch:
        changed: dict[str, Any] = {
            name: change(value) for name, value in vars(self).items() if isinstance(value, torch.Tensor)
        }
        return replace(self, **changed)


def padded(length: int) -> int:
    return -(-length // _STEP) * _STEP


def collate(rows: list[TrainingRow]) -> MiniBatch:
    length = padded(max(len(row.ids) for row in rows))
    most = padded(max(len(row.ids) - row.start for row in rows))
    ids = torch.full((len(rows), length), PAD)
    answer = torch.zeros(len(rows), length, dtype=torch.bool)
    real = torch.zeros(len(rows), length, dtype=torch.bool)
    used = torch.zeros(len(rows), most, dtype=torch.bool)
    sources, lines = [], []
    for i, row in enumerate(rows):
        ids[i, : len(row.ids)] = torch.tensor(row.ids)
        answer[i, row.start - 1 : len(row.ids) - 1] = True
        real[i, : len(row.ids) - 1] = True
        used[i, : len(row.ids) - row.start] = True
        sources += [(i, position - row.start + 1, place, new) for position, place, new in row.sources]
        lines += [(i, position - row.start + 1, place, 1) for position, place in row.lines]
    flat = answer.flatten().nonzero()[:, 0]
    return MiniBatch(
        ids, answer, real, flat, ids.flatten()[flat + 1], used.flatten().nonzero()[:, 0],
        torch.tensor(sources).view(-1, 4), torch.tensor(lines).view(-1, 4), most, rows,
    )  # fmt: skip


def by_length(rows: list[TrainingRow], budget: int) -> list[MiniBatch]:
    """Batches of about `budget` tokens, the shortest rows first."""
    batches: list[list[TrainingRow]] = [[]]
    for row in sorted(rows, key=lambda row: len(row.ids)):
        if batches[-1] and padded(len(row.ids)) * (len(batches[-1]) + 1) > budget:
            batches.append([])
        batches[-1].append(row)
    return [collate(some) for some in batches]


def bucketed(rows: list[TrainingRow], budget: int, rng: Random) -> list[MiniBatch]:
    """Batches of about `budget` tokens, each of rows of like length, in random order."""
    batches = by_length(rows, budget)
    rng.shuffle(batches)
    return batches


def pool(
    encoder: Encoder, seed: int, index: int, sizes: list[tuple[float, float]], count: int, limit: int
) -> list[TrainingRow]:
    """The `index`-th pool of training rows: `sizes` are (size, share); rows over `limit` tokens are left out."""
    rng = Random(f"pool/{seed}/{index}")
    rows: list[TrainingRow] = []
    while len(rows) < count:
        size = rng.choices([size for size, _ in sizes], [share for _, share in sizes])[0]
        by_hand = size >= 1 and rng.random() < _WRITTEN
        row = encoder.row(written_tasks.drawn(rng) if by_hand else task(rng, TRAIN, size, _OWN))
        if len(row.ids) <= limit:
            rows.append(row)
    return rows


def fixed(
    encoder: Encoder, seed: str, split: Split, count: int, limit: int = 2000, size: float = 1.0
) -> Iterator[tuple[Task, TrainingRow]]:
    """The first `count` tasks of a named set with their rows."""
    rng = Random(f"set/{seed}/{split}")
    while count:
        one = task(rng, split, size)
        row = encoder.row(one)
        if len(row.ids) <= limit:
            count -= 1
            yield one, row
