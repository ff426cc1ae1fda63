"""How a document and a schema are divided, by what a model's context holds: windows of the document, and where the
schema's own prompt leaves no room for one or its answer none for itself, parts of the schema, each with windows of its
own. Knows prompts and settings; reads nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cachetools import LRUCache

from extractor.config import Settings
from extractor.documents import Document
from extractor.errors import CONTEXT_EXCEEDED, DocumentError, ExtractorError, FieldError
from extractor.options import Options
from extractor.prompt.prompt import PromptBuilder
from extractor.schema_parts.definitions import gathered
from extractor.schema_parts.pack import packed
from extractor.schema_parts.part import Path, Tree, only, pointer_of, share_of, tree_of
from extractor.schema_parts.sketch import least_answer
from extractor.windows.choose import left_out
from extractor.windows.cut import Cutter, Room
from extractor.windows.lines import DocumentLines
from extractor.windows.plan import CountedOnce, answer_of, cutter_of, room_for, too_long, uncut
from extractor.windows.schema_nodes import holds_lists
from schemas import Schema, loosened

JSON = dict[str, Any]

_KEPT = 64  # schemas
_VALUE = 6  # tokens of a value, on average
_LEAST_LEFT = 2  # of the context, what a part of a schema leaves: a half
_LEAST_SHOWN = 4  # and with examples: a quarter


@dataclass(frozen=True)
class SchemaPart:
    """`tree`: its properties; `schema`: what is asked of it, the whole schema where that is not cut. `answer`: tokens
    that its answer has, about."""

    schema: Schema
    tree: Tree = field(default_factory=dict)
    pointers: list[str] = field(default_factory=list)
    answer: int = 0


@dataclass(frozen=True)
class ReadingPlan:
    """`cutters[i]` is the document as `parts[i]` is asked of it, of whose windows `left_out[i]`, by number, are not
    read. `root`: the JSON Schema that was cut, its references gathered."""

    parts: Sequence[SchemaPart]
    cutters: Sequence[Cutter]
    left_out: Sequence[frozenset[int]]
    root: JSON = field(default_factory=dict)

    @property
    def windows(self) -> int:
        """How many are read."""
        return sum(len(one.windows) - len(some) for one, some in zip(self.cutters, self.left_out, strict=True))

    @property
    def of_several(self) -> bool:
        """Whether the schema is cut."""
        return len(self.parts) > 1


class Planner:
    """`most`: tokens of a window, where the model does better with few. Safe to share between threads."""

    def __init__(self, prompts: PromptBuilder, settings: Settings, most: int | None) -> None:
        self._prompts, self._settings, self._most = prompts, settings, most
        self._parts: LRUCache[tuple[str, int, int], tuple[JSON, list[SchemaPart]]] = LRUCache(_KEPT)
        self._lock = threading.Lock()

    def plan(
        self, document: Document, schema: Schema, options: Options, least: int, why: ExtractorError
    ) -> ReadingPlan:
        """`least`: tokens that an answer gets at least; `why` the document cannot be read at once, raised where windows
        do not help. Where windows are too many, some are left out. Raises DocumentError where it is the schema that
        does not fit, or not even one window for each part of it may be read."""
        answer = options.max_output_tokens or self._settings.max_output_tokens
        left = self._prompts.left(schema)
        room = self._room(left, answer, least, schema.json_schema)
        tokens = answer_of(left, answer, least)
        written = tokens == options.max_output_tokens or self._can_be_written(schema, tokens)
        if room is None or not written:
            root, parts = self._parts_of(schema, answer, least)
            too_large = self._too_large(parts, schema, answer, least)
            if room is None and too_large is not None and isinstance(why, DocumentError):
                raise too_large
            if len(parts) > 1 and too_large is None:
                return self._in_parts(document, root, parts, answer, least)
        if room is None:
            raise why
        cutter = cutter_of(document, self._prompts.counts, room, self._settings.max_windows)
        if len(cutter.windows) < 2:
            raise why
        return self._chosen(document, [SchemaPart(schema)], [cutter])

    def _chosen(
        self, document: Document, parts: Sequence[SchemaPart], cutters: Sequence[Cutter], root: JSON | None = None
    ) -> ReadingPlan:
        """All windows, or where they are too many those that matter most."""
        schemas = [part.schema.json_schema for part in parts]
        return ReadingPlan(parts, cutters, left_out(document, cutters, schemas, self._settings.max_windows), root or {})

    def _room(self, left: int, answer: int, least: int, json_schema: JSON) -> Room | None:
        return room_for(left, answer, least, self._most, lists=holds_lists(json_schema, json_schema))

    def _can_be_written(self, schema: Schema, tokens: int) -> bool:
        """Whether an answer of nothing but what has to be there has as many tokens at most."""
        text, _ = least_answer(schema.json_schema, required=True)
        return self._prompts.counts([text], tokens)[0] <= tokens

    def _in_parts(
        self, document: Document, root: JSON, parts: list[SchemaPart], answer: int, least: int
    ) -> ReadingPlan:
        most = self._settings.max_windows
        if len(parts) > most:
            raise too_long(most, len(parts))
        counts, lines = CountedOnce(self._prompts.counts), DocumentLines(document)
        cutters: list[Cutter] = []
        by_room: dict[Room, Cutter] = {}
        for part in parts:
            left = self._prompts.left(part.schema)
            cutter = uncut(document, counts, left - max(least, part.answer), answer_of(left, answer, least), lines)
            if cutter is None:
                room = self._room(left, answer, least, part.schema.json_schema)
                assert room is not None  # else it is too large
                cutter = by_room.get(room) or cutter_of(document, counts, room, most, lines)
                by_room[room] = cutter
            cutters.append(cutter)
        return self._chosen(document, parts, cutters, root)

    def _parts_of(self, schema: Schema, answer: int, least: int) -> tuple[JSON, list[SchemaPart]]:
        """The schema, its references gathered, and its parts in order."""
        key = schema.sha256, answer, least
        with self._lock:
            kept = self._parts.get(key)
        if kept is None:
            root = gathered(schema.json_schema)
            found = packed(root, lambda json_schema: self._fits(schema, json_schema, answer, least))
            kept = root, [self._part(schema, root, paths, answer, least) for paths in found]
            with self._lock:
                self._parts[key] = kept
        return kept

    def _fits(self, schema: Schema, json_schema: JSON, answer: int, least: int) -> bool:
        """Whether it leaves room for a window and an answer that are worth reading."""
        left = self._prompts.left_beside(schema, json_schema)
        if left * _LEAST_LEFT < self._prompts.context or self._room(left, answer, least, json_schema) is None:
            return False
        return self._answer(json_schema) <= answer_of(left, answer, least)

    def _answer(self, json_schema: JSON) -> int:
        text, values = least_answer(json_schema)
        return self._prompts.counts([text], self._prompts.context)[0] + _VALUE * values

    def _part(self, schema: Schema, root: JSON, paths: list[Path], answer: int, least: int) -> SchemaPart:
        """With the schema's examples, cut likewise, where they leave room for its answer."""
        tree = tree_of(paths)
        own = loosened(schema, only(root, tree))
        needs = self._answer(own.json_schema)
        examples = tuple(replace(one, answer=share_of(root, one.answer, tree)) for one in schema.examples)
        shown = replace(own, examples=examples)
        left = self._prompts.left(shown)
        enough = left * _LEAST_SHOWN >= self._prompts.context and needs <= answer_of(left, answer, least)
        return SchemaPart(shown if enough else own, tree, [pointer_of(path) for path in paths], needs)

    def _too_large(self, parts: list[SchemaPart], schema: Schema, answer: int, least: int) -> DocumentError | None:
        """Why the schema cannot be read in parts either: the first that leaves no room by itself."""
        whole = SchemaPart(schema, pointers=[""])
        for part in parts or [whole]:
            left = self._prompts.left(part.schema)
            if self._room(left, answer, least, part.schema.json_schema) is None:
                return _no_room(self._prompts.context, left, least, part.pointers[0])
        return None


def _no_room(context: int, left: int, least: int, piece: str) -> DocumentError:
    """It is not the document that is too long. `piece`: the pointer of what is too large; the whole schema where it is
    empty."""
    size = context - left
    what = f"the schema's {piece}, which cannot be cut into parts, by itself" if piece else "the schema"
    detail = (
        f"the prompt of {what} is {size:,} tokens of the context's {context:,} (EXTRACTOR_CONTEXT, or what the "
        f"model and its memory allow), and the answer needs at least {least:,} of them "
        "beside a part of the document: ask for fewer fields, with shorter names and descriptions, "
        "or use a model with a longer context"
    )
    own = f"{piece} by itself " if piece else ""
    too_long_for_it = f"{own}is {size:,} tokens; with an answer and a part of a document they exceed {context:,}"
    return DocumentError(detail, code=CONTEXT_EXCEEDED, errors=(FieldError("/schema", too_long_for_it),))
