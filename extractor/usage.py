"""What an extraction cost. Plain numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from extractor.drafters import DRAFTERS


class Cost(Protocol):
    """Of one call of the model, or of several: tokens, forwards, seconds."""

    @property
    def prompt_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...
    @property
    def target_forwards(self) -> int: ...
    @property
    def prefill_s(self) -> float: ...
    @property
    def decode_s(self) -> float: ...


class DraftCount(Protocol):
    """Of one drafter, tokens."""

    @property
    def proposed(self) -> int: ...
    @property
    def accepted(self) -> int: ...


class CallCost(Cost, Protocol):
    """Of one call: an engine's `RequestStats`."""

    @property
    def drafts(self) -> Mapping[str, DraftCount]: ...


@dataclass
class Usage:
    """All calls of the model together. `drafts` counts draft tokens by drafter. Seconds are wall clock: `document_s` is
    the time of reading the document, which is no part of `duration_s` where it was read before."""

    model_calls: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    target_forwards: int = 0
    drafts: dict[str, dict[str, int]] = field(
        default_factory=lambda: {name: {"proposed": 0, "accepted": 0} for name in DRAFTERS}
    )
    document_s: float = 0.0
    duration_s: float = 0.0
    prefill_s: float = 0.0
    decode_s: float = 0.0

    def add(self, call: CallCost) -> None:
        """Counts one call of the model."""
        self.model_calls += 1
        drafts = {name: {"proposed": each.proposed, "accepted": each.accepted} for name, each in call.drafts.items()}
        self._sum(call, drafts)

    def join(self, other: Usage) -> None:
        """Counts a part of the same work: a window, or a part of the schema."""
        self.model_calls += other.model_calls
        self._sum(other, other.drafts)

    def _sum(self, more: Cost, drafts: Mapping[str, Mapping[str, int]]) -> None:
        self.prompt_tokens += more.prompt_tokens
        self.output_tokens += more.output_tokens
        self.target_forwards += more.target_forwards
        self.prefill_s += more.prefill_s
        self.decode_s += more.decode_s
        for name, counts in drafts.items():
            mine = self.drafts.setdefault(name, {"proposed": 0, "accepted": 0})
            for outcome, count in counts.items():
                mine[outcome] += count

    def as_json(self) -> dict[str, Any]:
        """As a result has it; seconds to a tenth of a millisecond."""
        return {
            "model_calls": self.model_calls,
            "prompt_tokens": self.prompt_tokens,
            "output_tokens": self.output_tokens,
            "target_forwards": self.target_forwards,
            "drafts": self.drafts,
            "document_s": round(self.document_s, 4),
            "duration_s": round(self.duration_s, 4),
            "prefill_s": round(self.prefill_s, 4),
            "decode_s": round(self.decode_s, 4),
        }
