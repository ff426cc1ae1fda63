"""JSON Schema → the narrower JSON Schema a grammar is made from: `Tighten(root, Bounds()).whole()`."""

from extractor.tighten.bounds import Bounds
from extractor.tighten.narrow import Tighten

__all__ = ["Bounds", "Tighten"]
