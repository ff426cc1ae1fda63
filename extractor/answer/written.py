"""Text that a model wrote, with the tokens it wrote it in: pieces of several answers put together, so that each value
keeps how sure the model was when it wrote that. Pure: knows bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from extractor.engine.limits.limits import Ended
from extractor.engine.sequence import Completion

Span = tuple[int, int]  # half-open, of bytes or of characters


@dataclass(frozen=True)
class WrittenText:
    """`text` is UTF-8; token i is `sizes[i]` bytes of it, and `logprobs[i]` the natural log of the probability that the
    model gave it."""

    text: bytes
    logprobs: Sequence[float]
    sizes: Sequence[int]

    @classmethod
    def of(cls, completion: Completion) -> WrittenText:
        """That of an answer of the engine's."""
        return cls(completion.text, completion.logprobs, completion.sizes)

    def put_into(self, completion: Completion, ended: list[Ended]) -> Completion:
        """The completion as if this had been written, of which a limit `ended` these values."""
        logprobs, sizes = list(self.logprobs), list(self.sizes)
        return replace(completion, text=self.text, logprobs=logprobs, sizes=sizes, ended=ended)

    @property
    def string(self) -> str:
        """With U+FFFD for a character that it ends within."""
        return self.text.decode("utf-8", "replace")

    def part(self, start: int, stop: int) -> WrittenText:
        """The bytes `start` to `stop`. A token that goes over an end of it counts as a whole, for what is there."""
        logprobs, sizes, at = list[float](), list[int](), 0
        for logprob, size in zip(self.logprobs, self.sizes, strict=True):
            within = min(at + size, stop) - max(at, start)
            at += size
            if within > 0:
                logprobs.append(logprob)
                sizes.append(within)
        return WrittenText(self.text[start:stop], logprobs, sizes)

    def __add__(self, other: WrittenText) -> WrittenText:
        return WrittenText(self.text + other.text, [*self.logprobs, *other.logprobs], [*self.sizes, *other.sizes])


EMPTY = WrittenText(b"", [], [])


def forced_text(text: str) -> WrittenText:
    """What no model chose."""
    data = text.encode()
    return WrittenText(data, [0.0], [len(data)]) if data else EMPTY


def outermost(spans: Iterable[Span]) -> list[Span]:
    """Those within no other, in order."""
    kept: list[Span] = []
    for start, stop in sorted(spans, key=lambda one: (one[0], -one[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, stop))
    return kept
