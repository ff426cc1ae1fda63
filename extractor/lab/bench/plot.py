"""Tokens per second by engine and rows as an SVG: bars in the order of the table, each with its ratio.

SVG is text, and a bar is a rectangle: no library is asked for either.
"""

from __future__ import annotations

from html import escape
from typing import Any

from extractor.lab.bench.table import ratio, rows_of

_LEFT, _BAR, _GAP, _WIDE, _RIGHT = 250, 22, 8, 460, 150
_OURS, _THEIRS, _TEXT = "#2a6f97", "#a9b4c2", "#1b1f24"


def svg(record: dict[str, Any]) -> str:
    """`record` as `extractor bench --json` writes it."""
    runs = record["runs"]
    most = max(run["tokens_per_s"] for run in runs)
    height = 44 + len(runs) * (_BAR + _GAP)
    title = f"tokens per second, {record['model']['model']}, {record['machine']}, {record['date']}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDE + _RIGHT}" height="{height}" role="img" '
        f'aria-label="{escape(title)}" font-family="sans-serif" font-size="13" fill="{_TEXT}">',
        f'<rect width="100%" height="100%" fill="white"/><text x="12" y="22">{escape(title)}</text>',
    ]
    for at, run in enumerate(runs):
        top = 38 + at * (_BAR + _GAP)
        wide = max(1, round(_WIDE * run["tokens_per_s"] / most))
        color = _OURS if run["engine"] == "ours" else _THEIRS
        label = f"{run['tokens_per_s']:,.0f} ({ratio(record, run):.2f}x)"
        parts += [
            f'<text x="{_LEFT - 10}" y="{top + 16}" text-anchor="end">{escape(_name(run))}</text>',
            f'<rect x="{_LEFT}" y="{top}" width="{wide}" height="{_BAR}" fill="{color}"/>',
            f'<text x="{_LEFT + wide + 8}" y="{top + 16}">{label}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])


def _name(run: dict[str, Any]) -> str:
    rows = f", {rows_of(run['rows'])}" if run["rows"] > 1 else ""
    if run["engine"] != "ours":
        return f"{run['engine']}{rows}"
    return f"ours, {'+'.join(run['drafters']) or 'no drafts'}{rows}"
