"""What came back, as a page shows it, and whether a page still shows it. Knows no page and no process.

JSON keeps its digits and its order; what a page leaves out is one `…`. Ids and times differ from run to run, and so
does what follows from how fast a machine is; a probability is the same but for rounding.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.jsontext import Number, read

_WIDTH = 118
_ID = re.compile(r"\b[0-9a-f]{32}\b")
_CLOSE = 0.05  # of a probability, between two machines
_CONFIDENCE = re.compile(r'(?<="confidence": )[0-9.]+')
_KEY = re.compile(r"\bex_[A-Za-z0-9_-]{20,}")
_KEYS_ID = re.compile(r"^[0-9a-f]{12}(?=  )", re.M)
_FAULT = ("pointer", "code", "detail", "retryable", "errors", "last")  # the ledger keeps them in no order of its own
_TIMED = (
    "document_s prefill_s decode_s duration_s age_s documents_per_s seconds_left tokens_per_s target_forwards "
    "pid busy rows"
).split()
# What differs from run to run, each with the word it counts as.
_PASSING = [
    (_ID, "ID"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[0-9.]*(Z|\+00:00)"), "TIME"),
    (re.compile(rf'"({"|".join(_TIMED)})": (null|[0-9.]+)'), r'"\1": N'),
    (re.compile(r'"proposed": \d+, "accepted": \d+'), '"proposed": N, "accepted": N'),
    (re.compile(r'"host": "[^"]*"'), '"host": "HOST"'),
    (re.compile(r'"id": "[^"]+-\d+-[0-9a-f]+"'), '"id": "WORKER"'),
    (_CONFIDENCE, "C"),
]


@dataclass(frozen=True)
class ShownNode:
    """An object or a list as it is shown: its members, each with its name and colon (in a list: nothing)."""

    brackets: str
    members: tuple[tuple[str, Any], ...]


LEFT_OUT = ShownNode("", ())


def written(output: str, show: Iterable[str] = (), head: Iterable[str] = ()) -> str:
    """`output` as a page shows it: JSON values broken into lines and cut down to the pointers of `show`, of an HTTP
    head the status line and the headers named by `head`. A key is not shown. Ends with a line break unless there is
    nothing."""
    lines = _KEY.sub("ex_…", output.replace("\r\n", "\n")).rstrip("\n").split("\n")
    return "".join(f"{line}\n" for line in _shown(lines, tuple(show) or ("",), tuple(head))).lstrip("\n")


def _shown(lines: list[str], show: Sequence[str], head: Sequence[str]) -> Iterator[str]:
    in_head = False
    for line in lines:
        if line.startswith("HTTP/"):
            in_head = True
            yield line.rstrip()
        elif in_head and line:
            if line.partition(":")[0].lower() in head:
                yield line
        else:
            in_head = False
            prefix, value = _json(line)
            yield prefix + laid_out(tree(value, show)) if value is not None else line.rstrip()


def _json(line: str) -> tuple[str, Any]:
    """An object or a list, behind the name of an event's field if there is one; None where the line is no JSON."""
    prefix = "data: " if line.startswith("data: ") else ""
    text = line.removeprefix(prefix)
    if not text.startswith(("{", "[")):
        return "", None
    try:
        return prefix, read(text)
    except ValueError:
        return "", None


def tree(value: Any, show: Sequence[str] = ("",), at: str = "") -> Any:
    """Objects and lists of `value` as Nodes, with what stands at, above or below a pointer of `show`; each run of
    other members is one LEFT_OUT."""
    if not isinstance(value, dict | list):
        return value
    members: list[tuple[str, Any]] = []
    for name, member in _ordered(value).items() if isinstance(value, dict) else enumerate(value):
        pointer = f"{at}/{str(name).replace('~', '~0').replace('/', '~1')}"
        if any(pointer == one or pointer.startswith(f"{one}/") or one.startswith(f"{pointer}/") for one in show):
            label = f"{json.dumps(name, ensure_ascii=False)}: " if isinstance(value, dict) else ""
            members.append((label, tree(member, show, pointer)))
        elif not members or members[-1][1] is not LEFT_OUT:
            members.append(("", LEFT_OUT))
    return ShownNode("{}" if isinstance(value, dict) else "[]", tuple(members))


def _ordered(value: dict[str, Any]) -> dict[str, Any]:
    """As it came; what is wrong with a document in the order in which one reads it."""
    return {name: value[name] for name in _FAULT if name in value} if value.keys() <= set(_FAULT) else value


def laid_out(value: Any, column: int = 0) -> str:
    """On one line where it fits, else as many members on a line as fit. `column`: where it is indented to."""
    text = _line(value)
    if len(text) + column <= _WIDTH or not isinstance(value, ShownNode):
        return text
    if len(value.members) == 1 and isinstance(value.members[0][1], ShownNode) and not value.members[0][0]:
        return f"{value.brackets[0]}{laid_out(value.members[0][1], column)}{value.brackets[1]}"
    inner = column + 2 if column else 1
    lines = [""]
    for at, (label, member) in enumerate(value.members):
        comma = "," if at < len(value.members) - 1 else ""
        piece = f"{label}{_line(member)}{comma}"
        if len(piece) + inner > _WIDTH and isinstance(member, ShownNode):
            lines += [f"{label}{laid_out(member, inner)}{comma}", ""]
        elif lines[-1] and len(lines[-1]) + 1 + len(piece) + inner > _WIDTH:
            lines.append(piece)
        else:
            lines[-1] = f"{lines[-1]} {piece}".strip()
    margin = f"\n{' ' * inner}"
    body = margin.join(line for line in lines if line)
    return f"{value.brackets[0]}{margin if column else ''}{body}{value.brackets[1]}"


def _line(value: Any) -> str:
    if value is LEFT_OUT:
        return "…"
    if isinstance(value, ShownNode):
        inside = ", ".join(label + _line(member) for label, member in value.members)
        return f"{value.brackets[0]}{inside}{value.brackets[1]}"
    return value.text if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


def ids(text: str) -> list[str]:
    """In order, as often as they stand there."""
    return _ID.findall(text)


def same(kept: str, found: str) -> bool:
    """Whether two answers differ in nothing but what passes, line breaks and the rounding of probabilities."""
    if _plain(kept) != _plain(found):
        return False
    pairs = zip(_CONFIDENCE.findall(kept), _CONFIDENCE.findall(found), strict=True)
    return all(abs(float(one) - float(other)) <= _CLOSE for one, other in pairs)


def _plain(text: str) -> str:
    text = _KEYS_ID.sub("KEY", text)
    text = re.sub(r"(?<=[\[{]) ", "", re.sub(r"\s+", " ", text)).strip()
    for passing, word in _PASSING:
        text = passing.sub(word, text)
    return text
