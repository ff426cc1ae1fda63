"""A small tokenizer and an engine that answers from a script, so that the library's story runs without a model."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from extractor.engine import Completion, Request, RequestStats
from extractor.grammar.guided import ANY_TOKENS
from schemas import Registry
from tests.support.matching import written_under

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ m.content | trim }}<turn|>\n{% endfor %}{% if add_generation_prompt %}<|turn>model\n"
    "{% if enable_thinking is not defined or enable_thinking %}<think>{% endif %}{% endif %}"
)
SPECIAL = ["<pad>", "<eos>", "<bos>", "<|turn>", "<turn|>"]


@cache
def _core() -> str:
    texts = [
        example.document + example.answer_text for schema in Registry.discover().list() for example in schema.examples
    ]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken("<think>", special=False), AddedToken("\n\n", special=False)])
    return tokenizer.to_str()


def tokenizer(template: str | None = TEMPLATE) -> PreTrainedTokenizerFast:
    fast = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(_core()),
        pad_token="<pad>",
        eos_token="<eos>",
        bos_token="<bos>",
        additional_special_tokens=["<|turn>", "<turn|>"],
    )
    fast.chat_template = template
    return fast


def asked_of(request: Request, answer: str) -> str:
    """What is to be written of the answer: where it has begun, what the grammar has of the rest."""
    if request.grammar is None or not request.grammar.startswith(ANY_TOKENS):
        return answer
    return written_under(request.grammar, answer.removeprefix(request.begun.decode()))


class ScriptedEngine:
    """Answers the n-th request with the n-th line of the script: a text, a finish, an exception, or None for never. Of
    an answer that has begun, it writes what its grammar has of the line."""

    def __init__(self, encoder: Any, *script: str | Exception | None, finish: str = "stop") -> None:
        self._encoder, self._script, self._finish = encoder, list(script), finish
        self._lock = threading.Lock()
        self.requests: list[Request] = []
        self.aborted: list[Future[Any]] = []
        self.closed = False
        self.on_submit: Callable[[], None] = lambda: None

    def submit(self, request: Request, /) -> Future[Any]:
        with self._lock:
            self.requests.append(request)
            line = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        future: Future[Any] = Future()
        self.on_submit()
        if isinstance(line, Exception):
            future.set_exception(line)
        elif line is not None:
            line = asked_of(request, line)
            ids = self._encoder(line, add_special_tokens=False).input_ids
            stats = RequestStats(len(request.prompt), output_tokens=len(ids), target_forwards=2, decode_s=0.5)
            stats.drafts["copy"].proposed, stats.drafts["copy"].accepted = 5, 3
            sizes = [len(token) for token in self._encoder.convert_ids_to_tokens(ids)]  # a sign a byte
            future.set_result(Completion(ids, line.encode(), self._finish, [-0.01] * len(ids), sizes, stats))
        return future

    def abort(self, future: Future[Any], /) -> None:
        self.aborted.append(future)

    def close(self) -> None:
        self.closed = True
