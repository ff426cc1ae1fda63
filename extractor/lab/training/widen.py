"""A target with wider MLPs that says what it said: `python -m extractor.lab.training.widen WEIGHTS TO --width 1152`.

New neurons read something (random weights as large as those of the old ones) and say nothing yet (zeros), so the
training that follows begins where the weights stood. The drafter reads the target's states, whose size stays: it is
copied as it is.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import torch
from transformers import Gemma4ForCausalLM, Gemma4TextConfig

from extractor.lab.training import evaluate

_SEED = 31


def widened(target: Gemma4ForCausalLM, width: int) -> Gemma4ForCausalLM:
    """`target` with MLPs of `width` neurons (of twice that in layers that share KV), which gives the same logits."""
    config = Gemma4TextConfig.from_dict({**target.config.to_dict(), "intermediate_size": width})
    torch.manual_seed(_SEED)
    wide = Gemma4ForCausalLM(config)
    wide.generation_config = target.generation_config
    with torch.no_grad():
        for (name, new), old in zip(wide.named_parameters(), target.parameters(), strict=True):
            _fill(new, old, is_output=name.endswith("down_proj.weight"))
    return wide


def _fill(new: torch.Tensor, old: torch.Tensor, is_output: bool) -> None:
    """`old` in the corner of `new`; around it zeros where the new neurons speak, noise where they read."""
    if new.shape != old.shape:
        new.normal_(0.0, 0.0 if is_output else old.std().item())
    new[tuple(slice(size) for size in old.shape)] = old


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights", type=Path, help="a folder as extractor/bundled/weights")
    parser.add_argument("to", type=Path)
    parser.add_argument("--width", type=int, required=True, help="of the MLPs of layers that store KV")
    given = parser.parse_args()
    target, _, _ = evaluate.load(given.weights)
    shutil.copytree(given.weights, given.to)
    widened(target, given.width).save_pretrained(given.to / "target")


if __name__ == "__main__":
    main()
