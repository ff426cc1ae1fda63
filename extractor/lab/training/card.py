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


def keep(path: Path, command: str, facts: dict[str, Any], figures: dict[str, Any]) -> None:
    """`facts` of the training, `figures` as `evaluate` returns them, `command` that measured them, today and here; in
    the form of the other files in docs/runs/."""
    made = {"command": command, "date": datetime.now(UTC).date().isoformat(), "machine": machine(), "took_s": None}
    text = json.dumps({**made, "training": facts, "figures": figures}, indent=1, ensure_ascii=False)
    path.write_text(f"{text}\n", "utf-8")


def training(facts: dict[str, Any]) -> str:
    """What was read in how many steps; then the stages, where a run had several."""
    told = "\n".join(
        f"| {name} | {facts[name]['minutes']} | {facts[name]['tokens'] / 1e6:.1f} M | {facts[name]['steps']:,} |"
        for name in ("target", "drafter") if name in facts
    )  # fmt: skip
    lines = f"| | minutes | tokens read | steps |\n| --- | --- | --- | --- |\n{told}"
    stages = facts.get("stages", [])
    if not stages:
        return lines
    head = f"| {' | '.join(_STAGE)} |\n|{' --- |' * len(_STAGE)}"
    return "\n".join([lines, "", head, *(f"| {' | '.join(stage[name] for name in _STAGE)} |" for stage in stages)])


def results(figures: dict[str, Any]) -> str:
    """One row for each set of documents, then which of the recipe's aims are reached."""
    sets = {name: made for name, made in figures.items() if name not in ("drafter", "kinds")}
    head = f"| set | documents | {' | '.join(_COLUMNS.values())} | documents right | ran on without end |"
    rows = [
        f"| {name} | {made['n_documents']} | {' | '.join(_share(made, key) for key in _COLUMNS)} | "
        f"{made['documents']:.1%} | {made['broken']} |"
        for name, made in sets.items()
    ]
    return "\n".join([head, f"|{' --- |' * (len(_COLUMNS) + 4)}", *rows, "", _aims(figures)])


def kinds(made: dict[str, Any]) -> str:
    """Of the documents written by hand a row for each kind, `made` as `evaluate` returns it."""
    head = "| kind | documents | scalar fields right | array rows exact |\n| --- | --- | --- | --- |"
    rows = [
        f"| {kind} | {got['n_documents']} | {_share(got, 'scalars')} | "
        f"{_share(got, 'rows') if got['n_rows'] else 'none'} |"
        for kind, got in made.items()
    ]
    return "\n".join([head, *rows])


def right(figures: dict[str, Any]) -> str:
    """For the README: the share of scalar fields, a row for each set."""
    words = {
        "new values": "of the kind it was trained on, with new values",
        "new values, names, labels and layouts": "of that kind, with new values, field names, labels and layouts",
        "handwritten": "written by hand",
    }
    return "\n".join(
        f"| bundled pair | {figures[name]['n_documents']} {told} | {figures[name]['scalars']:.1%} |"
        for name, told in words.items()
    )


def drafter(made: dict[str, Any]) -> str:
    steps = ", ".join(f"{rate:.0%}" for rate in made["step_rates"])
    return (
        f"Right at each step of its chain, given the right tokens before it: {steps}.\n"
        f"In transformers' own `generate`, without a grammar, {made['documents']} documents, "
        f"{made['draft_tokens']} draft tokens: {made['tokens_per_forward']} tokens for each target forward."
    )


def _aims(figures: dict[str, Any]) -> str:
    """Which of the recipe's aims this run reaches."""
    told = []
    for name, key, aim in _AIMS:
        got = figures.get(name, {}).get(key)
        if got is not None:
            told.append(f"{aim:.0%} of {key} with {name}: {'reached' if got >= aim else '**missed**'} ({got:.1%})")
    return "The recipe's aims:\n" + "\n".join(f"- {line}" for line in told)


def _share(made: dict[str, Any], key: str) -> str:
    return f"{made[key]:.1%} of {made[f'n_{key}']:,}" if key in made else "not measured"
