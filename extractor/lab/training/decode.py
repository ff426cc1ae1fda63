"""Greedy decoding under the grammar with plain transformers calls, several documents at once: the schema's grammar, or
where values have to be printed each document's own.

What the recipe measures with: it shares no code with the engine, so each can show the other wrong.
"""

from __future__ import annotations

import llguidance.hf
import numpy as np
import torch
from llguidance import LLMatcher
from transformers import DynamicCache, Gemma4ForCausalLM, PreTrainedTokenizerFast

from extractor.engine.layout import ARGUMENT
from extractor.grammar.guided import guided
from extractor.grammar.narrow import Bounds
from extractor.grammar.printed.grammars import demand
from extractor.lab.training.encode import Encoder
from extractor.lab.training.generate import Task
from extractor.lab.training.model import EOS, PAD, TURN_END
from schemas.keywords import Mode


class TaskDecoder:
    def __init__(self, model: Gemma4ForCausalLM, tokenizer: PreTrainedTokenizerFast, mode: Mode = "none") -> None:
        """`mode`: which values have to be printed."""
        self._model, self._mode = model.train(False), mode
        self._tokenizer = tokenizer
        self._encoder = Encoder(tokenizer)
        self._ll = llguidance.hf.from_tokenizer(tokenizer, n_vocab=len(tokenizer), eos_token=[EOS, TURN_END])

    @torch.no_grad()
    def answers(self, tasks: list[Task], most: int = 900) -> list[str]:
        """The answer of each task, in order; rows still unfinished after `most` tokens are returned as they are."""
        prompts = [self._encoder.prompt(task) for task in tasks]
        matchers = [self._matcher(task) for task in tasks]
        longest = max(len(prompt) for prompt in prompts)
        ids = torch.tensor([[PAD] * (longest - len(prompt)) + prompt for prompt in prompts])
        seen = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        positions = (seen.cumsum(1) - 1).clamp(min=0)
        cache = DynamicCache(config=self._model.config)
        answers: list[list[int]] = [[] for _ in tasks]
        live = [True] * len(tasks)
        for _ in range(most):
            if not any(live):
                break
            out = self._model(
                input_ids=ids,
                attention_mask=seen,
                position_ids=positions,
                use_cache=True,
                logits_to_keep=1,
                **{ARGUMENT: cache},
            )
            logits = out.logits[:, -1].float()
            for i, matcher in enumerate(matchers):
                if live[i]:
                    logits[i, ~self._allowed(matcher)] = float("-inf")
            best = logits.argmax(-1).tolist()
            for i, token in enumerate(best):
                if live[i]:
                    answers[i].append(token)
                    matchers[i].consume_token(token)
                    live[i] = token not in (EOS, TURN_END) and not matchers[i].is_stopped()
            ids = torch.tensor(best)[:, None]
            seen = torch.cat([seen, torch.ones(len(tasks), 1, dtype=seen.dtype)], 1)
            positions = positions[:, -1:] + 1
        return [self._text(row) for row in answers]

    def _matcher(self, task: Task) -> LLMatcher:
        # forced text in the bundled pair's own tokenization, which llguidance would not find
        demanded = demand(task.schema, self._mode, Bounds())
        narrow = demanded.of(task.document).grammar if demanded else None
        return LLMatcher(self._ll, f'%llguidance {{"no_forcing": true}}\n{narrow or guided(task.schema)}')

    def _allowed(self, matcher: LLMatcher) -> torch.Tensor:
        """[vocabulary] bool. `llguidance.torch` would compile a kernel at import; a few hundred bits need none."""
        bits = np.unpackbits(np.frombuffer(matcher.compute_bitmask(), np.uint8), bitorder="little")
        return torch.from_numpy(bits[: len(self._tokenizer)].astype(bool))

    def _text(self, ids: list[int]) -> str:
        ends = [i for i, token in enumerate(ids) if token in (EOS, TURN_END)]
        return str(self._tokenizer.decode(ids[: ends[0]] if ends else ids))
