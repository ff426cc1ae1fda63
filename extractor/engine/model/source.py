"""Where a checkpoint is read from. No code in a checkpoint ever runs (`trust_remote_code` stays False)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoConfig

from extractor.engine.model.explained import Explained
from extractor.errors import ModelError


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint to read: `source` and the keyword arguments `how` are for transformers' `from_pretrained`; `name` is
    what errors call it, its setting and value; `folder` is that of a local one, None for a hub's and for a file."""

    source: str
    how: dict[str, Any]
    name: str
    folder: Path | None = None


def checkpoint_at(model: str, revision: str | None, offline: bool, name: str) -> Checkpoint:
    """That of `model`: a hub id, a local folder or a `.gguf` file; `~` is a home, as in a shell. Raises `ModelError`
    for a path where nothing is."""
    how: dict[str, Any] = {"revision": revision, "local_files_only": offline, "trust_remote_code": False}
    try:
        path = Path(model).expanduser()
    except RuntimeError:  # of somebody who has no home here
        raise ModelError(f"{name}: no such folder", code="model_not_found") from None
    if path.suffix == ".gguf":
        if not path.is_file():
            raise ModelError(f"{name}: no such file", code="model_not_found")
        return Checkpoint(str(path.parent), how | {"gguf_file": path.name}, name)
    if model.startswith((".", "/", "~")) or path.is_dir():
        if not path.is_dir():
            raise ModelError(f"{name}: no such folder", code="model_not_found")
        _refuse_folder_of_gguf(path, name)
        return Checkpoint(str(path), how, name, path)
    return Checkpoint(model, how, name)


def _refuse_folder_of_gguf(folder: Path, name: str) -> None:
    """Such a file is a whole model, and a folder may have several."""
    found = sorted(folder.glob("*.gguf"))
    if found and not (folder / "config.json").exists():
        raise ModelError(f"{name} has no config.json: name a file in it, such as {found[0]}", code="model_not_found")


def config_of(checkpoint: Checkpoint) -> Any:
    """Its configuration. Raises `ModelError`."""
    with Explained(checkpoint.name):
        return AutoConfig.from_pretrained(checkpoint.source, **checkpoint.how)
