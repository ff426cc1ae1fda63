"""How tables and lists stand on a page, for training and, by other functions, held out. Knows nothing of schemas."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from extractor.lab.training.layouts import BARS, FRONTS, any_mark, fronted

TableLayout = Callable[[Random, list[str], list[list[str]]], list[str]]


def table_pipes(rng: Random, head: list[str], rows: list[list[str]]) -> list[str]:
    bar = rng.choice(BARS)
    rule = [bar + f"---{bar}" * len(head)] if rng.random() < 0.7 else []
    lines = [f"{bar} " + f" {bar} ".join(row) + f" {bar}" for row in (head, *rows)]
    return [lines[0], *rule, *lines[1:]]


def table_tabs(rng: Random, head: list[str], rows: list[list[str]]) -> list[str]:
    mark = rng.choice(("\t", "\t", " | "))
    return [mark.join(row) for row in (head, *rows)]


def table_aligned(rng: Random, head: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in (head, *rows)) + rng.choice((2, 2, 3)) for i in range(len(head))]
    lines = ["".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)]
    return [lines[0], "-" * len(lines[0]), *lines[1:]] if rng.random() < 0.4 else lines


def table_csv(rng: Random, head: list[str], rows: list[list[str]]) -> list[str]:
    mark = rng.choice((";", "; ", ";", " ; ", " / ", " * ", " & ", "  -  ", " || ", " + ", any_mark(rng)))
    return [mark.join(row) for row in (head, *rows)]


def table_labelled(rng: Random, head: list[str], rows: list[list[str]]) -> list[str]:
    mark, end = rng.choice(((": ", ", "), (": ", "; "), (" ", ", "), (": ", " | "), (": ", any_mark(rng))))
    if rng.random() < 0.3:
        mark = any_mark(rng)
    bullet = rng.choice(("- ", "", "* ", *FRONTS))
    if mark == end:
        end = ", "
    return [
        fronted(bullet, i) + end.join(f"{name}{mark}{cell}" for name, cell in zip(head, row, strict=True))
        for i, row in enumerate(rows, 1)
    ]


def table_blocks(rng: Random, head: list[str], rows: list[list[str]]) -> list[str]:
    mark, gap = rng.choice((": ", " = ")), rng.random() < 0.6
    return [
        line
        for row in rows
        for line in (*(f"{name}{mark}{cell}" for name, cell in zip(head, row, strict=True)), *([""] if gap else []))
    ]


TABLES: list[TableLayout] = [
    table_pipes,
    table_tabs,
    table_aligned,
    table_aligned,
    table_csv,
    table_labelled,
    table_blocks,
]


def table_slashes(_: Random, head: list[str], rows: list[list[str]]) -> list[str]:
    return [" // ".join(row) for row in (head, *rows)]


def table_numbered(_: Random, head: list[str], rows: list[list[str]]) -> list[str]:
    return [
        f"({i}) " + " ~ ".join(f"{name} = {cell}" for name, cell in zip(head, row, strict=True))
        for i, row in enumerate(rows, 1)
    ]


def table_boxed(_: Random, head: list[str], rows: list[list[str]]) -> list[str]:
    return ["│ " + " │ ".join(row) + " │" for row in (head, *rows)]


HELD_TABLES: list[TableLayout] = [table_slashes, table_numbered, table_boxed]


def choose_table(rng: Random, held_out: bool) -> TableLayout:
    return rng.choice(HELD_TABLES if held_out else TABLES)


def listed(rng: Random, label: str, items: list[str], held_out: bool) -> list[str]:
    """A list of strings under its label."""
    if held_out:
        return (
            [f"{label} >> " + " + ".join(items)]
            if rng.random() < 0.5
            else [f"# {label}", *(f"      {item}" for item in items)]
        )
    match rng.randrange(7):
        case 0:
            return [f"{label}:", *(f"- {item}" for item in items)]
        case 1:
            return [label, *items, ""]  # where it ends is to be seen
        case 2:
            return [f"{label}: {'; '.join(items)}"]
        case 3:
            return [f"{label}", "• " + " • ".join(items)]
        case 4:
            return [
                f"{label}{any_mark(rng)}{rng.choice((' / ', ' | ', ' & ', ' - ', ' and ', any_mark(rng))).join(items)}"
            ]
        case 5:
            mark = rng.choice(("* ", "  ", "1) ", "→ ", "+ "))
            return [f"{label}{rng.choice(('', ':', ' -'))}", *(f"{mark}{item}" for item in items)]
    return [f"{label}: {', '.join(items)}"]
