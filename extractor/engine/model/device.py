"""The device and the type of number that settings name, or what is wrong with them."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import torch

from extractor.engine.model.explained import first_line
from extractor.errors import ModelError

log = logging.getLogger(__name__)

_DRIVER = Path("/dev/nvidiactl")
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
MAPS = ("auto", "balanced", "balanced_low_0", "sequential")  # accelerate's, beside the name of a device


def device_of(name: str, setting: str = "EXTRACTOR_DEVICE") -> torch.device:
    """One that takes a tensor. Raises ModelError."""
    if name == "auto":
        if not (seen := torch.cuda.is_available()) and _DRIVER.exists() and not _are_hidden():
            log.warning("the model runs on the CPU, although there is an NVIDIA driver: %s", _why_no_gpu())
        return torch.device("cuda" if seen else "cpu")
    given = f"{setting}={name}"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ModelError(f"{given} is no device; try cpu, cuda or cuda:1") from None
    if device.type == "meta":
        raise ModelError(f"{given} holds no numbers; try cpu, cuda or cuda:1")
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ModelError(f"{given}, but torch sees no GPU here ({_why_no_gpu()}); try cpu")
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError, ValueError) as error:
        why = first_line(error).partition(". ")[0]
        raise ModelError(f"{given} cannot be used here ({why}); try cpu, cuda or cuda:1") from None
    return device


def _are_hidden() -> bool:
    """Whether it was asked that no GPU is used."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in ("", "-1")


def _why_no_gpu() -> str:
    """What to look at."""
    if _are_hidden():
        return "CUDA_VISIBLE_DEVICES names none"
    if torch.version.cuda is None:
        return "this PyTorch is made for CPUs"
    return f"this PyTorch is made for CUDA {torch.version.cuda}; `nvidia-smi` says up to which the driver goes"


def device_map_of(name: str) -> str:
    """Raises ModelError."""
    if name not in MAPS:
        try:
            torch.device(name)
        except RuntimeError:
            raise ModelError(f"EXTRACTOR_DEVICE_MAP={name} is none of {', '.join(MAPS)}, and no device") from None
        device_of(name, "EXTRACTOR_DEVICE_MAP")
    return name


def dtype_of(name: str, device: torch.device) -> torch.dtype:
    """Raises ModelError."""
    if name == "auto":
        return torch.float32 if device.type == "cpu" else torch.bfloat16
    if name not in DTYPES:
        raise ModelError(f"EXTRACTOR_DTYPE={name} is none of auto, {', '.join(DTYPES)}")
    return DTYPES[name]
