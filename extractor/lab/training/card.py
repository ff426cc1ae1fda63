"""What the model card says in tables, and where its figures are kept: docs/runs/pair.json. The card itself is a page
whose tables `make docs` makes of that file. Knows no model."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from extractor.lab.pages.runs import machine

_AIMS = [
    ("new values", "scalars", 0.97),
    ("new values, names, labels and layouts", "scalars", 0.80),
    ("new values", "rows", 0.70),
]
_COLUMNS = {
    "scalars": "scalar fields right",
    "said": "of those not null",
    "unseen": "of those never in training",
    "rows": "array rows exact",
    "lists": "list strings exact",
}
_STAGE = ("minutes", "machine", "began from", "learning rates", "what changed")


def keep(path: Path, command: str, facts: dict[str, Any], measured: dict[str, Any]) -> None:
    """`facts` of the training, `measured` as `evaluate` returns them, `command` that measured them, today and here; in
    the form of the other files in docs/runs/."""
    run = {"command": command, "date": datetime.now(UTC).date().isoformat(), "machine": machine(), "took_s": None}
    text = json.dumps({**run, "training": facts, "figures": measured}, indent=1, ensure_ascii=False)
    path.write_text(f"{text}\n", "utf-8")


def training(facts: dict[str, Any]) -> str:
    """What was read in how many steps; then the stages, where a run had several."""
    rows = "\n".join(
        f"| {name} | {facts[name]['minutes']} | {facts[name]['tokens'] / 1e6:.1f} M | {facts[name]['steps']:,} |"
        for name in ("target", "drafter") if name in facts
    )  # fmt: skip
    lines = f"| | minutes | tokens read | steps |\n| --- | --- | --- | --- |\n{rows}"
    stages = facts.get("stages", [])
    if not stages:
        return lines
    head = f"| {' | '.join(_STAGE)} |\n|{' --- |' * len(_STAGE)}"
    return "\n".join([lines, "", head, *(f"| {' | '.join(stage[name] for name in _STAGE)} |" for stage in stages)])


def results(measured: dict[str, Any]) -> str:
    """One row for each set of documents, then which of the recipe's aims are reached."""
    sets = {name: scores for name, scores in measured.items() if name != "drafter"}
    head = f"| set | documents | {' | '.join(_COLUMNS.values())} | documents right | ran on without end |"
    rows = [
        f"| {name} | {scores['n_documents']} | {' | '.join(_share(scores, key) for key in _COLUMNS)} | "
        f"{scores['documents']:.1%} | {scores['broken']} |"
        for name, scores in sets.items()
    ]
    return "\n".join([head, f"|{' --- |' * (len(_COLUMNS) + 4)}", *rows, "", _aims(measured)])


def kinds(measured: dict[str, Any]) -> str:
    """A row for each kind of document of the sets that have kinds."""
    head = "| set | kind | documents | scalar fields right | array rows exact |\n| --- | --- | --- | --- | --- |"
    rows = [
        f"| {name} | {kind} | {got['n_documents']} | {_share(got, 'scalars')} | "
        f"{_share(got, 'rows') if got['n_rows'] else 'none'} |"
        for name, scores in measured.items()
        for kind, got in scores.get("kinds", {}).items()
    ]
    return "\n".join([head, *rows])


def right(measured: dict[str, Any]) -> str:
    """For the README: the share of scalar fields, a row for each kind of documents."""
    strangers = ("business documents of strangers", "business documents of strangers, written later")
    words = {
        "of the kind it was trained on, with new values": ("new values",),
        "of that kind, with new values, field names, labels and layouts": ("new values, names, labels and layouts",),
        "receipts, invoices, mails, CVs, cards, orders by strangers to its training": strangers,
    }
    return "\n".join(
        f"| bundled pair | {sum(measured[name]['n_documents'] for name in names)} {description} "
        f"| {_scalars([measured[name] for name in names]):.1%} |"
        for description, names in words.items()
    )


def _scalars(sets: list[dict[str, Any]]) -> float:
    """The share that is right in all of them together."""
    right: float = sum(one["scalars"] * one["n_scalars"] for one in sets)
    count: int = sum(one["n_scalars"] for one in sets)
    return right / count


def drafter(measured: dict[str, Any]) -> str:
    steps = ", ".join(f"{rate:.0%}" for rate in measured["step_rates"])
    return (
        f"Right at each step of its chain, given the right tokens before it: {steps}.\n"
        f"In transformers' own `generate`, without a grammar, {measured['documents']} documents, "
        f"{measured['draft_tokens']} draft tokens: {measured['tokens_per_forward']} tokens for each target forward."
    )


def _aims(measured: dict[str, Any]) -> str:
    """Which of the recipe's aims this run reaches."""
    lines = []
    for name, key, wanted in _AIMS:
        got = measured.get(name, {}).get(key)
        if got is not None:
            lines.append(
                f"{wanted:.0%} of {key} with {name}: {'reached' if got >= wanted else '**missed**'} ({got:.1%})"
            )
    return "The recipe's aims:\n" + "\n".join(f"- {line}" for line in lines)


def _share(scores: dict[str, Any], key: str) -> str:
    return f"{scores[key]:.1%} of {scores[f'n_{key}']:,}" if key in scores else "not measured"
