"""Which token each position of a step gets. Where the grammar leaves one token it is that one, and the model is not
asked: logits, most of what few rows compute over a large vocabulary, are made for the other positions only."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from extractor.engine.model.device_event import DeviceEvent
from extractor.engine.model.runner import Runner, StepOutput
from extractor.engine.sampling import sampling_of
from extractor.engine.sequence import Params
from extractor.engine.verify import fetch

_WORTH = 1_024  # words of masks: of fewer, to look for forced tokens costs more than the logits that it saves
NOTHING = 0  # any valid id: what follows the end of a text is never written


class PendingChoice:
    """The tokens of a step's positions, some of which a device may still be choosing."""

    def __init__(self, tokens: list[int], undecided: list[int], found: Tensor | None, ended: DeviceEvent) -> None:
        """`tokens`: known ones, and anything at the places `undecided`, whose tokens are in `found` (as `verify.choose`
        gives them; None: nowhere). `ended`: the end of the step on the device."""
        self._tokens, self._undecided, self._found, self._ended = tokens, undecided, found, ended

    def resolve(self) -> tuple[list[int], list[float]]:
        """Tokens and natural log-probabilities; waits for the device."""
        logprobs = [0.0] * len(self._tokens)
        if self._found is None:
            self._ended.wait()  # a step is over when the device is, or its price would be learned wrong
            return self._tokens, logprobs
        for place, token, logprob in zip(self._undecided, *fetch(self._found), strict=True):
            self._tokens[place], logprobs[place] = token, logprob
        return self._tokens, logprobs


def choose_tokens(
    runner: Runner, output: StepOutput, at: list[int], bits: Tensor | None, how: list[tuple[Params, int]]
) -> PendingChoice:
    """Ask `runner` for the tokens at the positions `at` of a step's `output`, under `bits` `[len(at), words]` (None:
    everything is allowed). `how`: for each its parameters and its position in the output."""
    tokens, undecided = [NOTHING] * len(at), list(range(len(at)))
    if bits is not None and (len(bits) == 1 or bits.numel() >= _WORTH):
        tokens, undecided = forced_tokens(bits)
    found = None
    if undecided:
        masks = bits if bits is None or len(undecided) == len(at) else bits[undecided]
        sampled = sampling_of([how[place] for place in undecided])
        found = runner.choose(output, [at[place] for place in undecided], masks, sampled)
    return PendingChoice(tokens, undecided, found, runner.mark())


def forced_tokens(bits: Tensor) -> tuple[list[int], list[int]]:
    """Of packed masks `[n, words]`: for each the token where no other is allowed (where none is, `NOTHING`); and which
    masks allow several."""
    masks = bits.numpy().view(np.uint32)
    sizes, last = np.bitwise_count(masks).sum(1), masks.max(1)
    tokens = 32 * masks.argmax(1) + np.bitwise_count(np.maximum(last, 1) - 1)
    return tokens.tolist(), (sizes > 1).nonzero()[0].tolist()
