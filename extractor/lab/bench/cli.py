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
from extractor.engine.model.loader import Models, ModelSpec, load
from extractor.lab.bench.agreement import with_outlines, with_vllm
from extractor.lab.bench.contender import Contender, RunOutcome
from extractor.lab.bench.engines import BASELINES, Ours, drafters_of, in_turn, mixes, theirs
from extractor.lab.bench.machine import machine, peak_memory
from extractor.lab.bench.options import command, natural, positive, positives, writable
from extractor.lab.bench.plot import svg
from extractor.lab.bench.prompts import CODE, TEXT
from extractor.lab.bench.table import engines, note, rows_of
from extractor.lab.bench.vllm import VLLM, Vllm
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
        options.plot.write_text(svg(record), "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="extractor bench", description=__doc__.split("\n")[0])
    parser.add_argument("--suite", default="json", choices=["json", *PROMPTS], help="what is decoded")
    parser.add_argument("--drafters", default="each", help="each, all, none, or mixes such as 'grammar,copy;mtp'")
    parser.add_argument("--baseline", default="", help=f"of {', '.join(BASELINES)}, separated by commas")
    parser.add_argument("--rows", type=positives, default="1", help="rows at once, separated by commas (hf: always 1)")
    parser.add_argument("--documents", type=positive, default=40)
    parser.add_argument("--rounds", type=positive, default=3)
    parser.add_argument("--max-tokens", type=positive, default=512)
    parser.add_argument(
        "--max-draft", type=natural, default=None, help="tokens a step, for hf-assisted and vllm-mtp too"
    )
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
    if options.suite == "json":
        workload = cases(models, documents(options.documents, options.seed), context, options.max_tokens)
    else:
        workload = plain(models, PROMPTS[options.suite], options.documents, options.max_tokens)
    if not workload:
        raise ValueError("no document fits the model's context")
    longest = max(len(case.prompt) + case.max_tokens for case in workload) + max_draft + 1
    makers = _makers(options, models, wanted, context, max_draft, min(models.context, longest))
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
        "same_output_as_hf_outlines": with_outlines(results),
        "same_output_as_vllm": with_vllm(models, workload, results),
        "vllm": next((runner.version for runner, _ in results if isinstance(runner, Vllm)), None),
    }


def _makers(
    options: argparse.Namespace, models: Models, wanted: ModelSpec, context: int, max_draft: int, longest: int
) -> list[Callable[[], Contender]]:
    """What makes each contender, in the order of the table. Raises ValueError for a baseline that cannot run here."""
    baselines = [name.strip() for name in options.baseline.split(",") if name.strip()]
    for name in baselines:
        _check(name, models, options.suite, max_draft)
    makers: list[Callable[[], Contender]] = [
        partial(theirs, name, wanted, max_draft) for name in baselines if name not in VLLM
    ]
    for rows in options.rows:
        for name in (one for one in baselines if one in VLLM):
            draft = max_draft if name == "vllm-mtp" else 0
            makers.append(partial(Vllm, models, wanted, rows, draft, longest))
        makers += [
            partial(Ours, models, mix, rows, context, max_draft) for mix in mixes(options.drafters, drafters_of(models))
        ]
    return makers


def _check(name: str, models: Models, suite: str, max_draft: int) -> None:
    """Raises ValueError where that baseline cannot run here."""
    if name not in BASELINES:
        raise ValueError(f"{name!r} is no baseline; there are {', '.join(BASELINES)}")
    if name in ("hf-assisted", "vllm-mtp") and models.drafter is None:
        raise ValueError(f"{name} needs a drafter, and this model has none")
    if name == "hf-outlines" and suite != "json":
        raise ValueError(f"hf-outlines needs a schema, and the suite {suite} has none")
    if name == "vllm-mtp" and not max_draft:
        raise ValueError("vllm-mtp needs at least one draft token a step: --max-draft")
    if name in VLLM and models.target.device.type != "cpu":
        raise ValueError(f"{name} is compared on a CPU only: EXTRACTOR_DEVICE=cpu")


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


def table(record: dict[str, Any]) -> str:
    """Markdown: the table and its note as the pages show them, then where the time of the last mix went."""
    runs = record["runs"]
    lines = [
        f"{record['date']}, {record['machine']}, {record['model']['model']} ({record['model']['architecture']})",
        "",
        *engines(record),
        "",
        note(record),
    ]
    for run in runs:
        if run["phases"] and run["drafters"] == runs[-1]["drafters"]:
            shares = ", ".join(f"{name} {share:.0%}" for name, share in run["phases"].items())
            lines += ["", f"Time of {'+'.join(run['drafters']) or 'none'} at {rows_of(run['rows'])}: {shares}."]
    others = ", vLLM's own processes not counted" if record["vllm"] else ""
    return "\n".join([*lines, "", f"{record['peak_memory_bytes'] / 1e9:.1f} GB of memory{others}."])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
