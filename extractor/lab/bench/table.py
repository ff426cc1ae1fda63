"""What `extractor bench` measured as Markdown, for its own output and for the pages. Loads no torch."""

from __future__ import annotations

from typing import Any

_ENGINES = {
    "hf": "transformers' `generate`, no grammar",
    "hf-outlines": "`generate` with Outlines",
    "hf-assisted": "`generate` with the drafter, no grammar",
    "vllm": "vLLM",
    "vllm-mtp": "vLLM with the drafter",
    "ours": "Extractor",
}


def rows_of(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def base_of(record: dict[str, Any], one: dict[str, Any]) -> dict[str, Any]:
    """The run that the ratio of `one` refers to: generate with Outlines; where that did not run, vLLM with as many
    rows; else the first run."""
    runs: list[dict[str, Any]] = record["runs"]
    outlines = [run for run in runs if run["engine"] == "hf-outlines"]
    vllm = [run for run in runs if run["engine"] == "vllm" and run["rows"] == one["rows"]]
    return (outlines or vllm or runs)[0]


def ratio(record: dict[str, Any], one: dict[str, Any]) -> float:
    return float(one["tokens_per_s"] / base_of(record, one)["tokens_per_s"])


def engines(record: dict[str, Any]) -> list[str]:
    """One line an engine, mix and number of rows."""
    lines = [
        "| engine | drafts | rows | tokens/s | ratio | documents/s | tokens per target forward | drafts accepted |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in record["runs"]:
        accepted = ", ".join(
            f"{k} {v['accepted']}/{v['proposed']}" for k, v in one["acceptance"].items() if v["proposed"]
        )
        lines.append(
            f"| {_ENGINES[one['engine']]} | {'+'.join(one['drafters']) or 'none'} | {one['rows']} | "
            f"{one['tokens_per_s']:,.0f} | {ratio(record, one):.2f}x | {one['documents_per_s']:.2f} | "
            f"{one['tokens_per_forward']:.2f} | {accepted or '–'} |"
        )
    return lines


def note(record: dict[str, Any]) -> str:
    """What was decoded, how it was measured, and which engines wrote the same."""
    size, model = record["workload"], record["model"]
    what = (
        f"held-out documents of {size['schemas']} schemas" if size["suite"] == "json" else f"requests: {size['suite']}"
    )
    text = (
        f"{size['documents']} {what}, median prompt {size['prompt_tokens_median']} tokens; {model['model']} in "
        f"{model['dtype']}; medians of {record['rounds']} round{'s' if record['rounds'] > 1 else ''} in turn; at most "
        f"{record['max_draft']} draft tokens a step."
    )
    return f"{text}{_as_outlines(record)}{_as_vllm(record)}"


def _as_outlines(record: dict[str, Any]) -> str:
    same = record["same_output_as_hf_outlines"] or {}
    count = [one.split(" of ") for one in same.values()]
    if count and all(one == other for one, other in count):
        return f" Every line of Extractor's wrote all {count[0][1]} documents exactly as `generate` with Outlines did."
    if not count:
        return ""
    named = "; ".join(f"{name}: {documents}" for name, documents in same.items())
    return f" Documents written exactly as `generate` with Outlines wrote them: {named}."


def _as_vllm(record: dict[str, Any]) -> str:
    """How many texts of vLLM's are ours, and why the others are not."""
    compared = record.get("same_output_as_vllm", [])
    if not compared:
        return ""
    text = f" vLLM is {record['vllm']}, eager, with the same grammars from its guidance backend"
    named = "; ".join(f"{_ENGINES[one['engine']]} at {rows_of(one['rows'])}: {one['same']}" for one in compared)
    text += f". Of {record['workload']['documents']} documents it wrote exactly as Extractor did: {named}."
    apart = [one for run in compared for one in run["differences"]]
    refused = sum(not all(one["allowed"]) for one in apart)
    if apart and not refused:
        text += (
            " Where a text differs, the grammar allows both tokens at the first difference, and by the model's own "
            f"logits neither is more than {max(one['gap'] for one in apart):.1g} behind the best."
        )
    elif refused:
        text += f" In {refused} of the {len(apart)} that differ the grammar refuses a token at the first difference."
    return text
