"""A worker's extractor that reads long documents in windows, with an engine that answers from what a window shows.
`EXTRACTOR_EXTRACTOR_FACTORY=tests.support.window_worker:make`, `EXTRACTOR_SCHEMAS=tests.support.window_engine` (the
schema `window_engine@1`). A window takes WINDOW_S seconds."""

from __future__ import annotations

import os

from extractor import Extractor, Options
from extractor.config import read_settings
from tests.support.scripted import tokenizer
from tests.support.window_engine import WindowEngine

__all__ = ["Options", "make"]


def make() -> Extractor:
    encoder = tokenizer()
    engine = WindowEngine(encoder, takes_s=float(os.environ["WINDOW_S"]))
    return Extractor(read_settings(), engine=engine, tokenizer=encoder)
