"""DOCX: text as Word shows it with all changes accepted."""

from extractor.documents.docx.reader import read

__all__ = ["read"]
