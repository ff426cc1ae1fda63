"""What is complete of an answer that was cut off. Pure: knows JSON text."""

from __future__ import annotations

_CLOSES = {"{": "}", "[": "]"}
_ESCAPE = "\\"


def completed(text: str) -> str:
    """`text`, the beginning of a JSON object as the grammar writes it (without white space between its parts), up to
    its last whole value and closed there; `{}` where there is none. A number or a word that ends with the text may
    go on, so it is not whole."""
    stack: list[str] = []
    good, closing = 1, "}"  # up to where it stands, and what closes it there
    at, size = 0, len(text)
    while at < size:
        char = text[at]
        if char == '"':
            end = _end_of_string(text, at)
            if end is None:
                break
            if stack[-1:] == ["["] or text[at - 1] == ":":  # no key
                good, closing = end, _closing(stack)
            at = end
            continue
        if char in _CLOSES:
            stack.append(char)
        elif char in "}]":
            stack.pop()
            good, closing = at + 1, _closing(stack)
        elif char == ",":
            good, closing = at, _closing(stack)
        at += 1
    return text[:good] + closing if text.startswith("{") else "{}"


def _end_of_string(text: str, start: int) -> int | None:
    """Behind its closing quote; None where it has none."""
    at = start + 1
    while at < len(text):
        if text[at] == _ESCAPE:
            at += 2
        elif text[at] == '"':
            return at + 1
        else:
            at += 1
    return None


def _closing(stack: list[str]) -> str:
    return "".join(_CLOSES[one] for one in reversed(stack))
