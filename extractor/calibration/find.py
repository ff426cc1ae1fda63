"""Where a model's fit is: the file that a setting names, or the one beside the model."""

from __future__ import annotations

import logging
from pathlib import Path

from extractor.calibration.calibration import Calibration, name_of, read
from extractor.errors import ModelError

log = logging.getLogger(__name__)

BUNDLED_MODEL = "bundled"
FILE = "calibration.json"
BUNDLED = Path(__file__).parents[1] / "bundled" / "weights" / "target"


def calibration_of(setting: str | None, model: str) -> Calibration | None:
    """The fit for `model`, as it is named in the settings; None where there is none, where it is another model's, and
    where `setting` is `none`. Raises ModelError `invalid_calibration` for a file that was named and cannot be read."""
    if setting == "none":
        return None
    if setting is None:
        return _beside(model)
    try:
        found = read(Path(setting).expanduser())
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: of a user's home that is not known
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ModelError(f"EXTRACTOR_CALIBRATION={setting}: {why}", code="invalid_calibration") from None
    return _of_this(found, model, setting)


def file_of(model: str) -> Path | None:
    """Where the fit of `model` is looked for; None for one of a hub, which has no folder of the user's."""
    path = BUNDLED if model == BUNDLED_MODEL else Path(model).expanduser()
    if path.is_dir():
        return path / FILE
    return path.with_name(f"{path.stem}.{FILE}") if path.suffix == ".gguf" else None


def _beside(model: str) -> Calibration | None:
    path = file_of(model)
    if path is None or not path.is_file():
        return None
    try:
        return _of_this(read(path), model, str(path))
    except (OSError, ValueError) as error:
        log.warning("%s is left out: %s", path, error)
        return None


def _of_this(found: Calibration, model: str, where: str) -> Calibration | None:
    if found.model == name_of(model):
        return found
    log.warning("%s was fitted for %.200r and is left out: the model is %s", where, found.model, name_of(model))
    return None
