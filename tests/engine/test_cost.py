"""The policy: what is believed of drafters, what steps are measured to cost, and how much is drafted because of it."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from extractor.engine.drafting.compose import Drafting
from extractor.engine.drafting.cost import PRIOR, Acceptance, Acceptances, LinearFit, StepCosts, judged
from extractor.engine.sequence import Draft, Request, Sequence


def test_acceptance_learns_only_from_tokens_that_were_judged() -> None:
    acceptance = Acceptance()
    for _ in range(300):
        acceptance.learn(judged(Draft([1, 2, 3, 4], ["mtp", "mtp", "copy", "copy"]), accepted=2))
        acceptance.learn(judged(Draft([1, 2], ["grammar", "mtp"]), accepted=0))
    assert acceptance.rate("mtp", 0) > 0.9 < acceptance.rate("mtp", 1)
    assert acceptance.rate("grammar", 0) < 0.1
    assert acceptance.rate("copy", 2) < 0.1
    assert acceptance.rate("copy", 3) == PRIOR, "the last token was never reached"
    first, second = acceptance.rate("mtp", 0), acceptance.rate("mtp", 1)
    assert acceptance.chances(["mtp", "mtp"]) == pytest.approx([first, first * second])


def test_places_in_a_draft_are_told_apart() -> None:
    acceptance = Acceptance()
    for _ in range(300):
        acceptance.learn(judged(Draft([1, 2], ["copy", "copy"]), accepted=1))
    assert acceptance.rate("copy", 0) > 0.9
    assert acceptance.rate("copy", 1) < 0.1


def test_no_grammar_is_kept_for_what_was_learned_under_it() -> None:
    """One of what a document prints holds the document's words."""
    acceptances, grammar = Acceptances(), "start: " + "x" * 1000
    before = sys.getrefcount(grammar)
    for _ in range(300):
        acceptances.learn(grammar, Draft([1, 2], ["copy", "copy"]), accepted=0)
    assert sys.getrefcount(grammar) == before
    assert acceptances.of("start: " + "x" * 1000).rate("copy", 0) < 0.1, "an equal one is the same"
    assert acceptances.of(None).rate("copy", 0) == acceptances.of("another").rate("copy", 0)


def test_what_is_not_drafted_any_more_is_tried_again_in_time() -> None:
    acceptance = Acceptance()
    for _ in range(200):
        acceptance.learn(judged(Draft([1], ["copy"]), accepted=0))
    low = acceptance.rate("copy", 0)
    for _ in range(400):
        acceptance.learn(judged(Draft([1], ["grammar"]), accepted=1))
    assert low < 0.1
    assert acceptance.rate("copy", 0) > 0.5


def test_a_schema_has_its_own_acceptance_and_a_new_one_believes_the_others() -> None:
    acceptances = Acceptances()
    for _ in range(300):
        acceptances.learn("easy", Draft([1], ["copy"]), 1)
        acceptances.learn("hard", Draft([1], ["copy"]), 0)
    assert acceptances.of("easy").rate("copy", 0) > 0.9
    assert acceptances.of("hard").rate("copy", 0) < 0.1
    assert 0.3 < acceptances.of("new").rate("copy", 0) < 0.7


def test_a_line_finds_what_one_more_costs() -> None:
    line = LinearFit()
    for n in range(200):
        line.learn(1 + n % 9, 0.003 + 0.0002 * (1 + n % 9))
    assert line.each == pytest.approx(0.0002, rel=0.15)
    assert line.at(32) == pytest.approx(0.003 + 0.0064, rel=0.1)


def test_a_line_without_spread_leans_on_a_guess() -> None:
    line = LinearFit()
    for _ in range(50):
        line.learn(9, 0.005)
    assert line.each == pytest.approx(0.0001)
    assert LinearFit().each == LinearFit().at(3) == 0.0


def _costs(fixed: float, each: float, chain: float, rows: int, tokens: int) -> StepCosts:
    """A machine on which verification costs `fixed + each * positions` and a step of `rows` writes `tokens`."""
    costs = StepCosts()
    for n in range(300):
        positions = rows * (1 + n % 9)
        costs.verified(positions, fixed + each * positions)
        costs.chained(rows, chain)
        costs.stepped(rows, tokens, fixed + each * rows * 5 + 4 * chain)
    return costs


def test_a_position_costs_little_where_the_step_is_launched_and_much_where_it_is_computed() -> None:
    assert _costs(0.003, 0.00005, 0.0004, 1, 5).position(1) < 0.1
    assert _costs(0.003, 0.0005, 0.0004, 64, 80).position(64) > 0.2
    assert StepCosts().position(4) == StepCosts().chain(4) == 0.0, "nothing is known: draft"


class _Chains:
    """Drafts whatever it is asked for."""

    at_once = False

    def propose(self, _rows: list[Any], wanted: list[int], *_: Any) -> list[list[int]]:
        return [[9] * count for count in wanted]


class _NoDrafts:
    def propose(self, *_: Any) -> Draft:
        return Draft([], [])

    next = propose


def _drafting(costs: StepCosts, accepted: int) -> tuple[Drafting, Sequence]:
    drafting = Drafting(_NoDrafts(), _Chains())  # type: ignore[arg-type]
    drafting.costs = costs
    row = Sequence(Request([1, 2]), None)
    row.ready = True
    for _ in range(200):
        drafting.learn(row, Draft([9] * 4, ["mtp"] * 4), accepted)
    return drafting, row


def test_it_drafts_while_that_pays_and_not_where_it_loses() -> None:
    cheap = _costs(0.003, 0.00005, 0.0003, 1, 5)
    drafting, row = _drafting(cheap, accepted=4)
    assert len(drafting.propose([row], 8, None).drafts[0]) == 8  # type: ignore[arg-type]
    drafting, row = _drafting(cheap, accepted=0)
    assert len(drafting.propose([row], 8, None).drafts[0]) == 0  # type: ignore[arg-type]
    costly = _costs(0.003, 0.00005, 0.01, 1, 5)  # a drafter slower than its target
    drafting, row = _drafting(costly, accepted=4)
    assert len(drafting.propose([row], 8, None).drafts[0]) == 0  # type: ignore[arg-type]


def test_what_a_step_teaches_may_wait_until_the_next_is_verified() -> None:
    drafting = Drafting(_NoDrafts(), None, learns_late=True)  # type: ignore[arg-type]
    row = Sequence(Request([1, 2]), None)
    drafting.learn(row, Draft([9], ["copy"]), 1)
    assert drafting.acceptances.of(None).rate("copy", 0) == pytest.approx(PRIOR)
    drafting.ahead([row], [Draft([], [])], 8, lambda: True)
    assert drafting.acceptances.of(None).rate("copy", 0) > PRIOR + 0.01
    drafting.ahead([row], [Draft([], [])], 8, lambda: True)
    assert drafting.acceptances.of(None)._steps == 1, "once"


def test_a_drafter_measured_in_a_bad_moment_is_tried_again() -> None:
    """A machine that stood still during the first chains must not put an end to chains."""
    costs = _costs(0.003, 0.00005, 0.0003, 1, 5)
    costs._chain = LinearFit()
    costs._chain.learn(1, 2.0)
    drafting, row = _drafting(costs, accepted=4)
    lengths = []
    for _ in range(200):
        lengths.append(len(drafting.propose([row], 8, None).drafts[0]))  # type: ignore[arg-type]
        for _ in range(lengths[-1]):
            costs.chained(1, 0.0003)
        costs.stepped(1, 5, 0.005)
    assert lengths[0] == 0, "it looks too dear"
    assert lengths[-1] == 8, "it was tried again, and was not"


def test_one_slow_step_does_not_change_what_steps_cost() -> None:
    line = LinearFit()
    for n in range(200):
        line.learn(1 + n % 9, 0.003)
    before = line.at(5)
    line.learn(5, 10.0)
    assert line.at(5) < 1.1 * before


def test_prompts_end_with_a_state_while_chains_are_drafted_from_it() -> None:
    drafting, row = _drafting(_costs(0.003, 0.00005, 0.0003, 1, 5), accepted=4)
    assert drafting.chains, "nothing is known yet"
    for asked in (frozenset({"copy"}), frozenset({"copy", "mtp"})):
        drafting.selector.select = lambda *_, asked=asked: asked  # type: ignore[method-assign]
        drafting.propose([row], 8, None)  # type: ignore[arg-type]
        assert drafting.chains == ("mtp" in asked)
    assert not Drafting(_NoDrafts(), None).chains, "there is no drafter"  # type: ignore[arg-type]
