"""Documents → validated JSON, as a library.

    from extractor import Extractor
    from schemas.builtin.invoice import Invoice

    with Extractor() as extractor:
        print(extractor.extract(text, schema=Invoice).data)

Names are loaded when first used: importing this package (or its errors, or its client) loads no torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from extractor.config import Settings
    from extractor.documents import Document
    from extractor.errors import (
        Cancelled,
        DeadlineExceeded,
        DocumentError,
        EngineError,
        ExtractorError,
        FieldError,
        InputError,
        InvalidOutput,
        ModelError,
        OutputError,
        SchemaError,
        TruncatedOutput,
    )
    from extractor.extract import Extractor
    from extractor.options import Options
    from extractor.result import Extraction
    from extractor.usage import Usage

_HOMES = {
    "Cancelled": "errors",
    "DeadlineExceeded": "errors",
    "Document": "documents",
    "DocumentError": "errors",
    "EngineError": "errors",
    "Extraction": "result",
    "Extractor": "extract",
    "ExtractorError": "errors",
    "FieldError": "errors",
    "InputError": "errors",
    "InvalidOutput": "errors",
    "ModelError": "errors",
    "Options": "options",
    "OutputError": "errors",
    "SchemaError": "errors",
    "Settings": "config",
    "TruncatedOutput": "errors",
    "Usage": "usage",
}

__all__ = [
    "Cancelled",
    "DeadlineExceeded",
    "Document",
    "DocumentError",
    "EngineError",
    "Extraction",
    "Extractor",
    "ExtractorError",
    "FieldError",
    "InputError",
    "InvalidOutput",
    "ModelError",
    "Options",
    "OutputError",
    "SchemaError",
    "Settings",
    "TruncatedOutput",
    "Usage",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'extractor' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"extractor.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
