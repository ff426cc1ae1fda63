"""A target spread over devices: its drafter is where the layers are that it reads. Off a GPU `meta` stands for another
device: what is there has a shape and a place, and mixes with nothing of a CPU."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from extractor.engine import Engine, EngineConfig
from extractor.engine.cache import SlotCache
from extractor.engine.model.assistant import Chain, MtpModel
from extractor.engine.model.build import build_runner
from extractor.engine.model.checkpoint import drafted_from, drafter_device
from extractor.engine.model.loader import Models, ModelSpec, load
from extractor.engine.model.runner import Runner
from extractor.errors import ModelError
from tests.engine import tiny

CPU, META = torch.device("cpu"), torch.device("meta")


def test_it_reads_the_last_layers_that_own_their_kv(gemma4: Models) -> None:
    assert drafted_from(gemma4.target.config) == {tiny.SLIDING: 3, tiny.FULL: 4}
    assert drafted_from(tiny.gemma4_config(num_kv_shared_layers=0)) == {tiny.SLIDING: 6, tiny.FULL: 7}


def test_the_rest_of_a_target_may_be_anywhere(gemma4: Models) -> None:
    spread = deepcopy(gemma4.target)
    spread.model.embed_tokens.to("meta")
    for index in (0, 1, 2, 5, 6, 7):
        spread.model.layers[index].to("meta")
    assert drafter_device(spread) == torch.device("cpu")


@pytest.mark.parametrize("away", [[3], [4], [3, 4]])
def test_layers_it_reads_that_are_apart_or_nowhere_are_refused(gemma4: Models, away: list[int]) -> None:
    spread = deepcopy(gemma4.target)
    for index in away:
        spread.model.layers[index].to("meta")
    with pytest.raises(ModelError, match=r"EXTRACTOR_DEVICE_MAP .* EXTRACTOR_DRAFTER=none"):
        drafter_device(spread)


def test_a_drafter_is_loaded_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(tiny.save_gemma4(tmp_path))
    assert load(ModelSpec(model=folder, device_map="auto")).drafter.device == torch.device("cpu")
    monkeypatch.setattr("extractor.engine.model.loader.drafter_device", lambda _: torch.device("meta"))
    models = load(ModelSpec(model=folder, device_map="auto"))
    assert (models.drafter.device.type, models.target.device.type) == ("meta", "cpu")
    with pytest.raises(ModelError, match="not where the layers are"):
        Engine(models, EngineConfig(slots=1, context=64))


class Elsewhere:
    """The target's embeddings, with `weight` on one device and what they give on another."""

    def __init__(self, embed: Any, weight: Tensor, gives: torch.device) -> None:
        self.weight, self._embed, self._gives = weight, embed, gives
        self.asked: list[torch.device] = []

    def __call__(self, ids: Tensor) -> Tensor:
        self.asked.append(ids.device)
        return self._embed(torch.zeros(ids.shape, dtype=torch.long)).to(self._gives)


def chain_of(mtp: MtpModel, target: Runner, cache: SlotCache) -> Chain:
    target.prefill(torch.arange(10, 30)[None], 0, 0, cache)
    return mtp.begin([0], [20], cache)


def test_a_steps_tokens_go_to_where_the_embeddings_are(gemma4: Models) -> None:
    target, cache = build_runner(gemma4.target), tiny.slots(gemma4.target, 1, 64)
    mtp = MtpModel(gemma4.drafter, target)
    embed = mtp._embed = Elsewhere(mtp._embed, torch.empty(1, device=META), CPU)
    with torch.inference_mode():
        mtp.step(torch.tensor([3]), torch.randn(1, 64, dtype=torch.double), chain_of(mtp, target, cache))
    assert embed.asked == [META]


@pytest.mark.parametrize("ordered", [False, True])
def test_embeddings_and_states_go_to_where_the_drafter_is(gemma4: Models, ordered: bool) -> None:
    """All of the drafter, and what it reads, on a device that refuses tensors of another."""
    target, cache = build_runner(gemma4.target), tiny.slots(gemma4.target, 1, 64)
    assistant = tiny.loud(tiny.Gemma4AssistantForCausalLM(tiny.assistant_config(ordered)), 3).double()
    mtp = MtpModel(assistant.requires_grad_(False), target)
    with torch.inference_mode():
        chain = chain_of(mtp, target, cache)
        mtp._embed = Elsewhere(mtp._embed, torch.empty(1, device=META), CPU)
        mtp.device = META
        assistant.to(META)
        for part in (mtp, *mtp._layers.layers):
            for name, tensor in vars(part).items():
                if isinstance(tensor, Tensor):
                    setattr(part, name, tensor.to(META))
        for pairs in (chain.rotary, chain.stored):
            for kind, pair in pairs.items():
                pairs[kind] = (pair[0].to(META), pair[1].to(META))
        logits, hidden = mtp.step(torch.zeros(1, dtype=torch.long, device=META), torch.zeros(1, 64).double(), chain)
    assert (logits.device, hidden.device) == (META, META)
