"""Chains that a device is asked for: into the target's ids without the host, and read by it afterwards."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from extractor.engine.drafting.compose import Proposal
from extractor.engine.drafting.cost import StepCosts
from extractor.engine.drafting.mtp import PendingChain
from extractor.engine.model.device_event import DeviceEvent
from extractor.engine.sequence import Draft, Request, Sequence
from tests.engine.tiny import ScriptedMatcher


def launched(wanted: list[int], found: Tensor, matchers: list[Any]) -> PendingChain:
    rows = [Sequence(Request([1]), matcher) for matcher in matchers]
    return PendingChain(rows, wanted, found, StepCosts(), DeviceEvent(found.device))


FOUND = torch.tensor([[11, 21, 31], [12, 22, 32], [13, 23, 33], [14, 24, 34]])  # [steps, rows], one more than wanted


def test_chains_stand_behind_the_pending_tokens_of_their_rows_only() -> None:
    ids = torch.tensor([[1, 0, 0, 0, 0], [2, 7, 8, 9, 6], [3, 0, 0, 0, 0], [5, 5, 5, 5, 5]])  # the last is padding
    filled = launched([3, 0, 1], FOUND, [None, None, None]).into(ids)
    assert filled.tolist() == [[1, 11, 12, 13, 0], [2, 7, 8, 9, 6], [3, 31, 0, 0, 0], [5, 5, 5, 5, 5]]


def test_a_chain_is_read_as_far_as_the_grammar_goes() -> None:
    assert launched([3, 0, 2], FOUND, [ScriptedMatcher(1), None, None]).read() == [[11], [], [31, 32]]


def test_a_proposal_is_as_wide_as_its_chains_until_it_is_settled() -> None:
    free = Draft([7], ["copy"])
    proposal = Proposal([Draft([], []), free, Draft([], [])], launched([3, 0, 2], FOUND, [ScriptedMatcher(0)] * 3))
    assert proposal.counts == [4, 2, 3]
    assert proposal.resolve() == [Draft([], []), free, Draft([], [])]
    assert proposal.chains is None
    assert proposal.counts == [1, 2, 1]
