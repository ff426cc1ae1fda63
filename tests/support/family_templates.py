"""The two chat templates of Gemma 4's family, cut down to what a conversation in text uses of them. The small models'
(E2B, E4B) ends a prompt where the model's turn begins. The large ones' (12B and up) primes that turn with a thought
channel, empty and closed, unless thinking is on. Both trim messages and drop an earlier answer's thoughts."""

from __future__ import annotations

from transformers import PreTrainedTokenizerFast

_TURNS = """
{%- macro spoken(text) -%}
    {%- set kept = namespace(text='') -%}
    {%- for part in text.split('<channel|>') -%}
        {%- set kept.text = kept.text + part.split('<|channel>')[0] -%}
    {%- endfor -%}
    {{- kept.text | trim -}}
{%- endmacro -%}
{{- bos_token -}}
{%- set told = messages[0]['role'] in ['system', 'developer'] -%}
{%- if enable_thinking | default(false) or tools or told -%}
    {{- '<|turn>system\\n' -}}
    {%- if enable_thinking | default(false) -%}{{- '<|think|>\\n' -}}{%- endif -%}
    {%- if told -%}{{- messages[0]['content'] | trim -}}{%- endif -%}
    {{- '<turn|>\\n' -}}
{%- endif -%}
{%- for message in (messages[1:] if told else messages) -%}
    {{- '<|turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\\n' -}}
    {{- spoken(message['content']) if message['role'] == 'assistant' else message['content'] | trim -}}
    {{- '<turn|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|turn>model\\n' -}}PRIMER
{%- endif -%}
"""
_PRIMED = """
    {%- if not enable_thinking | default(false) -%}{{- '<|channel>thought\\n<channel|>' -}}{%- endif -%}"""

FAMILY = {"small": _TURNS.replace("PRIMER", ""), "large": _TURNS.replace("PRIMER", _PRIMED)}
PRIMER = {"small": "", "large": "<|channel>thought\n<channel|>"}  # between the model's turn and its answer
CONTROL = ["<|turn>", "<turn|>", "<|channel>", "<channel|>", "<|think|>"]


def dressed(tokenizer: PreTrainedTokenizerFast, kind: str) -> PreTrainedTokenizerFast:
    """`tokenizer`, from now on with the family's control tokens and the template of its `kind`."""
    tokenizer.add_special_tokens({"additional_special_tokens": CONTROL})
    tokenizer.chat_template = FAMILY[kind]
    return tokenizer
