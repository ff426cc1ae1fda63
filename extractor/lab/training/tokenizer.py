"""The bundled pair's tokenizer: byte-level BPE in which cased and lower-case words share their pieces.

Every word is cut after its first letter, so "Batch", " batch" and `_batch` differ in one token and share the rest: a
small model links a label to a key, and a value to where it stands, by their common pieces. Digits stand alone. Any
UTF-8 text round-trips.
The instruction every prompt opens with, and the types of a rendered schema, are one token each: a third of a prompt
would be spent on them otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from extractor.lab.training.model import CONTEXT
from extractor.prompt.schema_text import render_task

SPECIAL = ["<pad>", "<eos>", "<bos>", "<|turn>", "<turn|>"]
VOCABULARY = 1536
INSTRUCTION = render_task("", "", {}, []).split("\n\n")[0]
_TYPES = ("string", "number", "integer", "boolean", "date", "email")
PHRASES = [INSTRUCTION, "\n\nDocument:\n", "\n\nSchema ", *(f": {t}{n}" for t in _TYPES for n in (" | null", ""))]

# A word's first letter, with the blank or underscore before it; the rest of the word; a digit; marks; blanks.
_CUT = r"(?<=\p{L})\p{Ll}+|(?<=\p{L})\p{Lu}+(?!\p{Ll})|[ _]?\p{L}|\p{N}|[\r\n]+[ ]*|[ ]?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "<|turn>{{ 'model' if message['role'] == 'assistant' else message['role'] }}\n"
    "{{ message['content'] | trim if message['content'] is string else message['content'][0]['text'] | trim }}"
    "<turn|>\n{% endfor %}{% if add_generation_prompt %}<|turn>model\n{% endif %}"
)


def train(texts: Iterable[str], size: int = VOCABULARY) -> Tokenizer:
    """A tokenizer of exactly `size` pieces learnt from `texts`."""
    tokenizer = Tokenizer(models.BPE())
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(_CUT), "isolated"), bytes_])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(PHRASES),
        special_tokens=SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([AddedToken(phrase, normalized=False, special=False) for phrase in PHRASES])
    return tokenizer


def wrap(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    fast = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        eos_token="<eos>",
        bos_token="<bos>",
        additional_special_tokens=["<|turn>", "<turn|>"],
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
        padding_side="left",
    )
    fast.chat_template = CHAT_TEMPLATE
    return fast


def load(folder: Path) -> PreTrainedTokenizerFast:
    fast: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder)
    return fast
