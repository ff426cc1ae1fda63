"""The pictures of the pages: the way of one document, the engine's step, and tokens a second by engine and rows."""

from __future__ import annotations

from itertools import pairwise

from extractor.lab.bench import plot
from extractor.lab.pages import runs
from extractor.lab.pages.drawing import Arrow, Rectangle, svg


def drawn() -> dict[str, str]:
    """Each picture as SVG, by its name in the repository."""
    record = runs.kept("rows")["record"]
    return {
        "docs/document.svg": document(),
        "docs/step.svg": step(),
        "docs/rows.svg": plot.svg(record),
    }


def document() -> str:
    """From a POST to the result."""
    client = Rectangle(20, 20, 180, "client", ["POST /v1/extractions"], "end")
    api = Rectangle(270, 20, 230, "API", ["checks request, schema, bytes", "answers 202 and a Location"])
    ledger = Rectangle(
        600,
        20,
        280,
        "ledger in Redis",
        ["document and job, kept before the 202", "status, attempt, lease, result"],
        "store",
    )
    queue = Rectangle(600, 130, 280, "Celery queue in Redis", ["a message: tenant and id, nothing else"], "store")
    tasks = [
        Rectangle(20, 260, 200, "1  claim, read", ["lease for attempt n;", "bytes → text, pages, boxes"]),
        Rectangle(240, 260, 200, "2  prompt, grammar", ["schema and text → tokens;", "JSON Schema → grammar"]),
        Rectangle(460, 260, 200, "3  engine", ["in a process of its own,", "shared by a worker's slots"], "engine"),
        Rectangle(680, 260, 200, "4  validate, ground", ["pydantic; at most two calls;", "where each value stands"]),
    ]
    ended = Rectangle(
        290, 400, 320, "succeeded · failed · cancelled", ["in the ledger, until it expires or is erased"], "end"
    )
    claim, *_, ground = tasks
    arrows = [
        Arrow([(200, 45), (270, 45)]),
        Arrow([(500, 48), (600, 48)], "create", (528, 42)),
        Arrow([(385, api.at("bottom")[1]), (385, 156), (600, 156)], "publish the id", (480, 150)),
        Arrow(
            [(740, queue.at("bottom")[1]), (740, 222), (120, 222), claim.at("top")],
            "a worker's task takes the id",
            (400, 216),
        ),
        *(Arrow([one.at("right"), other.at("left")]) for one, other in pairwise(tasks)),
        Arrow([ground.at("bottom"), (780, 426), (610, 426)], "only if attempt n holds", (626, 420)),
        Arrow(
            [(290, 426), (8, 426), (8, 46), client.at("left")],
            "poll, long poll or event stream",
            (40, 420),
            dashed=True,
        ),
    ]
    return svg(900, 470, "The way of one document", [client, api, ledger, queue, *tasks, ended], arrows)


def step() -> str:
    """What `Engine.step` does, and a row's tokens in it."""
    parts = [
        Rectangle(20, 20, 280, "admit", ["waiting documents take free slots"]),
        Rectangle(20, 90, 280, "prefill", ["one chunk of the unread prompts"]),
        Rectangle(
            20,
            160,
            280,
            "draft",
            ["grammar: what the schema forces", "copy: what the document prints", "mtp: what the drafter proposes"],
            "engine",
        ),
        Rectangle(
            20,
            264,
            280,
            "verify",
            ["one forward of the model for all rows,", "a mask of the grammar at each place"],
            "engine",
        ),
        Rectangle(20, 351, 280, "commit", ["lengths and matchers move by", "accepted tokens only"], "engine"),
        Rectangle(20, 438, 280, "retire", ["finished rows free their slots"]),
    ]
    arrows = [Arrow([one.at("bottom"), other.at("top")]) for one, other in pairwise(parts)]
    arrows.append(Arrow([parts[-1].at("left"), (6, 461), (6, 43), parts[0].at("left")], dashed=True))
    read, written = _tokens()
    arrows += [Arrow([one.at("bottom"), other.at("top")]) for one, other in zip(read, written, strict=True)]
    arrows += [Arrow([(300, 202), (_LEFT, 202)]), Arrow([(300, 306), (_LEFT, 306)])]
    return svg(990, 500, "One step of the engine", [*parts, *_notes(), *read, *written], arrows)


_LEFT, _WIDE, _GAP = 370, 112, 8  # of the row of tokens


def _tokens() -> tuple[list[Rectangle], list[Rectangle]]:
    """What a row reads in a step, and below each token what the model writes behind it."""
    names = ["pending", "d1", "d2", "d3", "d4"]
    read = [
        Rectangle(_LEFT + at * (_WIDE + _GAP), 178, _WIDE, name, [word])
        for at, (name, word) in enumerate(zip(names, ['"total"', ":", "66", "0.00", "}"], strict=True))
    ]
    verdicts = [
        (":", "= d1: kept", "end"),
        ("66", "= d2: kept", "end"),
        ("0.00", "= d3: kept", "end"),
        (",", "≠ d4: next", "store"),
        ("…", "thrown away", "plain"),
    ]
    written = [
        Rectangle(_LEFT + at * (_WIDE + _GAP), 282, _WIDE, word, [verdict], kind)
        for at, (word, verdict, kind) in enumerate(verdicts)
    ]
    return read, written


def _notes() -> list[Rectangle]:
    width = 5 * _WIDE + 4 * _GAP
    return [
        Rectangle(
            _LEFT,
            60,
            width,
            "One row in this step",
            [
                "The pending token is the last one written; it is not in the cache yet.",
                "The model reads it and the drafts in one forward.",
            ],
        ),
        Rectangle(
            _LEFT,
            366,
            width,
            "Four tokens for one forward",
            [
                "At each place counts what the model itself writes under the grammar's mask.",
                'The first one that differs from the draft is kept too: "," is pending next.',
            ],
        ),
    ]
