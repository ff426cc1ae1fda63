"""`extractor bench`: engines side by side in one process, in turn, on the same held-out documents.

Prints a table for people, or with --json the whole record. Figures are medians over rounds; compare ratios within one
run, never seconds between machines.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import Any

from extractor.config import read_settings
from extractor.engine.model.loader import Models, load
from extractor.lab.bench.engines import BASELINES, Contender, Ours, RunOutcome, drafters_of, in_turn, mixes, theirs
from extractor.lab.bench.machine import machine, peak_memory
from extractor.lab.bench.options import command, natural, positive, positives, writable
from extractor.lab.bench.plot import svg
from extractor.lab.bench.prompts import CODE, TEXT
from extractor.lab.bench.workload import SEED, cases, documents, plain, summary
from extractor.loading import spec, use_threads

PROMPTS = {"text": TEXT, "code": CODE}


def main(arguments: list[str]) -> int:
    """Exit code: 0, or 2 for bad usage."""
    return command(_parser(), arguments, _show)


def _show(options: argparse.Namespace) -> int:
    record = measure(options)
    print(json.dumps(record, indent=1) if options.json else table(record))
    if options.plot:
        options.plot.write_text(svg(record, _base(record)), "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="extractor bench", description=__doc__.split("\n")[0])
    parser.add_argument("--suite", default="json", choices=["json", *PROMPTS], help="what is decoded")
    parser.add_argument("--drafters", default="each", help="each, all, none, or mixes such as 'grammar,copy;mtp'")
    parser.add_argument("--baseline", default="", help=f"of {', '.join(BASELINES)}, separated by commas")
    parser.add_argument("--rows", type=positives, default="1", help="rows at once, separated by commas (ours only)")
    parser.add_argument("--documents", type=positive, default=40)
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument("--max-tokens", type=positive, default=512)
    parser.add_argument("--max-draft", type=natural, default=None, help="tokens a step, for hf-assisted too")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--model", default=None, help="default: EXTRACTOR_MODEL, or the bundled pair")
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--plot", type=writable, default=None, metavar="FILE.svg", help="write the table as a picture too"
    )
    return parser


def measure(options: argparse.Namespace) -> dict[str, Any]:
    settings = read_settings(**({"model": options.model} if options.model else {}))
    wanted = spec(settings)
    models = load(wanted)
    use_threads(settings, models)
    context = min(models.context, settings.context or 4096)
    max_draft = settings.max_draft if options.max_draft is None else options.max_draft
    baselines = [name.strip() for name in options.baseline.split(",") if name.strip()]
    makers: list[Callable[[], Contender]] = [
        partial(theirs, _able(name, models, options.suite), wanted, max_draft) for name in baselines
    ]
    makers += [
        partial(Ours, models, mix, rows, context, max_draft)
        for rows in options.rows
        for mix in mixes(options.drafters, drafters_of(models))
    ]
    if options.suite == "json":
        workload = cases(models, documents(options.documents, options.seed), context, options.max_tokens)
    else:
        workload = plain(models, PROMPTS[options.suite], options.documents, options.max_tokens)
    if not workload:
        raise ValueError("no document fits the model's context")
    results = in_turn(makers, workload, options.rounds)
    return {
        "machine": machine(models.target.device),
        "date": datetime.now(UTC).date().isoformat(),
        "model": models.info,
        "workload": {"suite": options.suite, "seed": options.seed, **summary(workload)},
        "rounds": options.rounds,
        "max_draft": max_draft,
        "peak_memory_bytes": peak_memory(models.target.device),
        "runs": [_run(runner, outcomes, options.suite, len(workload)) for runner, outcomes in results],
        "same_output_as_hf_outlines": _agreement(results),
    }


def _able(name: str, models: Models, suite: str) -> str:
    """`name`, if that baseline can run here."""
    if name not in BASELINES:
        raise ValueError(f"{name!r} is no baseline; there are {', '.join(BASELINES)}")
    if name == "hf-assisted" and models.drafter is None:
        raise ValueError("hf-assisted needs a drafter, and this model has none")
    if name == "hf-outlines" and suite != "json":
        raise ValueError(f"hf-outlines needs a schema, and the suite {suite} has none")
    return name


def _run(runner: Contender, outcomes: list[RunOutcome], suite: str, count: int) -> dict[str, Any]:
    seconds = median(one.seconds for one in outcomes)
    last = outcomes[-1]
    return {
        "engine": runner.name,
        "drafters": list(runner.drafters),
        "suite": suite,
        "rows": runner.rows,
        "documents": count,
        "tokens": last.tokens,
        "tokens_per_s": round(last.tokens / seconds, 1),
        "documents_per_s": round(count / seconds, 3),
        "tokens_per_forward": round(last.tokens / last.forwards, 2),
        "phases": phases(last),
        "acceptance": last.drafts,
        "seconds": [round(one.seconds, 3) for one in outcomes],
    }


def phases(outcome: RunOutcome) -> dict[str, float]:
    """Shares of the run's time: reading prompts, drafting, the target's forward, the rest of verification (masks, the
    choice of tokens), committing, and everything else. Empty for engines that do not tell."""
    spent = dict(outcome.phases)
    if not spent:
        return {}
    spent["choose"] = spent.pop("verify") - spent["target"]
    spent["other"] = outcome.seconds - sum(spent.values())
    return {name: round(value / outcome.seconds, 3) for name, value in spent.items()}


def _agreement(results: list[tuple[Contender, list[RunOutcome]]]) -> dict[str, str] | None:
    """How many documents each of ours wrote exactly as generate + Outlines did: the same grammar, greedy, float32."""
    theirs = next((outcomes[-1].ids for runner, outcomes in results if runner.name == "hf-outlines"), None)
    if theirs is None:
        return None
    return {
        f"{'+'.join(runner.drafters) or 'none'}, {_rows(runner.rows)}": (
            f"{sum(a == b for a, b in zip(outcomes[-1].ids, theirs, strict=True))} of {len(theirs)}"
        )
        for runner, outcomes in results
        if runner.name == "ours"
    }


def _base(record: dict[str, Any]) -> float:
    """Tokens per second of generate + Outlines if it ran, else of the first row: what ratios refer to."""
    runs = record["runs"]
    return float(next((run for run in runs if run["engine"] == "hf-outlines"), runs[0])["tokens_per_s"])


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count} rows"


def table(record: dict[str, Any]) -> str:
    """Markdown, as the README shows it."""
    runs, base = record["runs"], _base(record)
    size = record["workload"]
    content = (
        f"held-out documents, {size['schemas']} schemas" if size["suite"] == "json" else f"requests for {size['suite']}"
    )
    lines = [
        f"{record['date']}, {record['machine']}, {record['model']['model']} ({record['model']['architecture']}, "
        f"{record['model']['dtype']}); {size['documents']} {content}, "
        f"median prompt {size['prompt_tokens_median']} tokens; medians of {record['rounds']} rounds in turn",
        "",
        "| engine | drafters | rows | tokens/s | ratio | documents/s | tokens per target forward | accepted |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for run in runs:
        accepted = ", ".join(
            f"{name} {counts['accepted']}/{counts['proposed']}"
            for name, counts in run["acceptance"].items()
            if counts["proposed"]
        )
        lines.append(
            f"| {run['engine']} | {'+'.join(run['drafters']) or 'none'} | {run['rows']} | {run['tokens_per_s']:,.0f} | "
            f"{run['tokens_per_s'] / base:.2f}x | {run['documents_per_s']:.2f} | {run['tokens_per_forward']:.2f} | "
            f"{accepted or '–'} |"
        )
    for run in runs:
        if run["phases"] and run["drafters"] == runs[-1]["drafters"]:
            shares = ", ".join(f"{name} {share:.0%}" for name, share in run["phases"].items())
            lines += ["", f"Time of {'+'.join(run['drafters']) or 'none'} at {_rows(run['rows'])}: {shares}."]
    if record["same_output_as_hf_outlines"]:
        same = "; ".join(f"{name}: {count}" for name, count in record["same_output_as_hf_outlines"].items())
        lines += ["", f"Documents written exactly as generate + Outlines wrote them: {same}."]
    drafted = f"At most {record['max_draft']} tokens drafted a step"
    drafted += ", by hf-assisted too" if any(run["engine"] == "hf-assisted" for run in runs) else ""
    lines += ["", f"{drafted}; {record['peak_memory_bytes'] / 1e9:.1f} GB of memory, all engines in one process."]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
