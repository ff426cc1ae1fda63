"""Has strangers' schemas judged, and answers checked against them, in sandboxes: what costs a computer's whole time or
memory ends there, with an error that says so. The judge (judge.py) builds with the model's own tokenizer.

Trials have a sandbox of their own, with the lowest priority and few children, so that they hold up nobody's document;
answers have another.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from extractor.errors import (
    BUSY,
    NOT_PRINTED,
    Cancelled,
    DeadlineExceeded,
    DocumentError,
    EngineError,
    FieldError,
    SchemaError,
)
from extractor.grammar.narrow import Bounds
from extractor.grammar.printed.grammars import Demand, PrintedAnswers, Span
from extractor.grammar.printed.reading import PrintedDocument
from extractor.sandbox import Rejected, Sandbox, SandboxError, SandboxLimits
from schemas.keywords import Mode

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

TRIAL = SandboxLimits(cpu_s=3.0, wall_s=15.0, memory_bytes=1024**3, nice=10)
ANSWER = SandboxLimits(cpu_s=2.0, wall_s=10.0, memory_bytes=512 * 1024**2)
TRIALS, ANSWERS = 2, 4  # at a time
_VERSION = "6"  # of what a trial does; another makes kept verdicts void
_SPENT = ("cpu", "memory", "crashed")


class Judge:
    """Starts its sandboxes when they are first needed. Safe to share between threads."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast | None = None, bounds: Bounds | None = None) -> None:
        """`tokenizer`: a transformers tokenizer; one that has no tokenizer.json is replaced by a made-up vocabulary."""
        self._tokenizer, self._bounds = tokenizer, bounds or Bounds()
        self._lock = threading.Lock()
        self._trials: Sandbox | None = None
        self._answers: Sandbox | None = None

    def start(self) -> None:
        """Loads the tokenizer where trials will need it: with a large vocabulary that takes seconds."""
        with suppress(SandboxError):  # whoever needs it is told
            self._trial_box().start()

    def grammar(self, json_schema: dict[str, Any], wall_s: float, cancel: threading.Event | None = None) -> str:
        """Its grammar. Raises SchemaError where it is refused or costs more than a trial may, DeadlineExceeded after
        `wall_s`, Cancelled, and EngineError where it cannot be tried now."""
        blobs = [_json(json_schema)]
        with _errors_of("building its grammar", wall_s, TRIAL):
            written, _ = self._trial_box().call_twice(
                "grammar", asdict(self._bounds), blobs, wall_s=wall_s, cancel=cancel
            )
        return str(written)

    def printed(
        self, demand: Demand, json_schema: dict[str, Any], mode: Mode, text: str, wall_s: float,
        cancel: threading.Event | None = None, file_names: Sequence[Span] = (),
    ) -> PrintedAnswers:  # fmt: skip
        """What `demand.of(text, file_names)` says, for a stranger's schema, whose patterns meet a stranger's document
        there. Raises as `grammar` does, and as that does."""
        given = {"mode": mode, "bounds": asdict(self._bounds), "file_names": list(file_names)}
        blobs = [_json(json_schema), text.encode("utf-8", "surrogatepass")]
        with _errors_of("building the grammar of what the document prints", wall_s, ANSWER):
            (grammar, held), _ = self._answer_box().call_twice("printed", given, blobs, wall_s=wall_s, cancel=cancel)
        return PrintedAnswers(grammar, demand.marked, PrintedDocument(text, file_names), held)

    def faults(
        self, json_schema: dict[str, Any], text: str, wall_s: float, cancel: threading.Event | None = None
    ) -> list[tuple[str, str]]:
        """Where the answer `text` does not fit: (pointer, what is wrong there). Raises as `grammar` does."""
        with _errors_of("checking an answer against it", wall_s, ANSWER):
            blobs = [_json(json_schema), text.encode("utf-8", "surrogatepass")]
            found, _ = self._answer_box().call_twice("faults", None, blobs, wall_s=wall_s, cancel=cancel)
        return [(str(where), str(what)) for where, what in found]

    @cached_property
    def fingerprint(self) -> str:
        """Of all that a verdict depends on beside the schema: the tokenizer, the bounds and this judge's ways."""
        backend = getattr(self._tokenizer, "backend_tokenizer", None)
        parts = [_VERSION, version("llguidance"), repr(self._bounds), backend.to_str() if backend else "made up"]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def close(self) -> None:
        with self._lock:
            for box in (self._trials, self._answers):
                if box is not None:
                    box.close()

    def _trial_box(self) -> Sandbox:
        with self._lock:
            if self._trials is None:
                given, blob = _given(self._tokenizer)
                self._trials = Sandbox("extractor.grammar.judge", TRIAL, setup=given, blob=blob, size=TRIALS)
            return self._trials

    def _answer_box(self) -> Sandbox:
        with self._lock:
            if self._answers is None:
                self._answers = Sandbox("extractor.grammar.judge", ANSWER, size=ANSWERS)
            return self._answers


def _json(json_schema: dict[str, Any]) -> bytes:
    """As Python writes it: with integers of any size, and halves of surrogate pairs."""
    try:
        return json.dumps(json_schema, separators=(",", ":")).encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise SchemaError(f"the schema is not JSON: {str(error)[:200]}", errors=(FieldError("", "not JSON"),)) from None


def _given(tokenizer: PreTrainedTokenizerFast | None) -> tuple[dict[str, Any], bytes | None]:
    """What the zygote's `setup` is given."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if tokenizer is None or backend is None:
        return {}, None
    stops = tokenizer.eos_token_id
    given = {"vocab": len(tokenizer), "stops": [stops] if isinstance(stops, int) else stops}
    return given, backend.to_str().encode()


@contextmanager
def _errors_of(doing: str, wall_s: float, limits: SandboxLimits) -> Iterator[None]:
    """A sandbox's ends as this library's errors."""
    try:
        yield
    except Rejected as no:
        errors = tuple(FieldError(str(where), str(what)) for where, what in no.more.get("errors", ()))
        if no.code == NOT_PRINTED:
            raise DocumentError(no.detail, code=no.code, errors=errors) from None
        raise SchemaError(no.detail, code=no.code, errors=errors) from None
    except SandboxError as error:
        if error.kind == "cancelled":
            raise Cancelled("the extraction was cancelled") from None
        if error.kind == "time" and wall_s < limits.wall_s:
            raise DeadlineExceeded(f"{doing} took longer than was left of the extraction's time") from None
        if error.kind in _SPENT:
            message = f"{doing}: {error.detail}"
            raise SchemaError(message, code="schema_too_complex", errors=(FieldError("", message),)) from None
        if error.kind == "failed":
            raise SchemaError(f"{doing} failed ({error.detail})", errors=(FieldError("", error.detail),)) from None
        # A schema spends processor time, of which it has less: whose clock ran out first shared a busy machine.
        code = BUSY if error.kind in ("busy", "time") else None
        raise EngineError(f"{doing} is not possible now: {error.detail}", code=code) from None
