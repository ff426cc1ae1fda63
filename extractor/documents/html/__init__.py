"""HTML: what a reader sees."""

from extractor.documents.html.reader import blocks, read

__all__ = ["blocks", "read"]
