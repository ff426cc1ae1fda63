"""Measures the bundled pair on held-out sets and hand-written documents: `python -m extractor.lab.training.evaluate`.

Decoding is greedy under the grammar of each schema. The held-out sets have a seed of their own, which training never
draws from; what was chosen by them all the same, the card says.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import torch
from transformers import Gemma4AssistantForCausalLM, Gemma4ForCausalLM, PreTrainedTokenizerFast

from extractor.lab.training import card, drafter, tokenizer
from extractor.lab.training.builtin_schemas import schema_of
from extractor.lab.training.decode import TaskDecoder
from extractor.lab.training.encode import Encoder, bucketed, fixed
from extractor.lab.training.generate import Task
from extractor.lab.training.lexicon import NEW_EVERYTHING, NEW_VALUES, Split
from extractor.lab.training.measure import Score, summed
from extractor.lab.training.model import DRAFT_TOKENS
from extractor.lab.training.written_tasks import never_seen

HERE = Path(__file__).parent
WEIGHTS = HERE.parents[1] / "bundled" / "weights"
HANDWRITTEN = HERE / "handwritten.jsonl"
BUSINESS, LATER_BUSINESS = (HERE.parent / "bench" / name for name in ("business.jsonl", "later_business.jsonl"))
SETS: dict[str, Split] = {"new values": NEW_VALUES, "new values, names, labels and layouts": NEW_EVERYTHING}
# Of these sets, values have to be printed.
WRITTEN, STRANGERS = "written by hand, never trained on", "business documents of strangers"
LATER = f"{STRANGERS}, written later"
BATCH = 12


def load(weights: Path = WEIGHTS) -> tuple[Gemma4ForCausalLM, Gemma4AssistantForCausalLM, PreTrainedTokenizerFast]:
    """The bundled pair as it is committed, in float32."""
    target = Gemma4ForCausalLM.from_pretrained(weights / "target", dtype=torch.float32)
    drafting = Gemma4AssistantForCausalLM.from_pretrained(weights / "drafter", dtype=torch.float32)
    return target.train(False), drafting.train(False), tokenizer.load(weights / "target")


def held_out(encoder: Encoder, split: Split, count: int) -> list[Task]:
    return [task for task, _ in fixed(encoder, "held-out", split, count, limit=1600)]


def handwritten() -> Iterator[Task]:
    for _, task in gold(HANDWRITTEN):
        yield task


def gold(path: Path) -> Iterator[tuple[str, Task]]:
    """(kind, task) of the documents of a file as `extractor eval` reads it, each with its schema: a built-in one's name
    or a JSON Schema. The kind is the first word of what a document is called."""
    for line in path.read_text("utf-8").splitlines():
        entry = json.loads(line)
        named = isinstance(entry["schema"], str)
        description, schema = schema_of(entry["schema"]) if named else ("", entry["schema"])
        name = entry["schema"] if named else schema.get("title", "record")
        answer = json.dumps(entry["expected"], ensure_ascii=False, separators=(",", ":"))
        kind = entry.get("custom_id", "").partition("-")[0]
        yield kind, Task(name, description, schema, entry["document"], answer, "hand")


def score(decoder: TaskDecoder, tasks: list[Task]) -> Score:
    """Rows are decoded longest prompts first, a dozen at a time."""
    total = Score()
    ordered = sorted(tasks, key=lambda task: -len(task.document))
    for start in range(0, len(ordered), BATCH):
        some = ordered[start : start + BATCH]
        for task, answer in zip(some, decoder.answers(some), strict=True):
            total.add(task.answer, answer)
    return total


def drafting(
    target: Gemma4ForCausalLM, model: Gemma4AssistantForCausalLM, encoder: Encoder, count: int
) -> dict[str, Any]:
    """How the drafter does: right at each step of its chain, and tokens per target forward in stock `generate`."""
    pairs = list(fixed(encoder, "held-out", NEW_VALUES, count, limit=1200))
    rates = drafter.accepted(target, model, bucketed([row for _, row in pairs], 4096, Random(0)))
    forwards = new_tokens = 0
    counted = target.forward
    generate: Any = target.generate  # type: ignore[misc]

    def counting(*args: Any, **kwargs: Any) -> Any:
        nonlocal forwards
        forwards += 1
        return counted(*args, **kwargs)

    target.forward = counting
    try:
        for task, _ in pairs:
            prompt = torch.tensor([encoder.prompt(task)])
            out: torch.Tensor = generate(
                prompt, assistant_model=model, max_new_tokens=400, attention_mask=torch.ones_like(prompt)
            )
            new_tokens += out.shape[1] - prompt.shape[1]
    finally:
        del target.forward
    return {
        "step_rates": rates,
        "tokens_per_forward": round(new_tokens / max(1, forwards), 2),
        "draft_tokens": DRAFT_TOKENS,
        "documents": count,
    }


def evaluate(weights: Path, count: int, draft_count: int, hand: bool = True, written: int = 0) -> dict[str, Any]:
    """Every figure of the model card; a part whose count is 0 is left out."""
    target, model, words = load(weights)
    encoder = Encoder(words)
    decoder = TaskDecoder(target, words)
    measured: dict[str, Any] = {}
    for name, split in SETS.items() if count else ():
        begun = time.monotonic()
        measured[name] = _scores_of(score(decoder, held_out(encoder, split, count)), time.monotonic() - begun)
        print(name, {k: v for k, v in measured[name].items() if k != "misses"}, flush=True)
    sets = {WRITTEN: list(never_seen(Random("held-out"), written))}
    sets |= {STRANGERS: list(gold(BUSINESS)), LATER: list(gold(LATER_BUSINESS))} if hand else {}
    for name, tasks in sets.items():
        if tasks:
            measured[name] = _by_kind(TaskDecoder(target, words, "all"), tasks)
            print(name, {k: v for k, v in measured[name].items() if k != "misses"}, flush=True)
    if HANDWRITTEN.exists() and hand:
        begun = time.monotonic()
        measured["handwritten"] = _scores_of(score(decoder, list(handwritten())), time.monotonic() - begun)
        print("handwritten", measured["handwritten"], flush=True)
    if draft_count:
        measured["drafter"] = drafting(target, model, encoder, draft_count)
        print("drafter", measured["drafter"], flush=True)
    return measured


def _by_kind(decoder: TaskDecoder, tasks: list[tuple[str, Task]]) -> dict[str, Any]:
    """Scores of all, and of each kind."""
    begun = time.monotonic()
    kinds = sorted({kind for kind, _ in tasks})
    got = {kind: score(decoder, [task for other, task in tasks if other == kind]) for kind in kinds}
    scores = _scores_of(summed(got.values()), time.monotonic() - begun)
    return {**scores, "kinds": {kind: _rates(score) for kind, score in got.items()}}


def _rates(got: Score) -> dict[str, Any]:
    rates = {name: round(rate, 4) for name, rate in got.shares().items() if rate == rate}
    return {**rates, "n_documents": got.documents, "n_scalars": got.scalars, "n_rows": got.rows}


def _scores_of(got: Score, seconds: float) -> dict[str, Any]:
    rates = {name: round(rate, 4) for name, rate in got.shares().items() if rate == rate}
    counts = {
        "n_documents": got.documents,
        "n_scalars": got.scalars,
        "n_said": got.filled,
        "n_unseen": got.unseen,
        "n_rows": got.rows,
        "n_lists": got.lists,
    }
    return {
        **rates,
        **counts,
        "broken": got.broken,
        "seconds": round(seconds, 1),
        "misses": [list(map(str, miss)) for miss in got.misses[:12]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--documents", type=int, default=200, help="of each held-out set")
    parser.add_argument("--written", type=int, default=60, help="documents by hand that were never trained on")
    parser.add_argument("--draft-documents", type=int, default=20)
    parser.add_argument("--no-handwritten", action="store_true")
    parser.add_argument("--figures", type=Path, help="a JSON file to add the figures to")
    parser.add_argument("--card", type=Path, help="docs/runs/pair.json: put the figures into what is kept there")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    measured = evaluate(given.weights, given.documents, given.draft_documents, not given.no_handwritten, given.written)
    if given.figures:
        before = json.loads(given.figures.read_text("utf-8")) if given.figures.exists() else {}
        given.figures.write_text(json.dumps({**before, **measured}, indent=1, ensure_ascii=False), "utf-8")
    if given.card:
        kept = json.loads(given.card.read_text("utf-8"))
        command = f"python -m extractor.lab.training.evaluate --documents {given.documents}"
        card.keep(given.card, command, kept["training"], {**kept["figures"], **measured})


if __name__ == "__main__":
    main()
