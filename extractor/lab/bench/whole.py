"""The whole engine at Gemma 4 E2B's shapes with random weights: documents in, JSON out, at what a step costs on this
device: `python -m extractor.lab.bench.whole`.

Random weights write nothing worth reading, so the documents' right answers are laid over them (`answers.py`): the
target's forward runs in full and then the answer's tokens stand for what it chose, the MTP drafter runs in full and
then says the answer's tokens as often as `--mtp` assumes. Prefill, grammar, masks, drafts of text, policy and commits
are the engine's own, and what drafts of text earn is measured. Texts are cut by the bundled pair's tokenizer, whose
1,536 tokens are fewer and shorter than Gemma's: a token here is less text, and masks are found faster, than there.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from itertools import islice, pairwise
from random import Random
from typing import Any

import torch
from llguidance.hf import from_tokenizer
from torch import Tensor

from extractor.engine import Engine, EngineConfig, Params, Request
from extractor.engine.cache import SlotCache
from extractor.engine.limits.limits import Limits
from extractor.engine.model.assistant import MtpModel
from extractor.engine.model.loader import Models, ModelSpec, load
from extractor.engine.model.runner import Runner, Step, StepOutput
from extractor.engine.parts import compose_drafting, mtp_model, target_runner
from extractor.errors import DocumentError
from extractor.grammar.compile import compile_grammar
from extractor.lab.bench.answers import AnsweredRequests, AnswersByPrompt
from extractor.lab.bench.device import random_pair
from extractor.lab.bench.engines import mixes
from extractor.lab.bench.machine import machine
from extractor.lab.bench.options import MTP, command, falling, positive, positives
from extractor.lab.bench.workload import SEED
from extractor.lab.training.generate import tasks
from extractor.lab.training.lexicon import NEW_VALUES
from extractor.prompt.prompt import PromptBuilder
from schemas import inline

PHASES = ("prefill", "draft", "verify", "commit")
PASSES = 6  # at most; the first is never counted


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m extractor.lab.bench.whole", description=__doc__.split("\n")[0])
    parser.add_argument("--shapes", choices=("e2b", "small"), default="e2b")
    parser.add_argument("--rows", type=positives, default="1,8,32")
    parser.add_argument("--drafters", default="none;grammar,copy;mtp;all", help="mixes, separated by semicolons")
    parser.add_argument("--documents", type=positive, default=12, help="at least, and two for each row")
    parser.add_argument("--context", type=positive, default=1024)
    parser.add_argument("--mtp", type=falling, default=MTP, help="how likely a chain is right up to each place")
    parser.add_argument("--plain", action="store_true", help="without the kernels of fused.py and ragged.py")
    parser.add_argument("--per-layer-on-host", action="store_true", help="the embedding table in the host's memory")
    return command(parser, arguments, _show)


def _show(options: argparse.Namespace) -> int:
    variants = mixes(options.drafters)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if options.shapes == "e2b" and device.type == "cpu":
        print("no GPU here: E2B's shapes would take minutes a step; try --shapes small", file=sys.stderr)
        return 2
    models = shaped(options.shapes, device, on_host=options.per_layer_on_host)
    assumed = ", ".join(map(str, options.mtp))
    print(f"{machine(device)}, {options.shapes} shapes, random weights; answers are laid over them, mtp: {assumed}\n")
    print("| rows | drafters | tokens/s | documents/s | tokens a forward | ms a step | " + " | ".join(PHASES), end="")
    print(" | passes | shapes recorded in the last |\n" + "| --- " * (8 + len(PHASES)) + "|")
    for rows in options.rows:
        work = answered(models, max(options.documents, 2 * rows), options.context)
        for mix in variants:
            kernels = device.type == "cuda" and not options.plain
            config = EngineConfig(slots=rows, context=options.context, overlap=True, graphs=True, kernels=kernels)
            found = measure(models, work, mix, config, options.mtp)
            steps = found["forwards"]
            spent = " | ".join(f"{1000 * found['phases'][name] / steps:.2f}" for name in PHASES)
            print(
                f"| {rows} | {'+'.join(mix) or 'none'} | {found['tokens'] / found['seconds']:,.0f} | "
                f"{len(work) / found['seconds']:.1f} | {found['tokens'] / found['row_forwards']:.2f} | "
                f"{1000 * found['seconds'] / steps:.2f} | {spent} | {found['passes']} | {found['recorded']} |",
                flush=True,
            )
    return 0


def shaped(shapes: str, device: torch.device, *, on_host: bool = False) -> Models:
    """A random pair behind the bundled pair's tokenizer."""
    bundled = load(ModelSpec(device="cpu", drafter="none"))
    target, drafter, _ = random_pair(shapes, device, on_host=on_host)
    words = from_tokenizer(bundled.tokenizer, n_vocab=target.config.vocab_size, eos_token=list(bundled.stop_ids))
    return replace(bundled, target=target, drafter=drafter, ll_tokenizer=words, name=f"random {shapes}")


def answered(models: Models, count: int, context: int) -> AnsweredRequests:
    """(request, its answer) of held-out documents that fit `context`."""
    builder = PromptBuilder(models.tokenizer, context, examples=0)
    answers: AnsweredRequests = []
    for task in islice((task for task in tasks(SEED + 3, NEW_VALUES)), 8 * count):
        schema = inline(task.schema)
        answer = models.ll_tokenizer.tokenize_bytes(task.answer.encode())
        room = len(answer) + 1
        try:
            prompt = builder.build(schema, task.document, room)
        except DocumentError:
            continue
        grammar, params = compile_grammar(schema), Params(max_tokens=room)
        answers.append((Request(prompt.ids, prompt.source, prompt.document[0], grammar, params, Limits()), answer))
        if len(answers) == count:
            break
    if not answers:
        raise ValueError(f"no document and its answer fit {context} tokens")
    return answers


def measure(
    models: Models, work: AnsweredRequests, drafters: tuple[str, ...], config: EngineConfig, chances: list[float]
) -> dict[str, Any]:
    """Passes until one records no shape, which is the one that counts; if all do, the last, and `recorded` says how
    many it recorded. The first only warms up."""
    requests = [(replace(one, params=replace(one.params, drafters=drafters)), answer) for one, answer in work]
    answers = AnswersByPrompt(requests, models.stop_ids[0])
    runner = target_runner(models, config)
    target: Any = RightTarget(runner, answers)
    mtp: Any = mtp_model(models, config, runner)
    drafting = compose_drafting(models, config, runner, AssumedChains(mtp, answers, chances) if mtp else None)  # type: ignore[arg-type]
    engine = Engine(models, config, runner=target, drafting=drafting)
    try:
        for passes in range(1, PASSES + 1):
            before, forwards, captures = dict(engine.seconds), engine.stats()["forwards"], target.captures
            begun = time.perf_counter()
            done = [future.result() for future in [engine.submit(one) for one, _ in requests]]
            seconds = time.perf_counter() - begun
            for one, (_, answer) in zip(done, requests, strict=True):
                if one.ids != answer:
                    raise RuntimeError(f"the engine wrote {one.ids[:20]}, not {answer[:20]}")
            recorded = target.captures - captures
            if passes > 1 and not recorded:
                break
    finally:
        engine.close()
    return {
        "seconds": seconds,
        "tokens": sum(len(one.ids) for one in done),
        "row_forwards": sum(one.stats.target_forwards for one in done),
        "forwards": engine.stats()["forwards"] - forwards,
        "passes": passes,
        "recorded": recorded,
        "phases": {name: engine.seconds[name] - before.get(name, 0.0) for name in PHASES},
    }


class RightTarget:
    """A target that is right: its forward runs and it chooses, then the answer's tokens stand for what it chose."""

    def __init__(self, runner: Runner, answers: AnswersByPrompt) -> None:
        self._runner, self._answers = runner, answers

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)

    def verify(self, step: Step, cache: SlotCache) -> StepOutput:
        output = self._runner.verify(step, cache)
        counts = [end - first for first, end in pairwise([*output.first, output.positions])]
        rows = zip(step.slots, step.starts, counts, strict=True)
        right = [token for slot, length, n in rows for token in self._answers.padded(slot, length, cache, n)]
        self._right = torch.tensor(right, dtype=torch.double)
        return output

    def choose(self, output: StepOutput, at: list[int], *rest: Any) -> Tensor:
        found = self._runner.choose(output, at, *rest)
        found[0].copy_(self._right[at], non_blocking=True)
        return found


class AssumedChains:
    """An MTP drafter that runs, and is right as often as it is said to be."""

    def __init__(self, model: MtpModel, answers: AnswersByPrompt, chances: list[float]) -> None:
        self._model, self._answers = model, answers
        self._steps = [after / before for before, after in pairwise([1.0, *chances])]
        self._rng = Random(1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def chains(
        self, tokens: list[int], hidden: Tensor, slots: list[int], lengths: list[int], cache: SlotCache, *rest: Any
    ) -> Tensor:
        chains = self._model.chains(tokens, hidden, slots, lengths, cache, *rest)
        left = [self._answers.left(slot, length, cache) for slot, length in zip(slots, lengths, strict=True)]
        drafted = [self._draft(answer, wrong, len(chains)) for answer, wrong in zip(left, tokens, strict=True)]
        return torch.tensor(drafted).T.contiguous().to(chains.device, non_blocking=True)

    def _draft(self, answer: list[int], wrong: int, depth: int) -> list[int]:
        right = 0
        while right < min(depth, len(answer), len(self._steps)) and self._rng.random() < self._steps[right]:
            right += 1
        return answer[:right] + [wrong] * (depth - right)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
