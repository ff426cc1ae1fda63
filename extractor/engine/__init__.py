"""The engine: a prompt's ids and its document's bytes in, an answer's ids and bytes out. It knows no schema.

A step    engine.py        the loop: admit, prefill, draft, verify, commit, retire
          scheduler.py     who runs, who waits            prefill.py     prompts, a chunk a step
          verification.py  the forward over all drafts    verify.py      which drafted tokens stand
          choice.py        which token each position gets masks.py       what grammars allow there
          sampling.py      the noise of a temperature     commit.py      what is accepted becomes text
A row     sequence.py      what is asked, what comes back, and its state in between
          cache.py         the KV of all rows             layout.py      where the rows of a forward are in it
Made of   config.py        how large it is                parts.py       its runner and its drafters
          memory.py        how many rows fit              tokenizer.py   what is asked of a tokenizer
Watched   stats.py         sums for metrics               step_timer.py  the clocks of a step
Apart     process.py       the engine in a process of its own, as its parent sees it
          spawn.py         starts that                    child.py       what runs there
          heartbeat.py     how it says that it lives      pipe.py        what is written to it

model/ runs the target and its drafter, attention/ has their masks, drafting/ finds draft tokens, limits/ ends what a
grammar leaves open.

`Engine` and `EngineConfig` are imported when they are asked for: who only speaks to an engine in another process
(`process.py`) needs no torch.
"""

from typing import TYPE_CHECKING, Any

from extractor.drafters import DRAFTERS
from extractor.engine.sequence import Completion, Counter, Params, Request, RequestStats

if TYPE_CHECKING:
    from extractor.engine.config import EngineConfig
    from extractor.engine.engine import Engine

__all__ = ["DRAFTERS", "Completion", "Counter", "Engine", "EngineConfig", "Params", "Request", "RequestStats"]


def __getattr__(name: str) -> Any:
    if name == "Engine":
        from extractor.engine.engine import Engine

        return Engine
    if name == "EngineConfig":
        from extractor.engine.config import EngineConfig

        return EngineConfig
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
