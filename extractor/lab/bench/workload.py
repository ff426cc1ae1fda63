"""What is measured on: documents, their schemas, and the exact prompts and grammars the library would make of them.

The documents come from the bundled pair's generator, of the held-out side of its split and with a seed of their own, so
none of them was trained or tuned on. Knows no engine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import Any

from extractor.engine.model.loader import Models
from extractor.errors import DocumentError
from extractor.grammar.compile import compile_grammar
from extractor.prompt.prompt import PromptBuilder
from schemas import Schema, inline

SEED = 20_261_123


@dataclass(frozen=True)
class Case:
    """One document ready to decode."""

    prompt: list[int]
    source: bytes
    prefix: int
    grammar: str | None
    schema: str
    max_tokens: int


def documents(count: int, seed: int = SEED, new_names: bool = False) -> Iterator[tuple[Schema, str]]:
    """`count` held-out documents with their schemas; `new_names` also draws field names, labels and layouts that
    training never saw."""
    from extractor.lab.training.generate import tasks
    from extractor.lab.training.lexicon import NEW_EVERYTHING, NEW_VALUES

    for task in islice(tasks(seed, NEW_EVERYTHING if new_names else NEW_VALUES), count):
        yield inline(task.schema), task.document


def cases(models: Models, items: Iterator[tuple[Schema, str]], context: int, max_tokens: int = 512) -> list[Case]:
    """Each document as its prompt's ids; one that does not fit the context is left out."""
    builder = PromptBuilder(models.tokenizer, context, examples=0)
    out = []
    for schema, document in items:
        try:
            prompt = builder.build(schema, document, max_tokens)
        except DocumentError:
            continue
        name = json.dumps(schema.json_schema, sort_keys=True)
        out.append(Case(prompt.ids, prompt.source, prompt.document[0], compile_grammar(schema), name, max_tokens))
    return out


def plain(models: Models, texts: tuple[str, ...], count: int, max_tokens: int) -> list[Case]:
    """`count` requests without a schema, in the model's chat template; a draft may copy from the request."""
    tokenizer = models.tokenizer
    out = []
    for text in texts[:count]:
        if tokenizer.chat_template:
            messages = [{"role": "user", "content": text}]
            text = str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))
        ids = list(tokenizer(text, add_special_tokens=not tokenizer.chat_template).input_ids)
        out.append(Case(ids, text.encode(), 0, None, "", max_tokens))
    return out


def summary(some: list[Case]) -> dict[str, Any]:
    """How big the workload is."""
    prompts = [len(case.prompt) for case in some]
    return {
        "documents": len(some),
        "schemas": len({case.schema for case in some}),
        "prompt_tokens_median": round(median(prompts)) if prompts else 0,
        "prompt_tokens_max": max(prompts, default=0),
    }
