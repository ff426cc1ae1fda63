"""Accepted tokens become part of their rows: text, matcher, state. Nothing else moves a matcher."""

from __future__ import annotations

from collections.abc import Callable, Collection

from llguidance import LLMatcher

from extractor.engine.sequence import Sequence, Tally
from extractor.engine.stats import EngineStats
from extractor.engine.tokenizer import Tokenizer
from extractor.engine.verification import Verified
from extractor.engine.verify import accept
from extractor.errors import TOO_COMPLEX, SchemaError


class Committer:
    """Writes what a step has verified. `stop`: the ids that end a text. `sizes`: bytes of text of each token."""

    def __init__(
        self, tokenizer: Tokenizer, stop: Collection[int], sizes: Callable[[list[int]], list[int]], stats: EngineStats
    ) -> None:
        self._tokenizer, self._stop, self._sizes, self._stats = tokenizer, frozenset(stop), sizes, stats

    def commit(self, rows: list[Sequence], verified: Verified) -> list[int | None]:
        """For each row how many tokens of its draft stood; None for one whose grammar gave up."""
        return [self._commit_row(row, index, verified) for index, row in enumerate(rows)]

    def _commit_row(self, row: Sequence, index: int, verified: Verified) -> int | None:
        if row.matcher is not None and row.matcher.is_error():
            row.refuse(_too_complex(row.matcher))
            return None
        draft, tokens, output = verified.drafts[index], verified.tokens[index], verified.output
        accepted = accept(draft.tokens, tokens)
        self._count(row, draft.tally(accepted))
        self._write(row, tokens[: accepted + 1], verified.logprobs[index])
        row.length += accepted + 1
        row.pending = tokens[accepted]
        row.hidden = None if output.hidden is None else output.hidden[output.first[index] + accepted]
        return accepted

    def _count(self, row: Sequence, tally: Tally) -> None:
        row.count(tally)
        self._stats.drafted(tally)

    def _write(self, row: Sequence, tokens: list[int], logprobs: list[float]) -> None:
        """Accepted tokens, up to the one that ends the text, if one does."""
        stops = [at for at, token in enumerate(tokens) if token in self._stop]
        begun = 0
        for end in [*stops, len(tokens)]:
            self._append(row, tokens[begun:end], logprobs[begun:end])
            begun = end
            if row.finished is None and end < len(tokens) and (row.matcher is None or row.matcher.is_accepting()):
                row.finished = "stop"
            if row.finished is not None:
                return
        if row.room == 0:
            row.finished = "length"

    def _append(self, row: Sequence, tokens: list[int], logprobs: list[float]) -> None:
        row.ids += tokens
        self._stats.output_tokens += len(tokens)
        row.logprobs += logprobs
        row.sizes += self._sizes(tokens)
        row.written += self._tokenizer.decode_bytes(tokens)
        if row.matcher is not None and tokens:
            if not row.matcher.consume_tokens(tokens):
                row.refuse(_too_complex(row.matcher))
            elif row.matcher.is_stopped():
                row.finished = "stop"


def _too_complex(matcher: LLMatcher) -> SchemaError:
    """A grammar may pass every check and only meet a limit of llguidance's with the text that is written under it."""
    reason = matcher.get_error().partition("\n")[0]  # of limits, never of text: verbose errors are off
    return SchemaError(f"the schema is more than its grammar can follow: {reason}", code=TOO_COMPLEX)
