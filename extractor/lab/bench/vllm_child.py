"""vLLM, driven from outside: the other end of `vllm.py`, run by the Python of vLLM's environment. That one has nothing
of this project, so this file imports none of it.

One JSON object a line. First it is told what to load (`LOAD`) and answers `{"vllm": version}`; then for each list of
requests (`RUN`) it answers `{"seconds", "ids", "forwards"}`. While it works it says `{"steps": n}` about once a second,
so that whoever waits sees that it does. A fault is `{"error": kind, "detail": text}`, and the end, but for one of a
run. It ends when its input does.

    LOAD  {"model", "revision", "drafter", "draft", "dtype", "context", "rows", "cache_bytes", "beat_s"}
    RUN   {"requests": [{"prompt", "grammar", "max_tokens"}], "stop": ids}
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from typing import Any, TextIO


class Unable(Exception):
    """A fault of a kind that the other end knows."""

    def __init__(self, kind: str, error: BaseException) -> None:
        super().__init__(f"{type(error).__name__}: {error}")
        self.kind = kind


class Hosted:
    """vLLM's engine with one model."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        try:
            vllm = importlib.import_module("vllm")
        except ImportError as error:
            raise Unable("missing", error) from error
        try:
            self.version = str(vllm.__version__)
            self._params = vllm.SamplingParams
            self._structured = importlib.import_module("vllm.sampling_params").StructuredOutputsParams
        except (ImportError, AttributeError) as error:
            raise Unable("version", error) from error
        try:
            self._engine = vllm.LLM(**_options(wanted)).llm_engine
        except TypeError as error:  # an option that this version does not know
            raise Unable("version", error) from error
        except Exception as error:
            raise Unable("refused", error) from error
        self._rows, self._beat_s = int(wanted["rows"]), float(wanted["beat_s"])
        self._served = 0

    def run(self, requests: list[dict[str, Any]], stop: list[int], answers: TextIO) -> dict[str, Any]:
        """All at once, or with one row one after the other, as one caller who waits for each answer would send them."""
        begun = self._beaten = time.perf_counter()
        self._forwards = 0
        parts = [[request] for request in requests] if self._rows == 1 else [requests]
        ids = [answer for part in parts for answer in self._decode(part, stop, answers)]
        seconds = time.perf_counter() - begun
        return {"seconds": seconds, "ids": ids, "forwards": self._forwards}

    def _decode(self, requests: list[dict[str, Any]], stop: list[int], answers: TextIO) -> list[list[int]]:
        names = []
        for request in requests:
            grammar = request["grammar"]
            params = self._params(
                temperature=0.0,
                max_tokens=request["max_tokens"],
                stop_token_ids=stop,
                detokenize=False,
                structured_outputs=None if grammar is None else self._structured(grammar=grammar),
            )
            self._served += 1
            names.append(str(self._served))
            self._engine.add_request(names[-1], {"prompt_token_ids": request["prompt"]}, params)
        written: dict[str, list[int]] = {}
        while self._engine.has_unfinished_requests():
            outputs = self._engine.step()
            self._forwards += len(outputs)  # a step is one forward of each row that wrote in it
            for output in outputs:
                written[output.request_id] = list(output.outputs[0].token_ids)
            self._beat(answers)
        return [written[name] for name in names]

    def _beat(self, answers: TextIO) -> None:
        if time.perf_counter() - self._beaten > self._beat_s:
            self._beaten = time.perf_counter()
            say(answers, {"steps": self._forwards})


def _options(wanted: dict[str, Any]) -> dict[str, Any]:
    """vLLM reads every prompt anew, as the other engines do; its grammars are the same library's as ours."""
    speculative = {"method": "mtp", "model": wanted["drafter"], "num_speculative_tokens": wanted["draft"]}
    return {
        "model": wanted["model"],
        "revision": wanted["revision"],
        "dtype": wanted["dtype"],
        "max_model_len": wanted["context"],
        "max_num_seqs": wanted["rows"],
        "enforce_eager": True,
        "enable_prefix_caching": False,
        "structured_outputs_config": {"backend": "guidance", "disable_any_whitespace": True},
        "kv_cache_memory_bytes": wanted["cache_bytes"],
        **({"speculative_config": speculative} if wanted["drafter"] else {}),
    }


def say(answers: TextIO, message: dict[str, Any]) -> None:
    print(json.dumps(message), file=answers, flush=True)


def main() -> int:
    """Exit code: 0, or 1 after a fault of loading."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # vLLM and its libraries print too
    sys.stdout = sys.stderr  # unbuffered, so that the last words of a crash are seen
    wanted = json.loads(sys.stdin.readline())
    try:
        hosted = Hosted(wanted)
    except Unable as fault:
        say(answers, {"error": fault.kind, "detail": str(fault)})
        return 1
    say(answers, {"vllm": hosted.version})
    for line in sys.stdin:
        work = json.loads(line)
        try:
            say(answers, hosted.run(work["requests"], work["stop"], answers))
        except Exception as error:
            say(answers, {"error": "failed", "detail": f"{type(error).__name__}: {error}"})
    return 0


if __name__ == "__main__":
    sys.exit(main())
