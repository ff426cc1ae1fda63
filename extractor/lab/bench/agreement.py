"""Whether engines wrote the same, and where they did not, what the model alone thinks of the two tokens there."""

from __future__ import annotations

from typing import Any

import torch
from llguidance import LLMatcher

from extractor.engine.model.loader import Models
from extractor.engine.verify import unpack
from extractor.lab.bench.contender import Contender, RunOutcome
from extractor.lab.bench.table import rows_of
from extractor.lab.bench.workload import Case

ROUNDING = 1e-4  # logits in float32


def with_outlines(results: list[tuple[Contender, list[RunOutcome]]]) -> dict[str, str] | None:
    """How many documents each of ours wrote exactly as generate + Outlines did: the same grammar, greedy, float32. None
    where that did not run."""
    other = next((outcomes[-1].ids for runner, outcomes in results if runner.name == "hf-outlines"), None)
    if other is None:
        return None
    return {
        f"{'+'.join(runner.drafters) or 'none'}, {rows_of(runner.rows)}": (
            f"{sum(a == b for a, b in zip(outcomes[-1].ids, other, strict=True))} of {len(other)}"
        )
        for runner, outcomes in results
        if runner.name == "ours"
    }


def with_vllm(
    models: Models, workload: list[Case], results: list[tuple[Contender, list[RunOutcome]]]
) -> list[dict[str, Any]]:
    """For each run of vLLM: how many documents it wrote exactly as ours did with as many rows, and how each of the
    others differs. Empty where it did not run."""
    ours = {runner.rows: outcomes[-1].ids for runner, outcomes in reversed(results) if runner.name == "ours"}
    found = []
    for runner, outcomes in results:
        if runner.name.startswith("vllm"):
            pairs = list(zip(workload, ours[runner.rows], outcomes[-1].ids, strict=True))
            apart = [difference(models, case, one, two) for case, one, two in pairs if one != two]
            same = len(pairs) - len(apart)
            found.append({"engine": runner.name, "rows": runner.rows, "same": same, "differences": apart})
    return found


@torch.inference_mode()
def difference(models: Models, case: Case, one: list[int], two: list[int]) -> dict[str, Any]:
    """Where two outputs part, with their tokens' logits from a forward without cache or drafts. `gap`: of the worse one
    to the best that is allowed. In float32 it is `rounding` where the grammar allows both, and both are within ROUNDING
    of that best."""
    shared = list(zip(one, two, strict=False))
    at = next((i for i, (a, b) in enumerate(shared) if a != b), len(shared))
    pair = [ids[at] if at < len(ids) else models.stop_ids[0] for ids in (one, two)]
    ids = torch.tensor([case.prompt + one[:at]], device=models.target.device)
    logits = models.target(ids).logits[0, -1].float().cpu()
    allowed = _allowed(models, case.grammar, one[:at], logits.shape[0])
    best = float(logits[allowed].max())
    gap = max(best - float(logits[token]) for token in pair)
    return {
        "position": at,
        "tokens": pair,
        "allowed": [bool(allowed[token]) for token in pair],
        "logits": [float(logits[token]) for token in pair],
        "gap": gap,
        "rounding": bool(allowed[pair].all()) and gap < ROUNDING,
    }


def _allowed(models: Models, grammar: str | None, written: list[int], vocab: int) -> torch.Tensor:
    """Which tokens may come next."""
    if grammar is None:
        return torch.ones(vocab, dtype=torch.bool)
    matcher = LLMatcher(models.ll_tokenizer, models.bound(grammar))
    matcher.consume_tokens(written)
    bits = torch.zeros((1, (vocab + 31) // 32), dtype=torch.int32)
    matcher.unsafe_compute_mask_ptr(bits.data_ptr(), bits.numel() * 4)
    return unpack(bits, vocab)[0]
