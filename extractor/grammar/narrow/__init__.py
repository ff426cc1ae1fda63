"""JSON Schema → the narrower JSON Schema a grammar is made from: `Tighten(root, Bounds()).whole()`."""

from extractor.grammar.narrow.bounds import Bounds
from extractor.grammar.narrow.narrow import Tighten

__all__ = ["Bounds", "Tighten"]
