"""RTF: text as a word processor shows it, with changes accepted."""

from extractor.documents.rtf.reader import read

__all__ = ["read"]
