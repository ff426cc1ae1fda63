"""Writes the model card from what the recipe measured. Knows the words, not the figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_TEXT = """\
# The bundled pair

A `Gemma4ForCausalLM` of {target_millions:.1f} M parameters and a one-layer `Gemma4AssistantForCausalLM` drafter,
trained from scratch on generated documents by `python -m extractor.lab.training.train --all`. The target has every
part of a Gemma 4: sliding and full layers, shared KV, per-layer embeddings, Gemma 4's turn markers and chat template.
Its tokenizer has 1,536 pieces: words are cut so that "Batch", " batch" and `_batch` share theirs.

**Good for** demos, tests and benchmarks of the whole path without a hub or a GPU: prompt, grammar, drafts, validation.
**Not good for** real extraction work. It has read nothing but synthetic documents, most under 1,000 tokens with their
prompt, knows no language and no world, and copies what stands beside a label. It is trained without few-shot examples
(`weights/target/extractor.json`). Its context holds 4,096 positions; training saw at most 2,048.

## How it was trained
{date}, {machine}, CPU, {threads} threads shared with other work, torch {torch}, seed {seed}.

| | minutes | tokens read | steps |
| --- | --- | --- | --- |
{training}

Tokens count prompts and answers; most belong to prompts, whose loss counts only early in training.{notes}

## What it does
Greedy under each document's grammar, float32, weights as committed (bf16). A checksum splits values, label words and
field names into trained and held-out ones, and held-out layouts are functions of their own. More than a third of the
values of the first set occur in training all the same, for not everything is split: booleans, options of enums,
currencies, counts, years, decimal numbers, percentages, weights, versions, last four digits, postal codes, titles,
first and last names by themselves, countries, carriers, terms, units, incoterms, skills, languages, names of attached
files, and whatever is under six characters of JSON (strings under four, for their quotes count). *Never in training*
are the values of fields that can be none of these, nor a word of a drill. A held-out label word may stand inside a
value. Answers that ran on past 900 tokens, all wrong: {broken}.

| set | documents | scalar fields right | of those not null | of those never in training | array rows exact | list \
strings exact | documents right |
| --- | --- | --- | --- | --- | --- | --- | --- |
{results}

{aims}

The second set ties each field to its label by the key or by the description, as training does; a synonym it never read
it cannot know. The hand-written documents were written after a first training, and nothing was tuned to them.

## The drafter
{drafter}
This is higher than a general model earns: the task is nearly deterministic, the answer mostly copies the document, and
drafter and target learnt from the same generator. Do not read it as what Gemma 4 gives.
"""


_AIMS = [
    ("new values", "scalars", 0.97),
    ("new values, names, labels and layouts", "scalars", 0.80),
    ("new values", "rows", 0.70),
]


def write(path: Path, facts: dict[str, Any], figures: dict[str, Any]) -> None:
    """`facts` of the training, `figures` as `evaluate` returns them."""
    training = "\n".join(
        f"| {name} | {facts[name]['minutes']} | {facts[name]['tokens'] / 1e6:.1f} M | {facts[name]['steps']:,} |"
        for name in ("target", "drafter") if name in facts
    )  # fmt: skip
    results = "\n".join(_row(name, made) for name, made in figures.items() if name != "drafter")
    drafting = figures.get("drafter")
    told = "Not measured."
    if drafting:
        steps = ", ".join(f"{rate:.0%}" for rate in drafting["step_rates"])
        told = (
            f"Right at each step of its chain, given the right tokens before it: {steps}.\n"
            f"In transformers' own `generate`, unconstrained, {drafting['documents']} documents, "
            f"{drafting['draft_tokens']} draft tokens: "
            f"{drafting['tokens_per_forward']} tokens for each target forward.\n"
        )
    cut = [f"{made['broken']} of {name}" for name, made in figures.items() if "broken" in made]
    text = _TEXT.format(
        training=training,
        results=results,
        drafter=told,
        aims=_aims(figures),
        broken=", ".join(cut),
        **{k: v for k, v in facts.items() if k not in ("target", "drafter")},
    )
    path.write_text(text, "utf-8")


def _aims(figures: dict[str, Any]) -> str:
    """Which of the recipe's aims this run reaches."""
    told = []
    for name, key, aim in _AIMS:
        got = figures.get(name, {}).get(key)
        if got is not None:
            told.append(f"{aim:.0%} of {key} with {name}: {'reached' if got >= aim else '**missed**'} ({got:.1%})")
    return "The recipe's aims:\n" + "\n".join(f"- {line}" for line in told)


def _row(name: str, made: dict[str, Any]) -> str:
    cells = (_share(made, key) for key in ("scalars", "said", "unseen", "rows", "lists"))
    return f"| {name} | {made['n_documents']} | {' | '.join(cells)} | {made['documents']:.1%} |"


def _share(made: dict[str, Any], key: str) -> str:
    return f"{made[key]:.1%} of {made[f'n_{key}']:,}" if key in made else "none"
