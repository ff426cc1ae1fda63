"""Right answers, laid over what a target says, for benchmarks whose models write nothing worth reading."""

from __future__ import annotations

import numpy as np

from extractor.engine import Request
from extractor.engine.cache import SlotCache

AnsweredRequests = list[tuple[Request, list[int]]]  # requests, and the ids of their answers


class AnswersByPrompt:
    """The answers of `work`, by the prompts that slots of a cache hold. `end` is the id that ends a text."""

    def __init__(self, work: AnsweredRequests, end: int) -> None:
        self._end = end
        self._by_prompt = {_key(request.prompt[:-1]): answer for request, answer in work}

    def left(self, slot: int, length: int, cache: SlotCache) -> list[int]:
        """What the row in `slot`, of whose text `length` entries are in the cache, has still to write."""
        prompt = cache.held_ids(slot)
        return self._by_prompt[prompt.tobytes()][length - len(prompt) :]

    def padded(self, slot: int, length: int, cache: SlotCache, count: int) -> list[int]:
        """The first `count` ids of that, and the end as often as it takes behind it."""
        left = self.left(slot, length, cache)[:count]
        return left + [self._end] * (count - len(left))


def _key(ids: list[int]) -> bytes:
    return np.asarray(ids, np.int32).tobytes()
