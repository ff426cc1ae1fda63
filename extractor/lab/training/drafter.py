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
from extractor.lab.training.target import Plan, Pools, Progress, fresh

STEPS = 8


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
        said = torch.zeros_like(batch.ids)
        said[batch.answer] = target.lm_head(final).argmax(-1)
        following = batch.ids.roll(-1, 1)
        agrees = (said == following) & batch.answer  # [i]: the target says x_(i+1) after x_i
    starts = [list(range(row.start + shift, len(row.ids) - 1, every)) or [row.start] for row in batch.rows]
    most = max(map(len, starts))
    device = batch.ids.device
    anchors = torch.tensor([some + [some[-1]] * (most - len(some)) for some in starts], device=device)
    counts = torch.tensor([[j < len(some) for j in range(most)] for some in starts], device=device)
    rows = torch.arange(len(starts), device=device)[:, None]
    before = torch.arange(batch.ids.shape[1], device=device) < anchors[..., None]
    embed = target.get_input_embeddings()
    state = states[rows, anchors - 1]
    made = []
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
        made.append((drafter.lm_head(inner[counts]), following[rows, here][counts]))
    return made


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


def train(
    plan: Plan, target: Gemma4ForCausalLM, tokenizer: PreTrainedTokenizerFast, run_dir: Path
) -> Gemma4AssistantForCausalLM:
    """Trains until `plan.minutes` are used up; resumes from `drafter.pt` in the run folder."""
    encoder = Encoder(tokenizer)
    device: Any = torch.device(plan.device)
    target.train(False).requires_grad_(False).to(device)
    drafter = build_drafter(len(tokenizer), plan.seed)
    drafter.to(device)
    with torch.no_grad():  # the two vocabularies are one: start from what the target knows of it
        drafter.lm_head.weight.copy_(target.lm_head.weight)
    optimizer = Optimizer(drafter, plan.muon_lr, plan.adam_lr)
    saved = run_dir / "drafter.pt"
    index, step, spent = 100_000, 0, 0.0  # pools the target did not see
    tokens = 0
    if saved.exists():
        state = torch.load(saved, weights_only=True)
        drafter.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        index, step, tokens, spent = state["index"], state["step"], state["tokens"], state["spent"]
    drafter.train()
    checks = bucketed([row for _, row in fixed(encoder, "dev", NEW_VALUES, 8)], 8192, Random(0))
    budget = plan.minutes * 60
    begun = reported = time.monotonic()
    losses: list[float] = []
    pools = Pools(encoder, plan, index, Progress(1.0))
    for at, batch in ((at, batch) for at, group in fresh(pools, plan) for batch in group):
        progress = (spent + time.monotonic() - begun) / budget
        if progress >= 1:
            break
        index = max(index, at + 1)
        factor = min(1.0, (step + 1) / 40) * min(1.0, (1.0 - progress) / (1.0 - plan.hold) + 0.01)
        loss = loss_of(unroll(target, drafter, batch, STEPS, every=3, shift=step % 3))
        torch.autograd.backward(loss)
        optimizer.step(factor)
        step += 1
        tokens += batch.tokens
        losses.append(loss.item())
        if time.monotonic() - reported > plan.report_s:
            reported = time.monotonic()
            drafter.train(False)
            rates = accepted(target, drafter, checks)
            drafter.train()
            elapsed = spent + time.monotonic() - begun
            print(
                f"{elapsed / 60:5.1f} min  step {step}  {tokens / 1e6:.2f} M tokens  loss {mean(losses):.3f}  "
                f"right at each step {rates}",
                flush=True,
            )
            losses.clear()
            _save(saved, drafter, optimizer, index, step, tokens, elapsed)
    _save(saved, drafter, optimizer, index, step, tokens, spent + time.monotonic() - begun)
    return drafter


def _save(
    path: Path,
    model: Gemma4AssistantForCausalLM,
    optimizer: Optimizer,
    index: int,
    step: int,
    tokens: int,
    spent: float,
) -> None:
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "index": index,
        "step": step,
        "tokens": tokens,
        "spent": spent,
    }
    draft = path.with_suffix(".tmp")
    torch.save(state, draft)
    draft.rename(path)
