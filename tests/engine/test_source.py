"""Where a checkpoint is read from, by what a setting names."""

from __future__ import annotations

from pathlib import Path

import pytest

from extractor.engine.model.source import Checkpoint, checkpoint_at
from extractor.errors import ModelError


def at(model: str) -> Checkpoint:
    return checkpoint_at(model, None, True, f"EXTRACTOR_MODEL={model}")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_tilde_is_a_home_for_folders_and_files(home: Path) -> None:
    (home / "model").mkdir()
    (home / "model.gguf").touch()
    folder, file = at("~/model"), at("~/model.gguf")
    assert (folder.source, folder.folder) == (str(home / "model"), home / "model")
    assert (file.source, file.how["gguf_file"], file.folder) == (str(home), "model.gguf", None)


def test_a_folder_has_notes_beside_its_weights_and_a_hub_has_none(home: Path) -> None:
    (home / "model").mkdir()
    assert at(str(home / "model")).folder == home / "model"
    assert at("google/gemma-4-E2B-it").folder is None


@pytest.mark.parametrize("model", ["~/none", "~/none.gguf", "~nobody-of-that-name/model", "./none"])
def test_a_path_where_nothing_is_is_told_by_the_setting(home: Path, model: str) -> None:
    assert not (home / "none").exists()
    with pytest.raises(ModelError, match=f"EXTRACTOR_MODEL={model}: no such") as caught:
        at(model)
    assert caught.value.code == "model_not_found"


def test_a_folder_that_holds_a_file_of_a_model_says_to_name_the_file(home: Path) -> None:
    file = home / "models" / "small.gguf"
    file.parent.mkdir()
    file.touch()
    with pytest.raises(ModelError, match=f"has no config.json: name a file in it, such as {file}") as caught:
        at(str(file.parent))
    assert caught.value.code == "model_not_found"
    (file.parent / "config.json").touch()
    assert at(str(file.parent)).folder == file.parent
