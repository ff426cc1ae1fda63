"""Tables of what is kept in docs/runs/: `python -m extractor.lab.pages.figures one_row`. Loads no torch."""

from __future__ import annotations

import re
import sys
from typing import Any

from extractor.lab.bench import table as bench
from extractor.lab.pages import runs
from extractor.lab.training import card

_RIGHT = "| model | documents | scalar fields right |\n| --- | --- | --- |"
_NOT_MEASURED = "| Gemma 4 (what Extractor is made for), and any other general model | – | not measured |"


def main(names: list[str]) -> int:
    """Prints what is asked for, by its name here, or the table of a run. Exit code: 0."""
    for name in names:
        match name:
            case "readme":
                print(readme())
            case "phases":
                print(phases(runs.kept("rows")["record"]))
            case "right":
                print(_RIGHT, card.right(runs.kept("pair")["figures"]), _NOT_MEASURED, sep="\n")
            case "training":
                print(card.training(runs.kept("pair")["training"]))
            case "pair":
                kept = runs.kept("pair")
                print(f"{provenance(kept)}\n\n{card.results(kept['figures'])}")
            case "kinds":
                print(card.kinds(runs.kept("pair")["figures"]))
            case "drafter":
                print(card.drafter(runs.kept("pair")["figures"]["drafter"]))
            case _:
                print(shown(name))
    return 0


def shown(name: str) -> str:
    kept = runs.kept(name)
    return f"{provenance(kept)}\n\n{table(kept)}"


def provenance(kept: dict[str, Any]) -> str:
    """When, where and how a run was made."""
    return f"Measured {kept['date']} on {kept['machine']}: `{kept['command'].removesuffix(' --json')}`"


def table(kept: dict[str, Any]) -> str:
    record = kept.get("record")
    if record is None:
        return "\n".join(_rows(kept["printed"]))
    return engines(record) if "runs" in record else growth(record)


def _rows(printed: list[str]) -> list[str]:
    """The tables among the lines; where there is none the lines, as text."""
    found = [line for line in printed if line.startswith("|")]
    return found or ["```", *(line for line in printed if not line.startswith("{")), "```"]


def engines(record: dict[str, Any]) -> str:
    """Of `extractor bench`: one line an engine, mix and number of rows, and what is to be known of them."""
    return "\n".join([*bench.engines(record), "", bench.note(record)])


def phases(record: dict[str, Any]) -> str:
    """Shares of a run's time, all drafters, one line for each number of rows."""
    runs = [one for one in record["runs"] if one["phases"] and one["drafters"] == record["runs"][-1]["drafters"]]
    names = list(runs[0]["phases"])
    lines = [f"| rows | {' | '.join(names)} |", f"| --- {'| --- ' * len(names)}|"]
    return "\n".join([*lines, *(f"| {one['rows']} | {_shares(one, names)} |" for one in runs)])


def _shares(one: dict[str, Any], names: list[str]) -> str:
    return " | ".join(f"{one['phases'][name]:.0%}" for name in names)


def growth(record: dict[str, Any]) -> str:
    """One line a size: undrafted, then with all drafters."""
    lines = [
        "| grows | size | prompt tokens | answer tokens | seconds, no drafts | seconds, all drafts | of it reading "
        "| ms a token, no drafts | ms a token, all drafts | tokens per target forward |",
        f"{'| --- ' * 10}|",
    ]
    pairs: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for one in record["rows"]:
        pairs.setdefault((one["curve"], one["size"]), []).append(one)
    for (curve, size), (plain, drafted, *_) in pairs.items():
        what = "document, tokens" if curve == "document" else "fields of the schema"
        lines.append(
            f"| {what} | {size:,} | {plain['prompt_tokens']:,} | {plain['tokens']:,} | {plain['seconds']:.2f} | "
            f"{drafted['seconds']:.2f} | {drafted['prefill_s']:.2f} | {plain['ms_per_token']:.2f} | "
            f"{drafted['ms_per_token']:.2f} | {drafted['tokens_per_forward']:.2f} |"
        )
    return "\n".join(lines)


def readme() -> str:
    """The five rows of the README."""
    one, many, vllm, service, gpu = (runs.kept(name) for name in ("one_row", "rows", "vllm", "service", "gpu"))
    alone, wide = one["record"]["runs"][-1], _of(many["record"], 16)
    same = [count.split(" of ") for count in one["record"]["same_output_as_hf_outlines"].values()]
    idle, through = (_number(service["printed"], pattern) for pattern in (r"p50 ([0-9.]+) ms", r"(\d+) documents/s"))
    step = {line.split("|")[1].strip(): line.split("|")[4].strip() for line in gpu["printed"] if line.startswith("| ")}
    rows = [
        (
            "the bundled pair, one document at a time, against transformers' `generate` with Outlines",
            f"{bench.ratio(one['record'], alone):.1f} times the tokens a second, "
            f"{alone['tokens_per_forward']:.1f} tokens a forward pass of the model; the same text for "
            f"{min(int(a) for a, _ in same)} of {same[0][1]} documents, with drafts and without",
            one,
        ),
        (
            "the bundled pair, 16 documents at a time, against the same",
            f"{bench.ratio(many['record'], wide):.1f} times the tokens a second",
            many,
        ),
        (
            "the bundled pair, one and 16 documents at a time, against vLLM with its grammars and its drafter",
            " and ".join(f"{_beside_vllm(vllm['record'], rows):.1f}" for rows in (1, 16))
            + " times the tokens a second",
            vllm,
        ),
        (
            "the service alone, with a model that costs nothing",
            f"{idle:.1f} ms for one document, {through:.0f} documents a second in a batch",
            service,
        ),
        (
            "a step of 8 tokens at Gemma 4 E2B's shapes, random weights",
            f"{step['1']} for one document, {step['32']} for 32",
            gpu,
        ),
    ]
    lines = ["| what | figure | measured |", "| --- | --- | --- |"]
    return "\n".join([*lines, *(f"| {what} | {figure} | {at['date']}, {at['machine']} |" for what, figure, at in rows)])


def _of(record: dict[str, Any], rows: int) -> dict[str, Any]:
    """With all drafters."""
    drafters = record["runs"][-1]["drafters"]
    found: dict[str, Any] = next(r for r in record["runs"] if r["rows"] == rows and r["drafters"] == drafters)
    return found


def _beside_vllm(record: dict[str, Any], rows: int) -> float:
    """With all drafters, against what was fastest of vLLM: with its drafter or without."""
    theirs = [run["tokens_per_s"] for run in record["runs"] if run["engine"] != "ours" and run["rows"] == rows]
    return float(_of(record, rows)["tokens_per_s"] / max(theirs))


def _number(lines: list[str], pattern: str) -> float:
    return float(next(found[1] for found in (re.search(pattern, line) for line in lines) if found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
