"""PDF: text laid out as on the page."""

from extractor.documents.pdf.reader import read

__all__ = ["read"]
