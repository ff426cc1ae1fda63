"""A Markdown page and its marked regions. Knows no command and no service."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_REGION = re.compile(r"^<!-- (made by: |example)(.*?) -->\n(.*?)^<!-- end -->$", re.M | re.S)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
_APART = re.compile(r"^<!-- not run: .+ -->\n```\w+\n.*?^```$", re.M | re.S)
_RUNNABLE = ("sh", "python")


@dataclass(frozen=True)
class Region:
    """What a command prints, Markdown. `text` ends with a line break."""

    command: str
    text: str


@dataclass(frozen=True)
class PageExample:
    """What one types, in the language of its fence, and what comes back. `answer` None: the page shows none.

    `show` are JSON pointers of what the page shows of each JSON value, empty for all of it; `head` names the headers
    it shows; the request is repeated until its output holds `until`."""

    language: str
    request: str
    answer: str | None
    show: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    until: str = ""


@dataclass
class MarkdownPage:
    """`text` is the whole page."""

    name: str
    text: str

    def rewrite(self, region: Callable[[Region], str], example: Callable[[PageExample], str | None]) -> None:
        """Puts into each region what the callables return for it: the text, and an example's answer. In the order of
        the page."""

        def one(found: re.Match[str]) -> str:
            kind, options, inner = found.groups()
            if kind != "example":
                inner = region(Region(options.strip(), inner))
                return f"<!-- {kind}{options} -->\n{inner.rstrip()}\n<!-- end -->"
            whole = _example(options, inner)
            answer = example(whole)
            if whole.answer is not None and answer is not None and answer != whole.answer:
                at = inner.rindex(f"{whole.answer}```")
                inner = f"{inner[:at]}{answer}{inner[at + len(whole.answer) :]}"
            return f"<!-- {kind}{options} -->\n{inner}<!-- end -->"

        self.text = _REGION.sub(one, self.text)

    def unrun(self) -> list[str]:
        """Fences with something to type that no example runs and no comment `<!-- not run: why -->` excuses."""
        rest = _APART.sub("", _REGION.sub("", self.text))
        return [body for language, body in _FENCE.findall(rest) if language in _RUNNABLE]


def _example(written: str, inner: str) -> PageExample:
    """`; show /a /b; head location; until text`. Raises ValueError."""
    fences = _FENCE.findall(inner)
    if not 1 <= len(fences) <= 2 or fences[0][0] not in _RUNNABLE:
        raise ValueError(f"an example is a fence of {' or '.join(_RUNNABLE)}, and one with its answer: {inner[:80]!r}")
    options = {"show": "", "head": "", "until": ""}
    for part in filter(None, (each.strip() for each in written.split(";"))):
        name, _, value = part.partition(" ")
        if name not in options:
            raise ValueError(f"{name!r} is none of {', '.join(options)}")
        options[name] = value.strip()
    return PageExample(
        language=fences[0][0],
        request=fences[0][1],
        answer=fences[1][1] if len(fences) == 2 else None,
        show=tuple(options["show"].split()),
        head=tuple(options["head"].lower().split()),
        until=options["until"],
    )
