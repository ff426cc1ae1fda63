"""A report as lines of text for a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

JSON = dict[str, Any]
Row = Sequence[str]
_MOST_CHANGES = 20
_MOST_FAULTS = 10
_FAULTS = ("wrong", "missing", "invented")
_SHOWN_BELOW = (0.5, 0.75, 0.9)  # of the thresholds for `review_below`
_LONGEST = 60  # characters of a value
_KINDS = {"exact": "exact", "normalised": "normalised", "wrong": "wrong", "missing": "missing", "invented": "invented",
          "null_right": "null, rightly"}  # fmt: skip


def summary_rows(report: JSON) -> Iterator[tuple[str, str]]:
    """Each figure of a run with its name."""
    total = report["totals"]
    documents, leaves, f1, invented = total["documents"], total["leaves"], total["value_f1"], total["invented"]
    failed = ", ".join(f"{count} {code}" for code, count in documents["failed"].items())
    yield (
        "documents",
        f"{documents['count']}: {documents['right']} right in every field" + (f"; failed: {failed}" if failed else ""),
    )
    yield "fields right", f"{share(leaves['accuracy'])} of {leaves['count']:,}"
    yield "value-F1, micro", _prf(f1["micro"])
    yield "value-F1, macro", _prf(f1["macro"])
    yield "invented, where there is none", f"{invented['where_gold_has_none']:,}"
    yield (
        "not printed in the document",
        (
            f"{invented['not_printed']:,} of {invented['written']:,} texts and numbers; "
            f"{invented['not_printed_and_not_right']:,} of the judged ones are not right"
        ),
    )
    yield "answers that ran on", f"{documents['ran_on']} cut off, {documents['ended']} ended and marked"
    if (grounding := total["grounding"]) is not None:
        yield (
            "evidence in the right place",
            (
                f"{share(grounding['place'])}; {grounding['elsewhere']} elsewhere, {grounding['not_found']} not found; "
                f"right page {share(grounding['page'])}"
            ),
        )
        if grounding["words"]:
            yield "evidence by words", _prf(grounding["words"])
    yield from _confidence(total["calibration"])
    yield from _marked(total.get("review", ()))
    time = total["time"]
    yield (
        "time",
        (
            f"{time['seconds']:.1f} s, {time['documents_per_s'] or 0:.2f} documents/s, "
            f"{time['tokens_per_s'] or 0:.0f} tokens/s"
            + (f"; a document {time['median_s']:.2f} s (longest {time['longest_s']:.2f} s)" if time["median_s"] else "")
        ),
    )


def _confidence(calibration: JSON) -> Iterator[tuple[str, str]]:
    fitted = isinstance(calibration["fit"], dict)
    for name in ("values", "nulls"):
        one = calibration[name]
        if one["count"]:
            yield (
                f"confidence of {one['count']:,} {name}" + ("" if fitted else ", uncalibrated"),
                (
                    f"ECE {figure(one['ece'])}, AUROC {figure(one['auroc'])}; right: {share(one['accuracy'])}, "
                    f"of the surest 90% {share(one['at_90'])}, of the surest 80% {share(one['at_80'])}"
                ),
            )


def _marked(review: Sequence[JSON]) -> Iterator[tuple[str, str]]:
    shown = [one for one in review if one["below"] in _SHOWN_BELOW]
    if shown:
        worth = (f"{share(one['marked'])}, of the rest {share(one['right_of_the_rest'])} right" for one in shown)
        yield f"marked below {', '.join(str(one['below']) for one in shown)}", "; ".join(worth)


FIELD_HEADS = ["field", *_KINDS.values(), "F1"]


def field_rows(report: JSON) -> tuple[list[Row], list[Row]]:
    """The rows of the table of fields under `FIELD_HEADS`: fields with something that is not right, and those where all
    is right."""
    faulty: list[Row] = []
    right: list[Row] = []
    for one in report["fields"]:
        row = [one["field"], *(str(one[kind]) for kind in _KINDS), figure(one["f1"])]
        (faulty if one["wrong"] + one["missing"] + one["invented"] else right).append(row)
    return faulty, right


def faults(report: JSON) -> Iterator[str]:
    """The first values that are not right, with the right ones. Of a document that failed the error says more."""
    found = [
        (one["name"], leaf)
        for one in report["documents"]
        if not one["error"]
        for leaf in one["leaves"]
        if leaf["kind"] in _FAULTS
    ]
    for name, leaf in found[:_MOST_FAULTS]:
        where = leaf["gold_pointer"] or leaf["pointer"]
        yield f"{name} {where}: {short(leaf['value'])} (right: {short(leaf['gold'])})"
    if len(found) > _MOST_FAULTS:
        yield f"and {len(found) - _MOST_FAULTS:,} more that are not right: --json and --html have all of them"


def changes(report: JSON) -> Iterator[str]:
    """Two reports side by side (`report.compared`)."""
    f1 = report["f1"]
    yield (
        f"value-F1 {figure(f1['before'])} before, {figure(f1['after'])} now; of {report['leaves']:,} leaves that both "
        f"judged {len(report['better'])} got better, {len(report['worse'])} got worse"
    )
    for name, sign in (("better", "+"), ("worse", "-")):
        for one in report[name][:_MOST_CHANGES]:
            values = f"{short(one['before'])} → {short(one['after'])} (right: {short(one['gold'])})"
            yield f"{sign} {one['document']} {one['pointer']}: {values}"
        if len(report[name]) > _MOST_CHANGES:
            yield f"{sign} and {len(report[name]) - _MOST_CHANGES} more"
    for name, when in (("only_before", "before"), ("only_after", "now")):
        if report[name]:
            yield f"documents only {when}: {len(report[name])}"


def share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f}%"


def figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def short(value: Any) -> str:
    """A value in one line."""
    text = " ".join(str("null" if value is None else value).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _prf(counts: JSON) -> str:
    return f"{figure(counts['f1'])} (precision {figure(counts['precision'])}, recall {figure(counts['recall'])})"
