"""Bytes, text or a file → a `Document`: text with its pages. Knows file formats; knows no schema and no model."""

from extractor.documents.document import Document, Page
from extractor.documents.read import ACCEPTED, read

__all__ = ["ACCEPTED", "Document", "Page", "read"]
