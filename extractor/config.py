"""Settings of the model, the engine and the library: `EXTRACTOR_*` variables, read once at the edge, then frozen.

Other rooms read variables of their own under the same prefix; what is not declared here is not this page's business.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from extractor.drafters import DRAFTERS, parse_drafters
from extractor.errors import InputError

PREFIX = "EXTRACTOR_"


class Settings(BaseSettings):
    """Every setting of the library with its default. Make one with `read_settings` where its errors are shown."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="ignore",
        protected_namespaces=(),
        env_ignore_empty=True,
        populate_by_name=True,
    )

    # The model
    model: str = Field(
        "bundled", description="Model that extracts: a hub id, a local folder, a .gguf file, or `bundled`"
    )
    drafter: str | None = Field(
        None, description="MTP drafter of the model; empty: `<model>-assistant` where there is one; `none`: no drafter"
    )
    revision: str | None = Field(
        None, description="Commit, tag or branch of the model on the hub; empty: the hub's default"
    )
    drafter_revision: str | None = Field(
        None, description="Commit, tag or branch of the drafter on the hub; empty: the hub's default"
    )
    calibration: str | None = Field(
        None,
        description="File that `extractor calibrate` wrote for the model; empty: `calibration.json` in the model's "
        "folder, where there is one; `none`: confidence is the model's own",
    )
    offline: bool = Field(False, description="Load models from local files only and never ask the hub")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="Number format of the weights; auto: bfloat16 on a GPU, float32 on a CPU"
    )
    device: str = Field(
        "auto", description="Where the model runs: `cpu`, `cuda`, `cuda:1`, …; auto: a GPU where there is one"
    )
    device_map: str | None = Field(
        None,
        description="`device_map` of Accelerate (such as `auto`), which spreads a large model over "
        "several devices; empty: one device",
    )
    graphs: bool | None = Field(
        None, description="Record each step of the engine as one CUDA graph; empty: yes on a GPU"
    )
    kernels: bool | None = Field(
        None,
        description="Use the engine's own Triton kernels for Gemma 4; empty: yes on a GPU where Triton is installed",
    )
    per_layer_on_host: bool = Field(
        False,
        description="Keep Gemma 4's per-layer embeddings (half of E2B's weights) in the host's memory, for a small GPU",
    )
    threads: int | None = Field(
        None,
        ge=1,
        le=1024,
        description="CPU threads of PyTorch, fewer where others use the cores; empty: one for a model under 30 M "
        "parameters, else a thread a core, as far as a container may use them",
    )

    # The engine
    slots: int = Field(4, ge=1, le=1024, description="Documents that one engine decodes at the same time")
    cache_bytes: int | None = Field(
        None,
        ge=1,
        description="Memory for the KV cache of documents in flight; empty: most of what a GPU has "
        "free, on a CPU what the slots need",
    )
    max_draft: int = Field(15, ge=0, le=64, description="Most tokens drafted in one step; 0: no drafts")
    engine_process: bool = Field(
        False,
        description="Run the engine in a child process that is restarted when it dies; a worker "
        "does so unless this is false",
    )
    engine_silent_s: float = Field(
        10.0,
        ge=2,
        le=600,
        description="Seconds without a sign of life after which an engine in a child process is replaced",
    )
    drafters: Annotated[tuple[str, ...], NoDecode] = Field(
        DRAFTERS, description="Drafters in use: some of `grammar`, `copy`, `mtp` with commas, or `all`, or `none`"
    )
    context: int | None = Field(
        None,
        ge=128,
        description="Most tokens of prompt and answer together; empty: the model's context, as far as memory holds it "
        "for all slots (80% of what a GPU has free, half of a host's, or EXTRACTOR_CACHE_BYTES)",
    )

    # One extraction
    max_output_tokens: int = Field(
        1024, ge=1, le=65_536, description="Most tokens of one answer where the request sets no `max_output_tokens`"
    )
    max_document_bytes: int = Field(32 * 1024 * 1024, ge=1, description="Most bytes of one document, decoded")
    window: int | None = Field(
        None,
        ge=64,
        description="Most tokens in a window of a document that does not fit the context; empty: what the model's "
        "extractor.json says, else what fits",
    )
    max_windows: int = Field(
        1_000,
        ge=1,
        le=100_000,
        description="Most windows in which a document longer than the model's context is read, all parts of a large "
        "schema together; of more, those are read that have most to do with the schema",
    )
    max_model_calls: int | None = Field(
        None,
        ge=1,
        le=5,
        validation_alias=AliasChoices(f"{PREFIX}MAX_MODEL_CALLS", f"{PREFIX}MAX_ASKS"),  # the old name, for a version
        description="Most answers the model gives for one document; those after the first are for what was wrong with "
        "it, or for nulls that are likely misses; empty: two, and a third where the second has mended what was wrong "
        "and then something else is",
    )
    examples: int | None = Field(
        None,
        ge=0,
        le=16,
        description="Few-shot examples in each prompt; empty: what the model's extractor.json says, else 2",
    )
    review_below: float | None = Field(
        None,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Values and nulls whose confidence is below it are marked for review, where the request sets no "
        "`review_below`; empty: what the model's extractor.json says, else 0.5",
    )
    request_timeout_s: float = Field(
        300,
        gt=0,
        description="Most seconds one extraction may take; a request may ask for less. A document that is read in "
        "windows may take as long for each round of windows that are read at the same time",
    )
    max_string_chars: int = Field(
        4_000, ge=1, le=100_000, description="Most characters of a string whose schema sets no `maxLength`"
    )
    max_array_items: int = Field(
        1_000, ge=1, le=100_000, description="Most items of an array whose schema sets no `maxItems`"
    )

    # Documents
    ocr: Literal["auto", "always", "none"] = Field(
        "auto",
        description="OCR; auto: for pages without text of their own; always: for every page of a PDF; none: never",
    )
    ocr_engine: Literal["auto", "rapidocr", "tesseract"] = Field(
        "auto", description="What reads pictures; auto: RapidOCR (extra `ocr`) where it is installed, else Tesseract"
    )

    schemas: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Folders, files or modules with more schemas, separated by `:` or `,`"
    )

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
            name = str(fault["loc"][0]).upper().removeprefix(PREFIX) if fault["loc"] else ""
            faults.append(f"{PREFIX}{name}: {fault['msg'].removeprefix('Value error, ')}")
        raise InputError("; ".join(faults), code="invalid_settings") from None
