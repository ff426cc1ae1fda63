"""Settings of the model, the engine and the library: `EXTRACTOR_*` variables, read once at the edge, then frozen.

Other rooms read variables of their own under the same prefix; what is not declared here is not this page's business.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from extractor.errors import InputError

DRAFTERS = ("grammar", "copy", "mtp")
PREFIX = "EXTRACTOR_"


def parse_drafters(value: object) -> object:
    """`"all"`, `"none"`, `"grammar,copy"` or a sequence of names → a tuple of names in the order of `DRAFTERS`.

    Raises ValueError for a name that is no drafter.
    """
    if isinstance(value, str):
        words = [word.strip() for word in value.split(",") if word.strip()]
        value = DRAFTERS if words == ["all"] else () if words == ["none"] else words
    if isinstance(value, list | tuple | set | frozenset):
        unknown = [str(name) for name in value if name not in DRAFTERS]
        if unknown:
            raise ValueError(f"{unknown[0]!r} is not one of {', '.join(DRAFTERS)} (or all, or none)")
        return tuple(name for name in DRAFTERS if name in value)
    return value


class Settings(BaseSettings):
    """Every setting of the library with its default. Make one with `read_settings` where its errors are shown."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", protected_namespaces=(), env_ignore_empty=True
    )

    # The model
    model: str = Field("bundled", description="hub id, local folder, .gguf file, or bundled")
    drafter: str | None = Field(None, description="the MTP drafter; empty: found by convention; none: do without")
    revision: str | None = Field(None, description="commit, tag or branch of the model on the hub")
    drafter_revision: str | None = Field(None, description="the same, of the drafter")
    offline: bool = Field(False, description="never ask the hub; local files only")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="auto: bfloat16 on a GPU, float32 on a CPU"
    )
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, …")
    device_map: str | None = Field(None, description="accelerate's, for a model larger than one device")
    graphs: bool | None = Field(None, description="a step as one CUDA graph; empty: on a GPU")
    kernels: bool | None = Field(
        None, description="Triton kernels for Gemma 4's layers and attention; empty: on a GPU, where Triton is"
    )
    per_layer_on_host: bool = Field(
        False, description="Gemma 4's per-layer embeddings, half of E2B, stay in the host's memory: for a small GPU"
    )
    threads: int | None = Field(
        None, ge=1, le=1024, description="torch's CPU threads; empty: one for a small model, else torch decides"
    )

    # The engine
    slots: int = Field(4, ge=1, le=1024, description="documents decoded at once")
    cache_bytes: int | None = Field(
        None, ge=1, description="memory for documents in flight; empty: most of what a GPU has free, as needed on a CPU"
    )
    max_draft: int = Field(15, ge=0, le=64, description="draft tokens a step at most; 0: none")
    engine_process: bool = Field(
        False, description="the engine in a process of its own, restarted when it dies; workers do unless told not to"
    )
    engine_silent_s: float = Field(
        10.0, ge=2, le=600, description="an engine in a process of its own that says nothing for so long is replaced"
    )
    drafters: Annotated[tuple[str, ...], NoDecode] = Field(DRAFTERS, description="all, none, or names with commas")
    context: int | None = Field(
        None, ge=128, description="tokens of prompt and answer; empty: the model's, 8192 at most"
    )

    # One extraction
    max_output_tokens: int = Field(1024, ge=1, le=65_536, description="the longest answer, unless the caller says")
    max_document_bytes: int = Field(32 * 1024 * 1024, ge=1, description="one document, decoded")
    max_asks: int = Field(
        2, ge=1, le=5, description="asks of the model for one document; the second carries the errors"
    )
    examples: int | None = Field(
        None, ge=0, le=16, description="few-shot examples shown; empty: as the model was made for"
    )
    request_timeout_s: float = Field(
        300, gt=0, description="the most one extraction may take; a caller may ask for less"
    )
    max_string_chars: int = Field(4_000, ge=1, le=100_000, description="of a string whose schema has no maxLength")
    max_array_items: int = Field(1_000, ge=1, le=100_000, description="of an array whose schema has no maxItems")

    # Documents
    ocr: Literal["auto", "always", "none"] = Field(
        "auto",
        description="pictures of text are read where a page has no text of its own; always: of every page of a PDF",
    )
    ocr_engine: Literal["auto", "rapidocr", "tesseract"] = Field(
        "auto", description="what reads pictures; auto: rapidocr (extra ocr), else tesseract, where they are installed"
    )

    schemas: Annotated[tuple[str, ...], NoDecode] = Field((), description="folders, files or modules with more schemas")

    @field_validator("drafters", mode="before")
    @classmethod
    def _drafters(cls, value: object) -> object:
        return parse_drafters(value)

    @field_validator("schemas", mode="before")
    @classmethod
    def _schemas(cls, value: object) -> object:
        """Separated as in PATH, or by commas."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.replace(",", os.pathsep).split(os.pathsep) if part.strip())
        return value

    @property
    def may_fetch(self) -> bool:
        """Whether loading the model may have to ask the hub."""
        if self.offline or os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON"):
            return False
        by_convention = "bundled" if self.model == "bundled" else f"{self.model.rstrip('/')}-assistant"
        return not (_is_here(self.model) and _is_here(self.drafter or by_convention))


def _is_here(model: str) -> bool:
    path = Path(model)
    return model in ("bundled", "none") or model.startswith((".", "/", "~")) or path.suffix == ".gguf" or path.is_dir()


def read_settings(**given: Any) -> Settings:
    """Settings from the environment and `given`. Raises InputError (`invalid_settings`), one line a fault, naming the
    variable."""
    try:
        return Settings(**given)
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_url=False, include_input=False, include_context=False):
            name = str(fault["loc"][0]) if fault["loc"] else ""
            faults.append(f"{PREFIX}{name.upper()}: {fault['msg'].removeprefix('Value error, ')}")
        raise InputError("; ".join(faults), code="invalid_settings") from None
