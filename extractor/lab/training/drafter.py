"""Trains the drafter as the chain it is used as.

At position i it sees embed(x_i), the target's hidden state h_(i-1) and the target's KV of positions before i, and says
x_(i+1); each further step sees the token just said and the drafter's own projected state, with the same KV and the
same position id (transformers' SinglePositionMultiTokenCandidateGenerator). All positions of an answer are unrolled
side by side; a step counts only where the target itself would have said every token up to it.
"""

from __future__ import annotations

import time
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import Gemma4AssistantForCausalLM, Gemma4ForCausalLM, PreTrainedTokenizerFast

from extractor.lab.training.encode import Encoder, MiniBatch, bucketed, fixed
from extractor.lab.training.forward import read
from extractor.lab.training.lexicon import NEW_VALUES
from extractor.lab.training.model import FULL, build_drafter
from extractor.lab.training.optim import Optimizer
from extractor.lab.training.plan import Plan, RunState, save
from extractor.lab.training.pools import Pools, fresh
from extractor.lab.training.processes import Progress

STEPS = 8
_EVERY = 3  # positions of an answer, of which one starts a chain; another one in the next step
_WARM_UP = 40  # steps
_FIRST_POOL = 100_000  # which the target did not see


def unroll(
    target: Gemma4ForCausalLM,
    drafter: Gemma4AssistantForCausalLM,
    batch: MiniBatch,
    steps: int,
    every: int = 1,
    shift: int = 0,
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """For each step of the chain: (logits [n, vocabulary], wanted [n]) over the positions that count.

    Only every `every`-th position of an answer, from `shift` on, starts a chain.
    """
    with torch.no_grad():
        reading = read(target, batch)
        final = reading.states
        states = final.new_zeros(*batch.ids.shape, final.shape[-1])
        states[batch.answer] = final
        argmax = torch.zeros_like(batch.ids)
        argmax[batch.answer] = target.lm_head(final).argmax(-1)
        following = batch.ids.roll(-1, 1)
        agrees = (argmax == following) & batch.answer  # [i]: the target says x_(i+1) after x_i
    starts = [list(range(row.start + shift, len(row.ids) - 1, every)) or [row.start] for row in batch.rows]
    most = max(map(len, starts))
    device = batch.ids.device
    anchors = torch.tensor([some + [some[-1]] * (most - len(some)) for some in starts], device=device)
    counts = torch.tensor([[j < len(some) for j in range(most)] for some in starts], device=device)
    rows = torch.arange(len(starts), device=device)[:, None]
    before = torch.arange(batch.ids.shape[1], device=device) < anchors[..., None]
    embed = target.get_input_embeddings()
    state = states[rows, anchors - 1]
    chain = []
    for step in range(steps):
        here = (anchors + step).clamp(max=batch.ids.shape[1] - 1)
        counts = counts & agrees[rows, here]
        with torch.no_grad():
            token = embed(batch.ids[rows, here])
        inner = drafter.model(
            inputs_embeds=drafter.pre_projection(torch.cat([token, state], -1)),
            attention_mask={FULL: before[:, None]},
            position_ids=anchors,
            shared_kv_states=reading.stored,
            use_cache=False,
            logits_to_keep=slice(None),  # all; where it is a number, transformers 5.24 cuts inputs that are not there
        ).last_hidden_state
        state = drafter.post_projection(inner)
        chain.append((drafter.lm_head(inner[counts]), following[rows, here][counts]))
    return chain


def loss_of(chain: list[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
    """Early steps weigh more: a late one is only reached when the early ones were right."""
    weights = [0.88**step for step in range(len(chain))]
    terms = [
        weight * cross_entropy(logits, wanted)
        for weight, (logits, wanted) in zip(weights, chain, strict=True)
        if len(wanted)
    ]
    if not terms:  # a target that says nothing right yet teaches nothing
        return chain[0][0].sum()
    return torch.stack(terms).sum() / sum(weights)


@torch.no_grad()
def accepted(target: Gemma4ForCausalLM, drafter: Gemma4AssistantForCausalLM, batches: list[MiniBatch]) -> list[float]:
    """Per step: the share of positions where the chain is right at it, given the right tokens before it: not its own,
    so an earlier miss does not count again. Where the target itself would have said otherwise is left out."""
    right, total = [0.0] * STEPS, [0] * STEPS
    for batch in batches:
        for step, (logits, wanted) in enumerate(unroll(target, drafter, batch.to(target.device), STEPS)):
            right[step] += (logits.argmax(-1) == wanted).sum().item()
            total[step] += len(wanted)
    return [round(r / max(1, t), 3) for r, t in zip(right, total, strict=True)]


class DrafterTraining:
    """One run: the drafter and its optimizer, from `drafter.pt` in `run_dir` where that is, else from the drafter in
    `began_from`, a folder of `save_pretrained`, else new. The target is only read."""

    def __init__(
        self,
        plan: Plan,
        target: Gemma4ForCausalLM,
        tokenizer: PreTrainedTokenizerFast,
        run_dir: Path,
        began_from: Path | None = None,
    ) -> None:
        self._plan, self._target, self._saved = plan, target, run_dir / "drafter.pt"
        self._budget_s = plan.minutes * 60
        self._encoder = Encoder(tokenizer)
        device: Any = torch.device(plan.device)
        target.train(False).requires_grad_(False).to(device)
        self._drafter = build_drafter(len(tokenizer), plan.seed)
        self._drafter.to(device)
        if began_from:
            known = Gemma4AssistantForCausalLM.from_pretrained(began_from, dtype=torch.float32)
            self._drafter.load_state_dict(known.state_dict())
        else:
            with torch.no_grad():  # the two vocabularies are one: start from what the target knows of it
                self._drafter.lm_head.weight.copy_(target.lm_head.weight)
        self._optimizer = Optimizer(self._drafter, plan.muon_lr, plan.adam_lr)
        self._state = self._resumed()
        self._checks = bucketed([row for _, row in fixed(self._encoder, "dev", NEW_VALUES, 8)], 8192, Random(0))
        self._losses: list[float] = []
        self._begun = time.monotonic()

    def run(self) -> Gemma4AssistantForCausalLM:
        self._drafter.train()
        reported = self._begun = time.monotonic()
        pools = Pools(self._encoder, self._plan, self._state.index, Progress(1.0))
        for index, batch in ((index, batch) for index, group in fresh(pools, self._plan) for batch in group):
            progress = self._spent() / self._budget_s
            if progress >= 1:
                break
            self._state.index = max(self._state.index, index + 1)
            self._step(batch, progress)
            if time.monotonic() - reported > self._plan.report_s:
                reported = time.monotonic()
                self._report()
                self._save()
        self._save()
        return self._drafter

    def _step(self, batch: MiniBatch, progress: float) -> None:
        counts = self._state
        warm = min(1.0, (counts.step + 1) / _WARM_UP)
        factor = warm * min(1.0, (1.0 - progress) / (1.0 - self._plan.hold) + 0.01)
        loss = loss_of(unroll(self._target, self._drafter, batch, STEPS, every=_EVERY, shift=counts.step % _EVERY))
        torch.autograd.backward(loss)
        self._optimizer.step(factor)
        counts.step += 1
        counts.tokens += batch.tokens
        self._losses.append(loss.item())

    def _report(self) -> None:
        self._drafter.train(False)
        rates = accepted(self._target, self._drafter, self._checks)
        self._drafter.train()
        print(
            f"{self._spent() / 60:5.1f} min  step {self._state.step}  {self._state.tokens / 1e6:.2f} M tokens  "
            f"loss {mean(self._losses):.3f}  right at each step {rates}",
            flush=True,
        )
        self._losses.clear()

    def _spent(self) -> float:
        return self._state.spent + time.monotonic() - self._begun

    def _resumed(self) -> RunState:
        if not self._saved.exists():
            return RunState(index=_FIRST_POOL)
        state = torch.load(self._saved, weights_only=True)
        self._drafter.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        return RunState.of(state)

    def _save(self) -> None:
        states = {"model": self._drafter.state_dict(), "optimizer": self._optimizer.state_dict()}
        save(self._saved, self._state, self._spent(), **states)


def train(
    plan: Plan,
    target: Gemma4ForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    run_dir: Path,
    began_from: Path | None = None,
) -> Gemma4AssistantForCausalLM:
    """Trains until `plan.minutes` are used up; resumes from `drafter.pt` in the run folder."""
    return DrafterTraining(plan, target, tokenizer, run_dir, began_from).run()
