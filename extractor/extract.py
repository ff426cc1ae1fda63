"""The story of one extraction: document → prompt and grammar → engine → validation, and once more with the errors if
the answer does not stand; then where the document says it.

The composition of the library: it knows every room of extractor/, and neither the web nor a queue. Safe to share: many
threads may extract at once, one engine batches them.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from extractor import documents
from extractor.answer.asked_again import may_ask_again
from extractor.answer.duplicate_keys import without_duplicates
from extractor.answer.written import WrittenText
from extractor.calibration.calibrator import Calibrator
from extractor.calibration.find import calibration_of
from extractor.config import Settings, read_settings
from extractor.decode import Decoder, EngineLike, start_engine
from extractor.documents import Document
from extractor.errors import (
    CONTEXT_EXCEEDED,
    DeadlineExceeded,
    DocumentError,
    FieldError,
    InputError,
    InvalidOutput,
    OutputError,
    TruncatedOutput,
)
from extractor.findings import Findings, pretended_marks
from extractor.grammar.compile import Grammars
from extractor.grammar.limits import limits_of
from extractor.grammar.narrow import Bounds
from extractor.grammar.printed.grammars import Demands
from extractor.grammar.trial import Judge
from extractor.grammar.verdicts import Verdicts
from extractor.long_document import LongDocuments
from extractor.options import Options
from extractor.prompt.prompt import PromptBuilder
from extractor.result import Extraction, Known, LongRead, Mark
from extractor.review.marks import BELOW, review
from extractor.review.missed import missed
from extractor.run import Run, is_as_long_as_asked, raise_unless_complete
from extractor.schema_lookup import AnySchema, find_schema
from extractor.second_look import SecondLook
from extractor.usage import Usage
from extractor.validate import Answer, read_answer, unfit
from extractor.windows.whole_answer import WholeAnswer
from schemas import Registry, Schema, jsontext

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

log = logging.getLogger(__name__)

DEFAULT_CONTEXT, DEFAULT_EXAMPLES = 8192, 2


class Extractor:
    """Loads a model once and extracts with it.

    `engine` and `tokenizer` together replace the loaded model; they are then the caller's to describe (`info`) and are
    closed with the extractor.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        engine: EngineLike | None = None,
        tokenizer: PreTrainedTokenizerFast | None = None,
        info: dict[str, Any] | None = None,
        calibrator: Calibrator | None = None,
    ) -> None:
        """`calibrator` replaces the one that the settings ask for. Raises ModelError when the model cannot be loaded,
        InputError when a setting is wrong or `engine` comes without its tokenizer."""
        self._settings = settings or read_settings()
        self.schemas = Registry.discover(self._settings.schemas)
        for file, why in self.schemas.problems.items():
            log.warning("schema %s is left out: %s", file, why)
        if engine is None:
            engine, tokenizer, info = start_engine(self._settings)
        if tokenizer is None:
            raise InputError("an engine has to come with its tokenizer")
        self._engine = engine
        self._info: dict[str, Any] = {
            "model": "scripted",
            "context": self._settings.context or DEFAULT_CONTEXT,
            "examples": DEFAULT_EXAMPLES if self._settings.examples is None else self._settings.examples,
            "slots": self._settings.slots,
            "review_below": self._settings.review_below,
            **(info or {}),
        }
        fit = calibration_of(self._settings.calibration, self._info["model"]) if calibrator is None else None
        self._calibrator = calibrator or Calibrator(fit)
        self._bounds = bounds = Bounds(self._settings.max_string_chars, self._settings.max_array_items)
        self._judge = Judge(tokenizer, bounds)
        self._grammars = Grammars(self._judge, bounds)
        demands = Demands(bounds)
        below = self._info["review_below"]
        self._findings = Findings(demands, self._calibrator, BELOW if below is None else below)
        self._prompts = PromptBuilder(tokenizer, self._info["context"], self._info["examples"])
        self._decoder = Decoder(engine, self._settings, demands, self._judge, bounds, self._prompts)
        self._second_look = SecondLook(
            self._decoder, self._findings, self._calibrator, self._read_answer, self._settings.max_model_calls
        )
        self._long = LongDocuments(
            self._prompts, self._grammars, self._settings,
            slots=self._info["slots"], most=self._settings.window or self._info.get("window"),
            read=self._read, call_again=self._call_model, stand=self._stand,
        )  # fmt: skip

    def extract(
        self,
        document: str | bytes | Path | Document,
        schema: AnySchema,
        options: Options | None = None,
        *,
        abort: threading.Event | None = None,
    ) -> Extraction:
        """The data of `schema` in `document` (text, a file's bytes, a Path to a file, or a Document).

        Raises DocumentError, SchemaError, InvalidOutput (with the last answer and its errors), TruncatedOutput,
        Cancelled (once `abort` is set), DeadlineExceeded and EngineError: the tree in errors.py.
        """
        found = self.begin(document, schema, options, abort=abort)
        return found.finish() if isinstance(found, LongRead) else found

    def begin(
        self,
        document: str | bytes | Path | Document,
        schema: AnySchema,
        options: Options | None = None,
        *,
        abort: threading.Event | None = None,
    ) -> Extraction | LongRead:
        """As `extract`, up to the windows of a document that does not fit the context: what is left of that is given
        back, to be done where it keeps nobody waiting."""
        started = time.monotonic()
        options = options or Options()
        limit_s = self._settings.request_timeout_s
        deadline = started + min(options.timeout_s or limit_s, limit_s)
        schema_ = self.schema(schema)
        read = documents.read(
            document, max_bytes=self._settings.max_document_bytes, ocr=self._settings.ocr, cancel=abort
        )
        usage = Usage(document_s=0.0 if isinstance(document, Document) else time.monotonic() - started)
        grammar = self._grammars.get(schema_, deadline - time.monotonic(), abort)
        limits = limits_of(schema_.json_schema, self._bounds)
        run = Run(schema_, read, grammar, limits, options, started, deadline, abort, usage)
        try:
            return self._read(run)
        except (DocumentError, TruncatedOutput) as error:
            if error.code not in (CONTEXT_EXCEEDED, TruncatedOutput.code) or is_as_long_as_asked(error, options):
                raise
            plan = self._long.plan(run, error)
        return LongRead(lambda tell: self._long.read(run, plan, tell))

    def _read(self, run: Run) -> Extraction:
        """What fits the context. Raises DocumentError `context_exceeded` for what does not."""
        most = run.options.max_model_calls or self._settings.max_model_calls
        answers, failed, shown = 0, None, tuple[FieldError, ...]()
        while failed is None or may_ask_again(answers, most, shown, failed.errors):
            shown, answers = failed.errors if failed is not None else (), answers + 1
            try:
                return self._call_model(run, failed)
            except InvalidOutput as error:
                failed = error
            except (DocumentError, TruncatedOutput):
                if failed is None:
                    raise
                break  # no room for another whole answer
            except DeadlineExceeded as error:
                if failed is not None:
                    error.last, error.kept = failed.last, {**failed.kept, "usage": run.spent()}
                raise
        assert failed is not None
        failed.kept["usage"] = run.spent()
        raise failed

    def schema(self, schema: AnySchema) -> Schema:
        """The Schema meant by a name, a model or a JSON Schema. Raises SchemaError."""
        return find_schema(schema, self.schemas)

    def keep_verdicts(self, verdicts: Verdicts) -> None:
        """Where other processes' verdicts on schemas are asked for, and this one's are told."""
        self._grammars.verdicts = verdicts

    def prepare_trials(self) -> None:
        """Loads what trials of schemas need, so that the first one does not wait for it."""
        self._judge.start()

    def judged(self, json_schema: dict[str, Any]) -> bool:
        """Whether it is known what becomes of this schema of a request, so that no trial comes before its document."""
        return self._grammars.known(self.schema(json_schema))

    def judge(self, json_schema: dict[str, Any], wall_s: float, cancel: threading.Event | None = None) -> None:
        """Have it tried, where it is not known yet. Raises SchemaError when it is refused, Cancelled,
        DeadlineExceeded, EngineError."""
        self._grammars.get(self.schema(json_schema), wall_s, cancel)

    def model_info(self) -> dict[str, Any]:
        """What is loaded: model, drafter, architecture, dtype, device, context, slots, …"""
        return dict(self._info)

    def trouble(self) -> str:
        """Why the engine cannot answer now (one in a process of its own may be being replaced); empty when it can."""
        trouble = getattr(self._engine, "trouble", None)
        return trouble() if trouble is not None else ""

    def stats(self) -> dict[str, Any]:
        """What the engine has done since it started (engine/stats.py); empty where it does not say."""
        stats = getattr(self._engine, "stats", None)
        return stats() if stats is not None else {}

    def close(self) -> None:
        """Stops the engine; whoever is waiting gets an EngineError."""
        self._engine.close()
        self._judge.close()

    def __enter__(self) -> Extractor:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def _call_model(self, run: Run, failed: InvalidOutput | None) -> Extraction:
        """One call of the model, the first or one with the errors of the answer before it (`failed`). Raises
        InvalidOutput for an answer that does not stand, DocumentError where no room is left for one."""
        completion, max_tokens = self._decoder.answered(run, failed)
        run.usage.add(completion.stats)
        run.keep(completion)
        completion, again = without_duplicates(completion)
        text = WrittenText.of(completion).string
        try:
            answer = self._read_answer(run, completion.finish, max_tokens, text)
        except (OutputError, DeadlineExceeded) as error:
            error.last, error.kept = text, self._findings.kept(run, completion, again) if text else {}
            raise
        seen = self._findings.seen(run, completion, answer)
        if failed is None:
            seen = self._second_look.of(run, seen)
        marks = self._findings.marks_of(run, seen, again)
        return self._extraction(run, seen.answer, seen.text, seen.fields, marks)

    def _stand(self, run: Run, whole: WholeAnswer) -> Extraction:
        """Of what the windows of a document say together. Raises InvalidOutput where that does not stand."""
        found = whole.answer
        text = jsontext.written(found.data).decode()
        fields, left_out = found.fields, missed(found.fields, run.schema.json_schema)
        marks = review([], found.unprinted, fields, left_out, below=self._findings.below(run))
        marks += [*whole.marks(), *pretended_marks(run, text, fields)]
        try:
            answer = read_answer(text, run.schema)
            self._check(run, text)
        except OutputError as error:
            known = {"fields": run.given_fields(fields), "review": marks, "usage": run.spent()}
            error.kept = {"data": found.data, **known}
            raise
        return self._extraction(run, answer, text, fields, [*review(answer.doubts, [], {}), *marks], whole)

    def _extraction(
        self,
        run: Run,
        answer: Answer,
        text: str,
        fields: dict[str, Known],
        marks: list[Mark],
        whole: WholeAnswer | None = None,
    ) -> Extraction:
        run.usage.duration_s = time.monotonic() - run.started
        schema, model, document = run.schema.ref, self._info["model"], run.document
        about, with_text = self._calibrator.about(), run.options.text
        windows, parts = (whole.windows, whole.schema_parts) if whole is not None else ([], [])
        return Extraction(
            answer.data, answer.value, text, run.given_fields(fields), marks, run.usage, schema, model, document,
            with_text, about, windows, parts,
        )  # fmt: skip

    def _read_answer(self, run: Run, finish: str, max_tokens: int, text: str) -> Answer:
        """What the model wrote, where it stands. Raises InvalidOutput, TruncatedOutput and what ended it."""
        raise_unless_complete(finish, run, max_tokens, text)
        answer = read_answer(text, run.schema)
        self._check(run, text)
        if run.printed is not None and (missing := run.printed.faults(answer.data)):
            raise unfit(text, [(one.pointer, one.detail) for one in missing])
        return answer

    def _check(self, run: Run, text: str) -> None:
        """An answer under a stranger's schema is checked where it can cost nobody else. Raises InvalidOutput."""
        if run.schema.model is None:
            faults = self._judge.faults(run.schema.json_schema, text, run.deadline - time.monotonic(), run.abort)
            if faults:
                raise unfit(text, faults)
