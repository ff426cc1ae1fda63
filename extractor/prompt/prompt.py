"""(schema, document) → token ids, with the model's own chat template around them.

The template is rendered once with markers where the messages stand and cut there. What the template wrote is tokenized
with its control tokens; everything else (schema, examples, document, an earlier answer) is data and can never become
one, whatever it spells. Knows the tokenizer; knows no model and no grammar.

The cuts are where the bundled pair was trained to have them: before the document and after it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache

from extractor.errors import CONTEXT_EXCEEDED, DocumentError, FieldError, ModelError
from extractor.prompt.codec import Codec
from extractor.prompt.schema_text import fence, render_task
from schemas import Schema

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

_MARKS = ("⟦first message⟧", "⟦second message⟧", "⟦third message⟧")
_PLAIN = "User:\n{first}\n\nAssistant:\n"
_PLAIN_AGAIN = "User:\n{first}\n\nAssistant:\n{second}\n\nUser:\n{third}\n\nAssistant:\n"
_CACHED_SCHEMAS = 256
_ENDS = ":\n"  # of the task, before the document
_LONG_PART = "part 1000 of 1000, pages 1000-1000"


@dataclass(frozen=True)
class Prompt:
    """`document`: the half-open span of `ids` that holds the document, whose text is `source`, UTF-8. The first
    `shared` ids are the same for every document of the schema. `room` tokens of the context are left for the answer."""

    ids: list[int]
    document: tuple[int, int]
    source: bytes
    shared: int
    room: int


class PromptBuilder:
    """Prompts for one tokenizer. `tokenizer` is a Hugging Face fast tokenizer; `context` counts prompt and answer;
    at most `examples` of a schema's examples are shown, as many as fit a quarter of the context.

    Safe to share between threads.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerFast, context: int, examples: int) -> None:
        self._codec = Codec(tokenizer)
        self.context = context
        self._examples = examples
        self._lead = self._codec.lead() if not tokenizer.chat_template else []
        self._one = self._around_messages(_render(tokenizer, 1), 1)
        self._three: list[list[int]] | None = None
        self._tokenizer = tokenizer
        self._tasks: LRUCache[object, tuple[str, list[int]]] = LRUCache(_CACHED_SCHEMAS)
        self._lock = threading.Lock()

    def build(
        self,
        schema: Schema,
        document: str,
        max_output_tokens: int,
        *,
        last: str | None = None,
        errors: Sequence[FieldError] = (),
        part: str = "",
    ) -> Prompt:
        """The prompt for `document`, with at least `max_output_tokens` of the context left for the answer. With `last`
        it asks again: the same message, that answer, and what was wrong with it. `part` says which part of a document
        this is, where it is one: "part 2 of 5, pages 11-20".

        Raises DocumentError `context_exceeded`.
        """
        self._refuse_endless(document)
        opening, text, closing = fence(document)
        before, after = self._one[0], self._one[1:]
        tail: list[int] = after[0]
        if last is not None:
            before, between, again, end = self._again()
            tail = [*between, *self._codec.data(last), *again, *self._codec.data(_complaint(errors)), *end]
        task, shared = self._task(schema, opening, part)
        head = [*self._lead, *before, *task]
        body = self._codec.document(text)
        ids = [*head, *body, *self._codec.data(closing), *tail]
        room = self.context - len(ids)
        if room < max_output_tokens:
            raise DocumentError(
                f"the prompt is {len(ids):,} tokens ({len(body):,} of them the document) and the answer may need "
                f"{max_output_tokens:,}; together they exceed the context of {self.context:,}",
                code=CONTEXT_EXCEEDED,
                errors=(FieldError("/document", f"is {len(body):,} tokens"),),
            )
        start = len(head)
        source = text.encode("utf-8", "replace")
        return Prompt(ids, (start, start + len(body)), source, len(self._lead) + len(before) + shared, room)

    def begun(self, prompt: Prompt, answer: str, least: int = 1) -> Prompt:
        """The same where the beginning of the answer is written already, with room for so many tokens more. Raises
        DocumentError `context_exceeded`."""
        ids = self._codec.data(answer)
        if prompt.room < len(ids) + least:
            raise DocumentError("the context has no room for another answer", code=CONTEXT_EXCEEDED)
        return replace(prompt, ids=[*prompt.ids, *ids], room=prompt.room - len(ids))

    def left(self, schema: Schema) -> int:
        """Tokens of the context that are left for a part of a document and its answer."""
        task, _ = self._task(schema, fence("")[0], _LONG_PART)
        return self.context - len(task) - self._frame()

    def left_beside(self, schema: Schema, json_schema: dict[str, Any]) -> int:
        """The same of a schema that has another JSON Schema and no examples; nothing of it is kept."""
        task = render_task(schema.name, schema.description, json_schema, []).removesuffix(_ENDS)
        return self.context - len(self._codec.data(f"{task}, {_LONG_PART}{_ENDS}{fence('')[0]}")) - self._frame()

    def _frame(self) -> int:
        """Tokens of what stands around the task and the document."""
        before, after = self._one
        return len(self._lead) + len(before) + len(self._codec.data(fence("")[2])) + len(after)

    def counts(self, texts: Sequence[str], enough: int) -> list[int]:
        """Tokens of each text, nearly. What comes after more than `enough` in all is not counted."""
        return self._codec.counts(texts, enough)

    def _refuse_endless(self, document: str) -> None:
        """What the context cannot hold in any case is not read to its end: that would take time and memory that no
        deadline bounds."""
        least = self._codec.at_least(document, self.context)
        if least > self.context:
            raise DocumentError(
                f"the document ({len(document.encode()):,} bytes) is more than {least:,} tokens and exceeds the "
                f"context of {self.context:,}",
                code=CONTEXT_EXCEEDED,
                errors=(FieldError("/document", f"is more than {least:,} tokens"),),
            )

    def _again(self) -> list[list[int]]:
        if self._three is None:
            self._three = self._around_messages(_render(self._tokenizer, 3), 3)
        return self._three

    def _around_messages(self, rendered: str, messages: int) -> list[list[int]]:
        """The template's own text before, between and after the messages, as ids."""
        parts, rest = [], rendered
        for mark in _MARKS[:messages]:
            before, found, rest = rest.partition(mark)
            if not found or mark in rest:
                raise ModelError("the model's chat template does not show each message once, as it is")
            parts.append(before)
        return [self._codec.template(part) for part in (*parts, rest)]

    def _task(self, schema: Schema, opening: str, part: str) -> tuple[list[int], int]:
        """The task with the opening fence as ids, and how many of them every document of the schema begins with. A
        document full of tildes has a longer fence than the others, and a part of one says so."""
        key = schema.name, schema.sha256, tuple(example.document for example in schema.examples)
        with self._lock:
            cached = self._tasks.get(key)
        if cached is None:
            text = self._task_text(schema)
            cached = text, self._codec.data(text + fence("")[0])
            with self._lock:
                self._tasks[key] = cached
        text, usual = cached
        if opening == fence("")[0] and not part:
            return usual, len(usual)
        own = self._codec.data(f"{text.removesuffix(_ENDS)}, {part}{_ENDS}{opening}" if part else text + opening)
        shared = next(
            (at for at, (a, b) in enumerate(zip(own, usual, strict=False)) if a != b), min(len(own), len(usual))
        )
        return own, shared

    def _task_text(self, schema: Schema) -> str:
        """With as many examples as are allowed and fit."""
        shown = [(example.document, example.answer_text) for example in schema.examples[: self._examples]]
        bare = render_task(schema.name, schema.description, schema.json_schema, [])
        while shown:
            text = render_task(schema.name, schema.description, schema.json_schema, shown)
            if len(self._codec.data(text)) - len(self._codec.data(bare)) <= self.context // 4:
                return text
            shown.pop()
        return bare


def _render(tokenizer: PreTrainedTokenizerFast, messages: int) -> str:
    """The chat template around the marks; a plain form for tokenizers without one."""
    if not tokenizer.chat_template:
        first, second, third = _MARKS
        return (_PLAIN if messages == 1 else _PLAIN_AGAIN).format(first=first, second=second, third=third)
    chat = [
        {"role": role, "content": mark}
        for role, mark in zip(("user", "assistant", "user"), _MARKS[:messages], strict=False)
    ]
    try:
        rendered = tokenizer.apply_chat_template(
            chat, tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
    except Exception as error:  # jinja's errors and the template's own `raise_exception`
        why = str(error).strip().partition("\n")[0] or type(error).__name__
        raise ModelError(f"the model's chat template fails: {why[:200]}") from None
    return str(rendered)


def _complaint(errors: Sequence[FieldError]) -> str:
    """What is said to the model about its answer."""
    lines = "\n".join(f"- {error.pointer or 'the answer'}: {error.detail}" for error in errors)
    return f"The answer has errors:\n{lines}\nAnswer again with the corrected JSON."
