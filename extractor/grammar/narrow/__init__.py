"""JSON Schema → the narrower JSON Schema a grammar is made from: `NarrowedSchema(root, Bounds()).whole()`."""

from extractor.grammar.narrow.bounds import Bounds
from extractor.grammar.narrow.narrow import NarrowedSchema

__all__ = ["Bounds", "NarrowedSchema"]
