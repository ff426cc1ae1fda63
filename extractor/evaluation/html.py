"""A run as one page of HTML: figures, a reliability plot, fields, and every document with its evidence marked. It holds
no script, asks nobody for anything (its content policy says so to the browser), and escapes all that documents say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from extractor.evaluation import table
from extractor.evaluation.judged import Judged, JudgedLeaf
from extractor.evaluation.marked import Marked, escape, marked_text
from extractor.evaluation.plot import reliability_plot
from extractor.evaluation.style import CSS

JSON = dict[str, Any]
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_NAMES = {"exact": "exact", "normalised": "normalised", "wrong": "wrong", "missing": "missing", "invented": "invented",
          "null_right": "null, rightly"}  # fmt: skip
_OPEN = 3  # documents that are not right and stand open


def page(judged: list[Judged], report: JSON, changed: JSON | None = None) -> str:
    """`report`: the run's report; `changed`: it beside another (`report.compared`)."""
    options = ", ".join(f"{name} {value}" for name, value in report["options"].items()) or "default options"
    about = f"{report['model']}; {options}"
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" '
        'content="light dark">',
        f"<title>Evaluation: {escape(report['gold'])}</title><style>{CSS}</style></head><body>",
        f"<h1>Evaluation: {escape(report['gold'])}</h1><div class='about'>{escape(about)}</div>",
        _summary(report),
        *_plots(report["totals"]["calibration"]),
        *_changes(changed),
        "<h2>Fields</h2>",
        _fields(report),
        f"<h2>Documents</h2><p>{_legend()} A value in the table leads to its place in the document.</p>",
        *_documents(judged, report["documents"]),
        "</body></html>\n",
    ]
    return "".join(parts)


def _summary(report: JSON) -> str:
    rows = (f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in table.summary_rows(report))
    return f'<table class="figures">{"".join(rows)}</table>'


def _plots(calibration: JSON) -> Iterator[str]:
    known = [name for name in ("values", "nulls") if calibration[name]["count"]]
    if not known:
        return
    yield "<h2>Confidence</h2><p>On the dashed line confidence is what it says: of values with 0.8, 80% are right. "
    yield 'Bars say how many values have such a confidence.</p><div class="plots">'
    for name in known:
        one = calibration[name]
        caption = (
            f"{one['count']:,} {name}: ECE {table.figure(one['ece'])}, AUROC {table.figure(one['auroc'])}; "
            f"{table.share(one['accuracy'])} right"
        )
        plot = reliability_plot(one["bins"], f"Reliability of {name}")
        yield f"<figure>{plot}<figcaption>{caption}</figcaption></figure>"
    yield "</div>"


def _changes(changed: JSON | None) -> Iterator[str]:
    if changed is not None:
        yield "<h2>Since the other run</h2>"
        yield from (f"<div>{escape(line)}</div>" for line in table.changes(changed))


def _fields(report: JSON) -> str:
    faulty, right = table.field_rows(report)
    parts = [_rows_of(faulty)] if faulty else []
    if right:
        whole = f"<summary>{len(right)} field{'s' if len(right) != 1 else ''} in which all is right</summary>"
        parts.append(f"<details>{whole}{_rows_of(right)}</details>")
    return "".join(parts)


def _rows_of(rows: Sequence[table.Row]) -> str:
    head = "".join(f"<th{_number(at)}>{escape(one)}</th>" for at, one in enumerate(table.FIELD_HEADS))
    body = "".join(
        "<tr>" + "".join(f"<td{_number(at, one)}>{escape(one)}</td>" for at, one in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _number(at: int, value: str = "") -> str:
    return "" if not at else ' class="number zero"' if value == "0" else ' class="number"'


def _legend() -> str:
    return ", ".join(f'<span class="kind {kind}">{name}</span>' for kind, name in _NAMES.items()) + "."


def _documents(judged: list[Judged], documents: Sequence[JSON]) -> Iterator[str]:
    opened = 0
    for number, (one, about) in enumerate(zip(judged, documents, strict=True), start=1):
        is_open = not one.right and opened < _OPEN
        opened += is_open
        wrong = sum(not leaf.outcome.right for leaf in one.leaves)
        state = "failed" if about["error"] else "right" if one.right else f"{wrong} of {len(one.leaves)} not right"
        kind = "exact" if one.right else "wrong"
        yield (
            f"<details{' open' if is_open else ''}><summary><b>{escape(one.case.name)}</b>"
            f'<span class="kind {kind}">{state}</span>'
            f'<span class="soft">{escape(_schema(one))}, F1 {about["f1"]:.3f}, {about["seconds"]:.2f} s</span>'
            "</summary>"
        )
        if about["error"]:
            yield f'<p class="failed">{escape(about["error"]["code"])}: {escape(about["error"]["detail"])}</p>'
        yield f'<div class="sides"><div class="scroll">{_leaves(one, number)}</div>'
        yield f"<pre{_placed(one)}>{_text(one, number)}</pre></div></details>\n"


def _schema(one: Judged) -> str:
    """Its name; that of a JSON Schema says nothing but its digest."""
    schema = one.case.schema
    return "a schema of its own" if schema.name == "inline" else schema.ref


def _leaves(one: Judged, number: int) -> str:
    rows = "".join(_row(leaf, _anchor(number, at)) for at, leaf in enumerate(one.leaves))
    extra = "".join(
        f"<tr><td><code>{_pointer(pointer)}</code></td><td class='kind'>not judged</td><td></td>"
        f"<td>{escape(table.short(value))} (not printed)</td><td></td></tr>"
        for pointer, value in one.unprinted.items()
        if pointer not in {leaf.outcome.pointer_in_answer for leaf in one.leaves}
    )
    head = "<th>field</th><th></th><th>right</th><th>answer</th><th class='number'>confidence</th>"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}{extra}</tbody></table>"


def _row(leaf: JudgedLeaf, anchor: str) -> str:
    outcome = leaf.outcome
    value = _value(outcome.value)
    if leaf.evidence:
        value = f'<a href="#{anchor}">{value}</a>'
    notes = ["not printed"] if leaf.printed is False else []
    if leaf.grounding is not None and leaf.grounding.found in ("elsewhere", "unprinted_found"):
        notes.append("wrong place")
    note = f' <span class="kind wrong">{", ".join(notes)}</span>' if notes else ""
    sure = "" if leaf.confidence is None else f"{leaf.confidence:.2f}"
    return (
        f'<tr><td><code>{_pointer(_where(leaf))}</code></td><td class="kind {outcome.kind}">{_NAMES[outcome.kind]}</td>'
        f'<td>{_value(outcome.gold)}</td><td>{value}{note}</td><td class="number">{sure}</td></tr>'
    )


def _where(leaf: JudgedLeaf) -> str:
    return leaf.outcome.pointer_in_answer or leaf.outcome.pointer_in_gold or "(the whole)"


def _pointer(text: str) -> str:
    """It may be broken before each of its parts."""
    return escape(text).replace("/", "<wbr>/")


def _anchor(number: int, at: int, part: int = 0) -> str:
    """Of a leaf's place in the text: the first part of one that stands in several."""
    return f"d{number}-{at}" + (f"-{part}" if part else "")


def _value(value: Any) -> str:
    if value is None:
        return '<span class="null">null</span>'
    return f"<bdi>{escape(value if isinstance(value, str) else str(value))}</bdi>"


def _placed(one: Judged) -> str:
    """The class of a text whose columns stand by their spaces: its lines are not broken."""
    return ' class="placed"' if any(each.get("how") in ("layout", "ocr") for each in _pages(one)) else ""


def _pages(one: Judged) -> Sequence[JSON]:
    found: Sequence[JSON] = (one.answered.result or {}).get("document", {}).get("pages", ())
    return found


def _text(one: Judged, number: int) -> str:
    """The document, where it was read."""
    text = one.answered.text
    if not text:
        return '<span class="soft">The document was not read.</span>'
    pages: list[tuple[int, str]] = []
    if len(known := _pages(one)) > 1:
        pages = [(each["start"], f"page {each['number']}") for each in known]
    marks = [
        Marked(place["start"], place["stop"], _anchor(number, at, part), leaf.outcome.kind, _where(leaf))
        for at, leaf in enumerate(one.leaves)
        for part, place in enumerate(leaf.evidence)
    ]
    return marked_text(text, marks, pages)
