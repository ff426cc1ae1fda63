"""Composes drafts out of what three drafters propose. A wrong guess costs a rejected token, never an output.

- grammar (jump-forward): the bytes that the schema forces next: braces, keys, quotes;
- copy (prompt lookup): what the document seems to say of the field that is due (`lookup.py`), or how it, or the output
  so far, goes on after the text just written. Extraction copies;
- mtp: a chain of steps of Gemma 4's own drafter, each masked by the grammar.

Grammar and copy work on bytes (`text.py`) and are tokenized together, because a tokenizer merges across their seams:
`":"` is one token of forced text and value. Text costs microseconds, an MTP step a small forward. So a draft is an MTP
chain for as long as its tokens are likely enough, and text from where it stopped; or text alone where that promises
more. What is likely enough is measured while running (`cost.py`), and so is whether drafting pays at all
(`selector.py`). On a GPU a draft is a chain or text, whole: to go on behind a chain would mean to wait for it.

While a GPU verifies, the host has nothing to do: it looks up the text that would follow if the whole draft stood
(`ahead`), which happens two times in five, and learns from the step before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

from extractor.drafters import DRAFTERS
from extractor.engine.cache import SlotCache
from extractor.engine.drafting.cost import Acceptances, StepCosts
from extractor.engine.drafting.mtp import MtpDrafter, PendingChain
from extractor.engine.drafting.selector import Selector
from extractor.engine.drafting.text import TextDrafter
from extractor.engine.sequence import Draft, Sequence


@dataclass
class Proposal:
    """A draft for each row. Those of `chains` are empty until they are read, and may be verified before that."""

    drafts: list[Draft]
    chains: PendingChain | None = None

    @property
    def counts(self) -> list[int]:
        """Positions of each row, its pending token included."""
        chains = self.chains.wanted if self.chains else [0] * len(self.drafts)
        return [1 + max(len(draft), chain) for draft, chain in zip(self.drafts, chains, strict=True)]

    def resolve(self) -> list[Draft]:
        """The drafts, all of them known to the host."""
        if self.chains:
            for index, chain in enumerate(self.chains.read()):
                if self.chains.wanted[index]:
                    self.drafts[index] = Draft(chain, ["mtp"] * len(chain))
            self.chains = None
        return self.drafts


class Drafting:
    """Composes one draft a row out of what the row's request allows and what earns its price."""

    def __init__(
        self,
        text: TextDrafter,
        mtp: MtpDrafter | None,
        *,
        learns_late: bool = False,
        costs: StepCosts | None = None,
        selector: Selector | None = None,
    ) -> None:
        """`learns_late`: in `ahead`, not before; for an engine that calls it in every step. `costs` and `selector`:
        others than those that learn from nothing."""
        self.text = text
        self._mtp = mtp
        self._learns_late = learns_late
        self._lessons: list[tuple[str | None, Draft, int]] = []  # grammar, draft, how much of it stood
        self.costs = costs or StepCosts()
        self.selector = selector or Selector()
        self.acceptances = Acceptances()
        self._drafters = frozenset(DRAFTERS)  # for the drafts that are being verified

    @property
    def chains(self) -> bool:
        """Whether the MTP drafter was asked in the last step, as it then is likely to be in the next one."""
        return self._mtp is not None and "mtp" in self._drafters

    def propose(self, rows: list[Sequence], budget: int, cache: SlotCache) -> Proposal:
        """A draft of at most `budget` tokens for each row."""
        budgets = [max(0, min(budget, row.room - 1)) for row in rows]
        allowed = frozenset(name for row in rows for name in row.params.drafters)
        self._drafters = drafters = self.selector.select(allowed if self._mtp else allowed - {"mtp"}, len(rows))
        drafts = [
            self._worth(row, self.text.next(row, limit, drafters), 0, len(rows))
            for row, limit in zip(rows, budgets, strict=True)
        ]
        if self._mtp is None or "mtp" not in drafters:
            return Proposal(drafts)
        able = sum("mtp" in row.params.drafters for row in rows)
        wanted = [
            self._depth(row, draft, limit, len(rows), able) if "mtp" in row.params.drafters else 0
            for row, draft, limit in zip(rows, drafts, budgets, strict=True)
        ]
        if self._mtp.at_once:
            pending = self._mtp.launch(rows, wanted, cache, self.costs)
            chained = pending.wanted if pending else [0] * len(rows)
            whole = [Draft([], []) if depth else draft for depth, draft in zip(chained, drafts, strict=True)]
            return Proposal(whole, pending)
        chains = self._mtp.propose(rows, wanted, cache, self.costs)
        whole = [
            self._gone_on(row, chain, limit, len(rows)) if chain else draft
            for row, chain, limit, draft in zip(rows, chains, budgets, drafts, strict=True)
        ]
        return Proposal(whole)

    def ahead(self, rows: list[Sequence], drafts: list[Draft], budget: int, over: Callable[[], bool]) -> None:
        """While `drafts` are verified, look up what follows where all of one stands, the likeliest first, until that is
        `over`."""

        def chance(pair: tuple[Sequence, Draft]) -> float:
            row, draft = pair
            return [1.0, *self.acceptances.of(row.request.grammar).chances(draft.sources)][-1]

        self._catch_up()
        for row, draft in sorted(zip(rows, drafts, strict=True), key=chance, reverse=True):
            if over():
                return
            limit = min(budget, row.room - len(draft) - 2)
            if limit > 0:
                self.text.ahead(row, draft.tokens, limit, self._drafters)

    def learn(self, row: Sequence, draft: Draft, accepted: int) -> None:
        self._lessons.append((row.request.grammar, draft, accepted))
        if not self._learns_late:
            self._catch_up()

    def stepped(self, rows: int, positions: int, written: int, verify_s: float, step_s: float) -> None:
        """A step of so many `rows` verified `positions` in `verify_s` seconds and wrote `written` tokens in `step_s`,
        its drafts and its commit included: that teaches what drafts cost, and whether they pay."""
        self.costs.verified(positions, verify_s)
        self.costs.stepped(rows, written, step_s)
        self.selector.learn(written, step_s)

    def _catch_up(self) -> None:
        for grammar, draft, accepted in self._lessons:
            self.acceptances.learn(grammar, draft, accepted)
        self._lessons.clear()

    def _worth(self, row: Sequence, draft: Draft, kept: int, rows: int) -> Draft:
        """`draft` up to where a token's chance falls under its price; the first `kept` have been judged already."""
        price = self.costs.position(rows)
        chances = self.acceptances.of(row.request.grammar).chances(draft.sources)
        length = next((at for at, chance in enumerate(chances) if at >= kept and chance < price), len(draft))
        return draft if length == len(draft) else Draft(draft.tokens[:length], draft.sources[:length])

    def _gone_on(self, row: Sequence, chain: list[int], budget: int, rows: int) -> Draft:
        """The MTP `chain`, and behind it text, as far as that is worth its price."""
        rest = self.text.propose(row, chain, budget - len(chain), self._drafters)
        whole = Draft(chain + rest.tokens, ["mtp"] * len(chain) + rest.sources)
        return self._worth(row, whole, len(chain), rows)

    def _depth(self, row: Sequence, text: Draft, budget: int, rows: int, able: int) -> int:
        """How deep an MTP chain may go: nowhere when not even one of the best depth promises more, after its price,
        than the text does after its."""
        acceptance = self.acceptances.of(row.request.grammar)
        position = self.costs.position(rows)
        token = position + self.costs.chain(rows) / able
        gains = list(accumulate(chance - token for chance in acceptance.chances(["mtp"] * budget)))
        most = max(gains, default=0.0)
        if most <= sum(acceptance.chances(text.sources)) - position * len(text):
            return 0
        return gains.index(most) + 1 if self._mtp and self._mtp.at_once else budget
