"""PPTX: what is shown on each slide, and what is noted for the speaker."""

from extractor.documents.pptx.reader import read

__all__ = ["read"]
