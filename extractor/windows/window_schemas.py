"""What is made of a schema once for all windows that are read under it."""

from __future__ import annotations

import threading

from cachetools import LRUCache

from extractor.grammar.narrow.unfold import reached
from extractor.windows.partial import partial
from extractor.windows.shapes import Shapes, shapes
from schemas import Schema, loosened

_KEPT = 256  # schemas


class WindowSchemas:
    """Safe to share."""

    def __init__(self) -> None:
        self._partial: LRUCache[str, Schema] = LRUCache(_KEPT)
        self._shapes: LRUCache[str, Shapes] = LRUCache(_KEPT)
        self._lock = threading.Lock()

    def partial_of(self, schema: Schema) -> Schema:
        """The schema of a window's answer."""
        with self._lock:
            kept = self._partial.get(schema.sha256)
        if kept is None:
            json_schema = partial(schema.json_schema)
            if "$defs" in json_schema and "definitions" not in json_schema:
                json_schema["$defs"] = reached({**json_schema, "$defs": {}}, json_schema["$defs"])
            kept = loosened(schema, json_schema)
            with self._lock:
                self._partial[schema.sha256] = kept
        return kept

    def shapes_of(self, schema: Schema) -> Shapes:
        """How answers of windows are merged."""
        with self._lock:
            kept = self._shapes.get(schema.sha256)
        if kept is None:
            kept = shapes(schema.json_schema)
            with self._lock:
                self._shapes[schema.sha256] = kept
        return kept
