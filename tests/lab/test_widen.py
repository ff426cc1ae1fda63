"""Wider MLPs say what narrow ones said, and can learn to say more."""

from __future__ import annotations

import torch

from extractor.lab.training.evaluate import load
from extractor.lab.training.widen import widened


def test_a_widened_target_gives_the_same_logits_and_its_new_neurons_learn() -> None:
    target, _, _ = load()
    width = target.config.intermediate_size + 32
    wide = widened(target, width)
    ids = torch.randint(5, target.config.vocab_size, (2, 40), generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        assert torch.allclose(wide(ids).logits, target(ids).logits, atol=1e-4)
    assert wide.config.intermediate_size == width
    assert wide.generation_config.eos_token_id == target.generation_config.eos_token_id
    wide(ids, labels=ids).loss.backward()
    layers = [layer.mlp.down_proj.weight for layer in wide.model.layers]
    assert [len(weight.T) for weight in layers] == [width] * 5 + [2 * width] * 3
    assert all(weight.grad is not None and weight.grad[:, -32:].abs().max() > 0 for weight in layers)
