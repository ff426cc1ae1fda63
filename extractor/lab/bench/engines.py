"""The engines compared: ours with any drafters, and what one would otherwise run in transformers. All read the same
token ids, each prompt once a run, decode greedily and stop at the same tokens or the same length; where there is no
grammar, other text may be written. Each returns what it wrote and how many forwards that took.

    ours            this project's engine; what rows that run together begin alike with is read once
    hf              generate(): no grammar, no drafts, one row
    hf-outlines     generate() with Outlines' llguidance logits processor: the same grammar as ours, one row
    hf-assisted     generate() with the MTP drafter: no grammar (its processors break under it), one row, as many draft
                    tokens as ours
    vllm, vllm-mtp  vLLM without and with the MTP drafter, from an environment of its own (`vllm.py`): the same grammar
                    as ours, and as many rows
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from typing import Any

import torch

from extractor.engine import DRAFTERS, Completion, Engine, EngineConfig, Params, Request
from extractor.engine.limits.limits import Limits
from extractor.engine.model.loader import Models, ModelSpec, load
from extractor.lab.bench.contender import Contender, RunOutcome
from extractor.lab.bench.workload import Case

BASELINES = ("hf", "hf-outlines", "hf-assisted", "vllm", "vllm-mtp")


class Ours:
    """Our engine with a drafter mix, `rows` documents at a time."""

    def __init__(self, models: Models, drafters: tuple[str, ...], rows: int, context: int, max_draft: int) -> None:
        self.name, self.drafters, self.rows = "ours", drafters, rows
        on_gpu = models.target.device.type == "cuda"
        config = EngineConfig(slots=rows, context=context, max_draft=max_draft, graphs=on_gpu, kernels=on_gpu)
        self._engine = Engine(models, config)

    def run(self, workload: list[Case]) -> RunOutcome:
        self._engine.forget()  # what an earlier run read is to be read again, as the others do
        before = dict(self._engine.seconds)
        begun = time.perf_counter()
        done: list[Completion] = []
        if self.rows == 1:  # one caller who waits for each answer
            done = [self._engine.submit(self._request(case)).result() for case in workload]
        else:
            done = [future.result() for future in [self._engine.submit(self._request(case)) for case in workload]]
        seconds = time.perf_counter() - begun
        drafts = {
            name: {
                "proposed": sum(one.stats.drafts[name].proposed for one in done),
                "accepted": sum(one.stats.drafts[name].accepted for one in done),
            }
            for name in self.drafters
        }
        forwards = sum(one.stats.target_forwards for one in done)
        spent = {name: value - before.get(name, 0.0) for name, value in self._engine.seconds.items()}
        return RunOutcome(seconds, [one.ids for one in done], forwards, drafts, spent)

    def _request(self, case: Case) -> Request:
        params = Params(max_tokens=case.max_tokens, drafters=self.drafters)
        return Request(case.prompt, case.source, case.prefix, case.grammar, params, Limits())

    def close(self) -> None:
        self._engine.close()


class Generate:
    """transformers' own `generate`, one document at a time, with transformers' own attention."""

    rows = 1

    def __init__(self, name: str, models: Models) -> None:
        self.name = name
        self.drafters: tuple[str, ...] = ("mtp",) if name == "hf-assisted" else ()
        self._models = models
        self._forwards = 0
        body = models.target.get_decoder()
        self._hook = body.register_forward_hook(self._count)

    def _count(self, *_: Any) -> None:
        self._forwards += 1

    @torch.inference_mode()
    def run(self, workload: list[Case]) -> RunOutcome:
        self._forwards = 0
        begun = time.perf_counter()
        ids = [self._one(case) for case in workload]
        seconds = time.perf_counter() - begun
        # Its prefill forward writes the first token; ours writes none and is not counted.
        return RunOutcome(seconds, ids, self._forwards)

    def _one(self, case: Case) -> list[int]:
        models = self._models
        prompt = torch.tensor([case.prompt], device=models.target.device)
        extra: dict[str, Any] = {}
        if self.name == "hf-outlines" and case.grammar is not None:
            extra["logits_processor"] = [_outlines(models, case.grammar)]
        if self.name == "hf-assisted":
            extra["assistant_model"] = models.drafter
        out = models.target.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=case.max_tokens,
            do_sample=False,
            eos_token_id=list(models.stop_ids),
            pad_token_id=models.tokenizer.pad_token_id or 0,
            **extra,
        )
        ids: list[int] = out[0, len(case.prompt) :].tolist()
        return ids[: next((at for at, token in enumerate(ids) if token in models.stop_ids), len(ids))]

    def close(self) -> None:
        self._hook.remove()


def _outlines(models: Models, grammar: str) -> Any:
    from outlines.backends.llguidance import LLGuidanceLogitsProcessor

    return LLGuidanceLogitsProcessor(models.bound(grammar), models.ll_tokenizer, "torch")


def theirs(name: str, wanted: ModelSpec, max_draft: int) -> Generate:
    """A baseline on a copy of the model of its own, at its best: with the attention transformers would use, and with as
    many draft tokens as ours may have, whatever the drafter's own configuration says."""
    models = load(wanted)
    for model in filter(None, (models.target, models.drafter)):
        model.set_attn_implementation("sdpa")
    if models.drafter is not None:
        models.drafter.generation_config.num_assistant_tokens = max_draft
        models.drafter.generation_config.num_assistant_tokens_schedule = "constant"
    return Generate(name, models)


def drafters_of(models: Models) -> tuple[str, ...]:
    """Those that can draft for this model."""
    return tuple(name for name in DRAFTERS if name != "mtp" or models.drafter is not None)


def mixes(given: str, there: tuple[str, ...] = DRAFTERS) -> list[tuple[str, ...]]:
    """`each` (none, each alone, the two that need no model, all), or mixes separated by `;`, names by `,`; `all` and
    `none` are mixes too. `there`: the drafters there are; one that is asked for by its name has to be among them."""
    if given == "each":
        return list(dict.fromkeys([(), *((name,) for name in there), ("grammar", "copy"), there]))
    named: dict[str, tuple[str, ...]] = {"all": there, "none": ()}
    found = []
    for mix in given.split(";"):
        names = named.get(mix.strip(), tuple(name.strip() for name in mix.split(",")))
        unknown = [name for name in names if name not in DRAFTERS]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is no drafter; there are {', '.join(DRAFTERS)}")
        if not set(names) <= set(there):
            raise ValueError("mtp needs a drafter, and this model has none")
        found.append(names)
    return list(dict.fromkeys(found))


def in_turn(
    makers: list[Callable[[], Contender]], workload: list[Case], rounds: int
) -> list[tuple[Contender, list[RunOutcome]]]:
    """Every engine over the whole workload, one after the other, `rounds` times; before that each is warmed up, with
    enough documents to fill its rows and fill them again."""
    with ExitStack() as stack:
        runners = [stack.enter_context(closing(make())) for make in makers]
        outcomes: list[list[RunOutcome]] = [[] for _ in runners]
        for runner in runners:
            runner.run(workload[: max(4, 2 * runner.rows)])
        for _ in range(rounds):
            for runner, kept in zip(runners, outcomes, strict=True):
                kept.append(runner.run(workload))
    return list(zip(runners, outcomes, strict=True))
