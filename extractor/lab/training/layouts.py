"""How labels and values stand on a page: each layout turns (label, value) pairs into lines.

Two families that share no function: what training sees and what is held out. Knows nothing of fields or schemas.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from extractor.lab.training import lexicon
from extractor.lab.training.sentences import LabelledValue, composed, prose

LabelLayout = Callable[[Random, list[LabelledValue]], list[str]]


def colon(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    mark = rng.choice((": ", ": ", ": ", ":", " : ", ":  "))
    return [f"{label}{mark}{value}" for label, value in pairs]


def dotted(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    width = rng.choice((20, 26, 32))
    dot = rng.choice((".", ".", "_", " ."))
    return [f"{label} {dot * max(3, (width - len(label)) // len(dot))} {value}" for label, value in pairs]


def tabbed(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    mark = rng.choice(("\t", ":\t", "  ", "    "))
    return [f"{label}{mark}{value}" for label, value in pairs]


def above(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    end, gap = rng.choice(("", ":")), rng.random() < 0.4
    return [
        line for label, value in pairs for line in ((f"{label}{end}", value, "") if gap else (f"{label}{end}", value))
    ]


def aligned(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    width = max(len(label) for label, _ in pairs) + rng.randint(1, 4)
    end = rng.choice(("", ":"))
    return [f"{label + end:<{width + 1}}{value}" for label, value in pairs]


def bold_list(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    bullet = rng.choice(("- ", "* ", ""))
    inside = rng.random() < 0.5
    return [f"{bullet}**{label}:** {value}" if inside else f"{bullet}**{label}**: {value}" for label, value in pairs]


BARS = "|||||║┃¦"  # the held-out tables have a bar of their own


def pipe_table(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    head = rng.choice((["| Field | Value |", "|---|---|"], [], ["| | |", "| --- | --- |"]))
    bar = rng.choice(BARS)
    lines = [line.replace("|", bar) for line in head]
    lines += [f"{bar} {label} {bar} {value} {bar}" for label, value in pairs]
    rule = rng.choice(("=", "*", "_", "#")) * rng.randint(8, 40)
    return lines if rng.random() < 0.8 else [rule, *lines, rule]


def key_values(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    settings = [
        f"{label.lower().replace(' ', '_')}=" + (f'"{value}"' if " " in value else value) for label, value in pairs
    ]
    if rng.random() < 0.5:
        return settings
    return [rng.choice(("", "INFO ", "[info] ")) + " ".join(settings)]


def two_columns(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    gap, mark = " " * rng.choice((3, 4, 6, 8)), rng.choice((": ", ": ", " "))
    cells = [f"{label}{mark}{value}" for label, value in pairs]
    return [gap.join(cells[i : i + 2]) for i in range(0, len(cells), 2)]


def header_row(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    """Labels on one line, their values on the next."""
    mark = rng.choice((" | ", "\t", "   ", "; "))
    lines: list[str] = []
    for start in range(0, len(pairs), 4):
        some = pairs[start : start + 4]
        if mark == "   ":
            widths = [max(len(label), len(value)) + 3 for label, value in some]
            lines += [
                "".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip()
                for row in zip(*some, strict=True)
            ]
        else:
            lines += [mark.join(row) for row in zip(*some, strict=True)]
    return lines


def equals(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    mark = rng.choice((" = ", "=", " -> ", " - ", " – "))
    return [f"{label}{mark}{value}" for label, value in pairs]


def bracketed(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    left, right = rng.choice(("[]", "<>", "()"))
    return [f"{left}{label}{right} {value}" for label, value in pairs]


def tags(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    def name(label: str) -> str:
        return label.replace(" ", rng.choice("_-")).strip(".:")

    return [f"<{tag}>{value}</{tag}>" for label, value in pairs for tag in [name(label)]]


def yaml(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    indent = rng.choice(("", "  "))
    return [
        f"{indent}{label.lower().replace(' ', '_')}: " + (f'"{value}"' if rng.random() < 0.3 else value)
        for label, value in pairs
    ]


def running(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    """Everything in one line, separated by commas, bars or full stops."""
    mark, end = rng.choice(((": ", ", "), (" ", ", "), (": ", " | "), (" ", " / "), (": ", ". "), (" ", " - ")))
    return [end.join(f"{label}{mark}{value}" for label, value in pairs)]


def chat(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    who = rng.choice((("A", "B"), ("Agent", "Customer"), ("Anna", "Tom"), ("Support", "User")))
    lines = []
    for label, value in pairs:
        ask = rng.choice(
            (
                f"{label}?",
                f"What is the {label}?",
                f"and the {label}?",
                f"{label} please",
                f"can you tell me the {label}?",
            )
        )
        say = rng.choice((value, value, f"it is {value}", f"{value}, thanks", f"that would be {value}"))
        lines += [f"{who[0]}: {ask}", f"{who[1]}: {say}"]
    return lines


def json_like(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    end = rng.choice((",", ""))
    return ["{", *(f'  "{label}": "{value}"{end}' for label, value in pairs), "}"]


def right_amounts(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    width = rng.choice((30, 36, 42))
    return [f"{label}{' ' * max(2, width - len(label) - len(value))}{value}" for label, value in pairs]


def bullets(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    mark = rng.choice(("- ", "• ", "* ", "+ "))
    return [f"{mark}{label}: {value}" for label, value in pairs]


_MARKS = (
    ":= ", " := ", " | ", " / ", " * ", " # ", " .. ", " → ", "; ", " ; ", " & ", ", ", ". ", " ... ", " @ ",
    " => ", "! ", " || ", " ==> ", " + ", "\t:\t", ":   ", " |", "|", "/", " -- ", " — ", " · ", " % ", "^ ", " \\ ",
    "' ", " \" ",
)  # fmt: skip
FRONTS = (
    *("",) * 4, "(1) ", "a) ", "§ ", "> ", "→ ", "No. ", "- [x] ", "· ", "| ", "\t", "1.1 ", "I. ", "@ ", "! ",
    "#{i} ", "[{i}] ", "{i}: ", "{i} - ", "Nr. {i} ", "{i}/ ", "0{i} ", "{i}.{i} ",
)  # fmt: skip


_SIGNS = "|/*#.;&,!@%^-=+?$_'()[]<║┃¦"
_HELD_MARKS = {"::", ">>", ">", "~", "//"}  # of the layouts held out below


def any_mark(rng: Random) -> str:
    """What may stand between two things: a known mark, or one to three signs nobody has ever put there."""
    if rng.random() < 0.5:
        return rng.choice(_MARKS)
    while True:
        sign = rng.choice(_SIGNS)
        mark = sign * rng.randint(1, 3) if rng.random() < 0.6 else sign + rng.choice(_SIGNS)
        if mark not in _HELD_MARKS:
            return f" {mark} " if rng.random() < 0.8 else f"{mark} "


def odd(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    """Marks nobody agreed on: what counts is that the label stands before its value."""
    front, mark = rng.choice(FRONTS), any_mark(rng)
    end = rng.choice(("", "", "", ".", ";", " |", ","))
    if rng.random() < 0.3:
        between = rng.choice(("; ", " | ", ", ", " / ", "  ", " - ", any_mark(rng)))
        if between != mark:
            return [between.join(f"{label}{mark}{value}" for label, value in pairs)]
    return [f"{fronted(front, i)}{label}{mark}{value}{end}" for i, (label, value) in enumerate(pairs, 1)]


def fronted(front: str, count: int) -> str:
    """What stands before the `count`-th line."""
    return front.replace("{i}", str(count))


_HEADS = ("", "- ", "* ", "> ", "Field: ", "Item ", "* * ", "F) ", "L: ", "§ ", "== ", "K. ", "1) ", "•")
_BODIES = ("  ", "\t", "= ", "-> ", "Value: ", "V: ", ": ", "- ", "B) ", "... ", "is ", "V. ", "| ", "* ")


_LETTERS = "BCDEFGHIJKLMNOPRSTUVWXYZbcdefghiklmnoprstuvwxyz"  # without those of the held-out questions


def _initial(rng: Random) -> str:
    """A letter or a short word as a front."""
    word = rng.choice(_LETTERS) if rng.random() < 0.7 else lexicon.pseudo(rng, held_out=False).capitalize()
    return word + rng.choice((". ", ". ", ") ", ": ", " - ", "] ", " "))


def stacked(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    """Label and value on lines of their own, each kind of line with its front."""
    head, body = rng.choice(_HEADS), rng.choice(_BODIES)
    if rng.random() < 0.5:
        head, body = _initial(rng), _initial(rng)
    return [line for label, value in pairs for line in (f"{head}{label}", f"{body}{value}")]


TRAIN: list[tuple[LabelLayout, int]] = [
    (colon, 8), (dotted, 2), (tabbed, 3), (above, 4), (aligned, 3), (bold_list, 2), (pipe_table, 2), (key_values, 2),
    (two_columns, 3), (header_row, 3), (equals, 2), (bracketed, 1), (tags, 1), (yaml, 1), (running, 3), (prose, 11),
    (chat, 1), (json_like, 1), (right_amounts, 2), (bullets, 2),
    (odd, 8), (stacked, 5),
]  # fmt: skip


_HARD: list[tuple[LabelLayout, int]] = [
    (two_columns, 4), (header_row, 3), (running, 2), (prose, 3), (composed, 6), (chat, 2), (stacked, 4), (odd, 5),
    (key_values, 1),
]  # fmt: skip


# held out: no function, separator or sentence below is used above
def numbered(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    end = rng.choice((")", "."))
    return [f"{i}{end} {label} :: {value}" for i, (label, value) in enumerate(pairs, 1)]


def chevrons(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    mark = rng.choice((" >> ", " > ", " » "))
    return [f"{label}{mark}{value}" for label, value in pairs]


def boxed(_: Random, pairs: list[LabelledValue]) -> list[str]:
    wide, tall = max(len(label) for label, _ in pairs), max(len(value) for _, value in pairs)
    rule = f"+{'-' * (wide + 2)}+{'-' * (tall + 2)}+"
    return [rule, *(f"│ {label:<{wide}} │ {value:<{tall}} │" for label, value in pairs), rule]


def semicolons(_: Random, pairs: list[LabelledValue]) -> list[str]:
    return ["; ".join(f"{label} ~ {value}" for label, value in pairs) + ";"]


def questions(_: Random, pairs: list[LabelledValue]) -> list[str]:
    return [line for label, value in pairs for line in (f"Q. {label}", f"A. {value}")]


def indented(_: Random, pairs: list[LabelledValue]) -> list[str]:
    return [line for label, value in pairs for line in (f"# {label}", f"      {value}")]


_HELD_SAYS = [
    "According to our files the {l} amounts to {v}.", "Under {l} you will find {v}.", "Someone wrote {v} next to {l}.",
    "Concerning {l} the form says {v}.", "Kindly record {v} under {l}.", "{L} currently stands at {v}.",
]  # fmt: skip


def report(rng: Random, pairs: list[LabelledValue]) -> list[str]:
    sentences = (
        rng.choice(_HELD_SAYS).replace("{l}", label).replace("{L}", label).replace("{v}", value)
        for label, value in pairs
    )
    return [" ".join(sentences)]


HELD: list[tuple[LabelLayout, int]] = [
    (numbered, 2), (chevrons, 2), (boxed, 1), (semicolons, 1), (questions, 1), (indented, 1), (report, 2),
]  # fmt: skip


def choose(rng: Random, held_out: bool, hard: bool = False) -> LabelLayout:
    """A layout; `hard`: one of those in which a value is found by more than the mark before it."""
    family = HELD if held_out else _HARD if hard else TRAIN
    return rng.choices([layout for layout, _ in family], [weight for _, weight in family])[0]
