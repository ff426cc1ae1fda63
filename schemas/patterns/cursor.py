"""Where one is in a pattern, and what it says when it cannot go on."""

from __future__ import annotations

import re
from typing import NoReturn

from schemas.patterns.escapes import RegexDialect

NOT_LINEAR = "is not a pattern matched in linear time (no look-around, no backreferences)"
_GROUP = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|(\((?!\?)|\(\?P?<(?![=!]))", re.DOTALL)


class PatternError(ValueError):
    """Why a pattern cannot be used, as one says it of the pattern."""


class Unsupported(PatternError):
    """It may be a good one: an engine of its own language has to match it."""


def wrong(what: str) -> NoReturn:
    raise PatternError(f"is not a regular expression: {what}")


class Cursor:
    def __init__(self, text: str, language: RegexDialect) -> None:
        self.text, self.language = text, language
        self.at = 0
        self.flags: frozenset[str] = frozenset()
        self.groups = sum(found[1] is not None for found in _GROUP.finditer(text))

    @property
    def folded(self) -> bool:
        return "i" in self.flags

    @property
    def char(self) -> str:
        """The next one; empty at the end."""
        return self.text[self.at : self.at + 1]

    def ahead(self, *texts: str) -> bool:
        return self.text.startswith(texts, self.at)

    def passed(self, text: str) -> bool:
        """Whether it comes next; it is passed then."""
        if not self.ahead(text):
            return False
        self.at += len(text)
        return True

    def found(self, form: re.Pattern[str]) -> re.Match[str] | None:
        """What of that form comes next; it is passed then."""
        found = form.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found
