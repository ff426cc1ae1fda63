"""What loading a checkpoint can raise, in the words of whoever named it: which setting, what is wrong, what to do."""

from __future__ import annotations

import torch
from huggingface_hub.errors import GatedRepoError, HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError

from extractor.errors import ModelError


class Explained:
    """Turns what is raised inside into a `ModelError`, without the library's page of traceback. `said`: the setting
    and its value, as in `EXTRACTOR_MODEL=a/b`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, ModelError):
            raise self._explained(error) from error

    def _explained(self, error: Exception) -> ModelError:
        causes, line = (error, *_causes(error)), first_line(error)
        if any(isinstance(cause, GatedRepoError) for cause in causes):
            return ModelError(f"{self._name} is gated: accept its terms on the hub and set HF_TOKEN")
        if any(isinstance(cause, (RepositoryNotFoundError, HFValidationError)) for cause in causes):
            return self._not_found(
                "no such model on the hub, nor a folder here; a hub id, a folder, a .gguf file or bundled is meant "
                "(a private one needs HF_TOKEN)"
            )
        if any(isinstance(cause, LocalEntryNotFoundError) for cause in causes):
            return self._not_found(
                "not in the local cache and the hub cannot be asked (EXTRACTOR_OFFLINE, HF_HUB_OFFLINE or no network): "
                "fetch it where there is one, or name a folder"
            )
        if any(isinstance(cause, (MemoryError, torch.OutOfMemoryError)) for cause in causes):
            return ModelError(f"{self._name} does not fit into memory")
        if isinstance(error, OSError):
            return self._not_found(line)
        return ModelError(f"{self._name} cannot be loaded: {line}")

    def _not_found(self, why: str) -> ModelError:
        return ModelError(f"{self._name}: {why}", code="model_not_found")


def first_line(error: BaseException) -> str:
    """Of what it says; its class where it says nothing."""
    message = str(error).strip()
    return message.splitlines()[0] if message else type(error).__name__


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause = error.__cause__ or error.__context__
    while cause is not None and len(found) < 16:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found
