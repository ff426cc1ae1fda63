"""Documents that are longer than the context, read in windows by an engine that makes no mistake."""

from __future__ import annotations

import json
import re
import threading
import time
from dataclasses import replace
from itertools import pairwise
from typing import Literal

import pytest
from pydantic import BaseModel, Field, model_validator

from extractor import Extractor, Options, Settings
from extractor.documents import Document, Page
from extractor.engine.limits.limits import Ended
from extractor.errors import Cancelled, DeadlineExceeded, DocumentError, EngineError, InvalidOutput, TruncatedOutput
from extractor.result import LongRead
from extractor.windows.cut import Cutter, Room
from schemas.types import should
from tests.support.long_documents import ledger
from tests.support.window_engine import Ledger, Row, WindowEngine

pytestmark = pytest.mark.process


def reader(tok, fault=None, takes_s=0.0, slots=4, **settings):
    engine = WindowEngine(tok, fault, takes_s)
    settings = {"context": 2048, **settings}
    return Extractor(Settings(slots=slots, **settings), engine=engine, tokenizer=tok), engine


def told(result):
    return [(row["code"], row["day"], row["what"], str(row["amount"])) for row in result.data["rows"]]


def test_every_row_of_sixty_pages_in_order_and_none_twice(tok):
    document, rows = ledger(60, 300)
    runner, engine = reader(tok)
    result = runner.extract(document, Ledger)
    assert told(result) == rows
    assert (result.data["number"], result.data["holder"], result.data["total"]) == ("A-17", "Harlow and Finch", 12600)
    assert result.review == []
    assert len(result.value.rows) == 300
    windows = result.as_json()["document"]["windows"]
    assert len(windows) == len(engine.requests) == result.usage.model_calls > 10
    assert windows[0]["start"] == 0
    assert windows[-1]["stop"] == len(document.text)
    assert windows[-1]["pages"][1] == 60
    assert {window["state"] for window in windows} == {"read"}
    assert result.usage.prompt_tokens == sum(len(request.prompt) for request in engine.requests)


def test_evidence_is_of_the_whole_document(tok):
    document, rows = ledger(20, 100)
    result = reader(tok)[0].extract(document, Ledger)
    for at, (code, _, what, _) in enumerate(rows):
        (where,) = result.fields[f"/rows/{at}/code"]["evidence"]
        assert document.text[where["start"] : where["stop"]] == where["text"] == code
        assert where["page"] == at // 5 + 1
        (where,) = result.fields[f"/rows/{at}/what"]["evidence"]
        assert document.text[where["start"] : where["stop"]] == what
        assert where["page"] == at // 5 + 1
    votes = result.fields["/number"]["windows"]
    assert votes["agree"] == 1
    assert votes["agree"] + votes["empty"] == len(result.windows)


def test_without_fields_rows_are_told_apart_all_the_same(tok):
    document, rows = ledger(12, 60)
    result = reader(tok)[0].extract(document, Ledger, Options(fields=False))
    assert told(result) == rows
    assert result.fields == {}


def test_a_document_that_fits_is_read_at_once(tok):
    document, rows = ledger(2, 8)
    runner, engine = reader(tok, context=4096)
    result = runner.extract(document, Ledger)
    assert told(result) == rows
    assert len(engine.requests) == 1
    assert "windows" not in result.as_json()["document"]
    assert "part 1" not in tok.decode(engine.requests[0].prompt)


def test_prompts_say_which_part_they_show_and_begin_alike(tok):
    document, _ = ledger(12, 60)
    runner, engine = reader(tok)
    runner.extract(document, Ledger)
    prompts = [tok.decode(request.prompt) for request in engine.requests]
    for at in range(len(prompts)):
        assert sum(f", part {at + 1} of {len(prompts)}, page" in prompt for prompt in prompts) == 1
    first = engine.requests[0]
    assert "Document" in tok.decode(first.prompt[: first.prefix])
    assert all(request.prompt[: first.prefix] == first.prompt[: first.prefix] for request in engine.requests)
    assert all(request.prefix == first.prefix for request in engine.requests)


def test_half_the_slots_are_left_to_others(tok):
    document, _ = ledger(20, 100)
    runner, engine = reader(tok, takes_s=0.02, slots=6)
    runner.extract(document, Ledger)
    assert engine.busy == 3


def test_printed_values_hold_in_each_window(tok):
    document, _ = ledger(12, 60)
    runner, engine = reader(tok)
    runner.extract(document, Ledger, Options(printed="all"))
    for request in engine.requests:
        shown = request.source.decode()
        assert ("Harlow" in request.grammar) is ("Harlow" in shown)


def test_an_error_of_the_engine_is_tried_again(tok):
    document, rows = ledger(12, 60)
    failed: list[str] = []

    def once(text):
        if "R00020" in text and not failed:
            failed.append(text)
            raise EngineError("the engine broke")

    result = reader(tok, once)[0].extract(document, Ledger)
    assert failed
    assert told(result) == rows
    assert result.review == []


def test_a_window_that_fails_costs_its_pages_only(tok):
    document, rows = ledger(12, 60)

    def always(text):
        if "R00020" in text:
            raise EngineError("the engine broke")

    result = reader(tok, always)[0].extract(document, Ledger)
    (lost,) = [window for window in result.windows if window["state"] == "failed"]
    assert lost["code"] == "engine_error"
    assert lost["pages"][0] <= 5 <= lost["pages"][1]
    gone = document.text[lost["start"] : lost["stop"]]
    assert told(result) == [row for row in rows if row[0] not in gone]
    (mark,) = result.review
    assert (mark["code"], mark["pointer"], mark["severity"]) == ("not_read", "", "high")
    assert "not read (engine_error)" in mark["detail"]
    assert result.as_json()["needs_review"]


def test_windows_that_fail_one_after_the_other_are_told_once(tok):
    document, _ = ledger(12, 60)

    def some(text):
        if "R00001" not in text:
            raise EngineError("the engine broke")

    result = reader(tok, some)[0].extract(document, Ledger)
    lost = [window for window in result.windows if window["state"] == "failed"]
    assert len(lost) > 1
    (mark,) = [one for one in result.review if one["code"] == "not_read"]
    assert mark["detail"] == f"pages {lost[0]['pages'][0]}-12 were not read (engine_error)"


def test_it_is_told_how_many_windows_are_over(tok, monkeypatch):
    document, rows = ledger(12, 60)
    runner, engine = reader(tok)
    told_of = []
    left = runner.begin(document, Ledger)
    assert isinstance(left, LongRead)
    assert told(left.finish(lambda *so_far: told_of.append(so_far))) == rows
    windows = len(engine.requests)
    assert told_of[0] == (0, windows)
    assert told_of[-1] == (windows, windows)
    assert told_of == sorted(told_of)

    monkeypatch.setattr("extractor.windows.plan._ROW_COST", 0.25)  # so that some are read in two
    told_of.clear()
    result = reader(tok, max_output_tokens=300)[0].begin(document, Ledger).finish(lambda *far: told_of.append(far))
    assert told_of[0][1] < len(result.windows)
    assert told_of[-1] == (len(result.windows), len(result.windows))


def test_where_no_window_is_read_the_engine_failed(tok):
    def always(_):
        raise EngineError("the engine broke")

    with pytest.raises(EngineError):
        reader(tok, always)[0].extract(ledger(12, 60)[0], Ledger)


def test_an_answer_that_was_cut_off_makes_two_windows_of_one(tok, monkeypatch):
    monkeypatch.setattr("extractor.windows.plan._ROW_COST", 0.25)  # what is never as cheap
    document, rows = ledger(12, 60)
    runner, engine = reader(tok, max_output_tokens=300)
    result = runner.extract(document, Ledger)
    assert told(result) == rows
    assert len(engine.requests) > len(result.windows)  # some were read twice
    assert result.usage.model_calls == len(engine.requests)


def test_a_document_that_fits_is_read_in_windows_where_its_answer_does_not(tok):
    document, rows = ledger(12, 60)
    runner, engine = reader(tok, context=32_768, max_output_tokens=1024)
    result = runner.extract(document, Ledger)
    assert told(result) == rows
    assert len(result.windows) == len(engine.requests) - 1  # the first held all of it
    with pytest.raises(TruncatedOutput):
        runner.extract(document, Ledger, Options(max_output_tokens=1024))


def test_an_answer_that_runs_on_is_not_asked_for_line_by_line():
    document, _ = ledger(12, 60)
    cutter = Cutter(document, lambda texts: [len(text.split()) for text in texts], Room(100, least=60))
    window = cutter.windows[0]
    halves = cutter.halves(window)
    assert len(halves) > 1
    assert all(cutter.halves(one) == [] for one in halves if one.tokens <= 60)


class RunsOn(WindowEngine):
    """Writes rows that stand nowhere behind those that do, until it is cut off: the engine ended that list."""

    def _completion(self, request, text):
        row = ',{{"code":"Q{0}","day":"1999-09-09","what":"unheard of","amount":777{0}}}'
        rows = "".join(row.format(at) for at in range(70, 95))
        text = text.replace("}]", f"}}{rows}]").replace('"rows":[]', f'"rows":[{rows[1:]}]')
        made = super()._completion(request, text)
        return replace(made, ended=[Ended(text.encode().index(b'"rows":') + 7, "ran_on")])


def test_a_window_whose_answer_ran_on_is_read_once_and_its_inventions_are_left_out(tok):
    document, rows = ledger(12, 60)
    engine = RunsOn(tok)
    runner = Extractor(Settings(slots=4, context=2048, max_output_tokens=700, window=250), engine=engine, tokenizer=tok)
    result = runner.extract(document, Ledger)
    assert len(engine.requests) == len(result.windows) > 5
    assert {window["state"] for window in result.windows} == {"truncated"}
    assert told(result) == rows
    (mark,) = [one for one in result.review if one["code"] == "ran_on"]
    assert mark["pointer"] == "/rows"
    assert "items that stand nowhere left out" in mark["detail"]
    assert "not_read" in {one["code"] for one in result.review}


def test_a_row_whose_answer_never_fits_costs_itself(tok):
    document, rows = ledger(12, 60)
    long = "Work " * 60
    text = document.text.replace("Work 3   3.50\n", f"{long.strip()}   3.50\n", 1)
    result = reader(tok, max_output_tokens=150)[0].extract(text, Ledger)
    assert [row[0] for row in told(result)] == [row[0] for row in rows if row[0] != "R00003"]
    (lost,) = [window for window in result.windows if window["state"] == "truncated"]
    assert lost["code"] == "truncated_output"
    assert [mark["code"] for mark in result.review] == ["not_read"]


def test_what_was_not_read_in_time_is_told(tok):
    document, rows = ledger(30, 150)
    runner, _ = reader(tok, takes_s=0.1, slots=2)
    result = runner.extract(document, Ledger, Options(timeout_s=1.2))
    late = [window for window in result.windows if window["code"] == "deadline_exceeded"]
    assert late
    assert told(result) == rows[: len(result.data["rows"])]
    assert {mark["code"] for mark in result.review} == {"not_read"}


def test_each_window_has_the_time_of_an_extraction(tok):
    document, rows = ledger(12, 60)
    runner, _ = reader(tok, takes_s=0.25, slots=2, request_timeout_s=1.0)
    result = runner.extract(document, Ledger)
    assert result.usage.duration_s > 1.0
    assert told(result) == rows
    with pytest.raises(DeadlineExceeded):
        reader(tok, takes_s=5.0, request_timeout_s=0.2)[0].extract(ledger(4, 20)[0], Ledger)


def test_a_withdrawal_ends_all_windows(tok):
    document, _ = ledger(30, 150)
    runner, engine = reader(tok, takes_s=0.05)
    abort = threading.Event()
    threading.Timer(0.3, abort.set).start()
    with pytest.raises(Cancelled):
        runner.extract(document, Ledger, abort=abort)
    asked = len(engine.requests)
    time.sleep(0.2)
    assert len(engine.requests) == asked < 10


def test_checks_are_made_of_the_whole_answer(tok):
    class Strict(Ledger):
        @model_validator(mode="after")
        def _many(self):
            if len(self.rows) < 60:
                raise ValueError("has too few rows")
            return self

        @should
        def _sum(self):
            if self.total != sum(row.amount for row in self.rows):
                yield "/total", "is not the sum of the rows"

    document, _ = ledger(12, 60)
    assert reader(tok)[0].extract(document, Strict).review == []
    wrong = document.text.replace("Total: ", "Total: 1")
    (mark,) = reader(tok)[0].extract(wrong, Strict).review
    assert (mark["pointer"], mark["code"]) == ("/total", "check")


def test_what_fails_the_whole_keeps_its_data(tok):
    document, _ = ledger(12, 60)
    text = document.text.replace("Number: A-17", "No number")
    with pytest.raises(InvalidOutput) as caught:
        reader(tok)[0].extract(text, Ledger)
    assert [error.pointer for error in caught.value.errors] == ["/number"]
    kept = caught.value.kept
    assert len(kept["data"]["rows"]) == 60
    assert kept["fields"]["/rows/0/code"]["evidence"]
    assert kept["usage"]["model_calls"] > 1


def test_more_rows_than_the_schema_allows_are_left_out_and_told(tok):
    class Few(Ledger):
        rows: list[Row] = Field(max_length=20)

    document, rows = ledger(12, 60)
    result = reader(tok)[0].extract(document, Few)
    assert told(result) == rows[:20]
    (mark,) = result.review
    assert (mark["pointer"], mark["code"]) == ("/rows", "cut_off")
    assert "40 more" in mark["detail"]


class ByCode(WindowEngine):
    """Writes the rows as an object, an amount by its code."""

    def _completion(self, request, text):
        rows = json.loads(text)["rows"]
        by_code = {row["code"]: row["amount"] for row in rows}
        return super()._completion(request, json.dumps({"by_code": by_code}, separators=(",", ":")))


def test_more_keys_than_the_schema_allows_are_left_out_and_told(tok):
    class Amounts(BaseModel):
        by_code: dict[str, float] = Field(max_length=20)

    document, rows = ledger(12, 60)
    runner = Extractor(Settings(slots=4, context=2048), engine=ByCode(tok), tokenizer=tok)
    result = runner.extract(document, Amounts)
    assert list(result.data["by_code"]) == [code for code, *_ in rows[:20]]
    (mark,) = result.review
    assert (mark["pointer"], mark["code"]) == ("/by_code", "cut_off")
    assert "40 more" in mark["detail"]


def test_windows_that_disagree_are_told(tok):
    document, _ = ledger(12, 60)
    text = document.text.replace("Statement of account, page 9", "Number: B-18\npage 9")
    result = reader(tok)[0].extract(text, Ledger)
    unsure, mark = result.review  # two that are as sure as each other are right half of the time
    assert (unsure["pointer"], unsure["code"]) == ("/number", "low_confidence")
    assert (mark["pointer"], mark["code"]) == ("/number", "windows_disagree")
    assert result.data["number"] == "A-17"
    (other,) = mark["others"]
    assert other["value"] == "B-18"
    assert text[other["evidence"][0]["start"] :].startswith("B-18")


def test_a_word_longer_than_a_window_costs_no_call_of_the_model(tok):
    document, rows = ledger(12, 60)
    runner, engine = reader(tok)
    lines = document.text.splitlines(keepends=True)
    text = "".join([*lines[:20], "y" * 60_000 + "\n", *lines[20:]])
    result = runner.extract(text, Ledger)
    assert told(result) == rows
    assert all(request.source.decode().strip("y\n") for request in engine.requests)
    assert len([window for window in result.windows if window["state"] == "skipped"]) > 10


def test_a_document_of_one_such_word_says_so(tok):
    runner, engine = reader(tok)
    with pytest.raises(DocumentError) as caught:
        runner.extract("y" * 60_000, Ledger)
    assert caught.value.code == "empty_document"
    assert "no whole word" in caught.value.detail
    assert engine.requests == []


def test_blank_windows_are_skipped_and_listed(tok):
    document, rows = ledger(12, 60)
    text = document.text + "- - -\n" * 3000
    result = reader(tok)[0].extract(text, Ledger)
    assert told(result) == rows
    assert any(window["state"] == "skipped" for window in result.windows)
    assert result.review == []


def test_a_schema_of_a_request(tok):
    document, rows = ledger(12, 60)
    result = reader(tok)[0].extract(document, Ledger.model_json_schema())
    assert told(result) == rows


def test_enums_that_a_window_does_not_print_are_not_made_up(tok):
    class State(BaseModel):
        state: Literal["open", "paid"]
        rows: list[str]

    runner, engine = reader(tok)
    with pytest.raises(InvalidOutput):
        runner.extract(ledger(12, 60)[0], State)
    assert all("null" in request.grammar for request in engine.requests)


def test_of_too_many_windows_those_that_matter_are_read_and_the_others_listed(tok):
    document, rows = ledger(60, 300)
    runner, engine = reader(tok, max_windows=4)
    told_of = []
    left = runner.begin(document, Ledger)
    assert isinstance(left, LongRead)
    result = left.finish(lambda *so_far: told_of.append(so_far))
    assert len(engine.requests) == 4
    assert (result.data["number"], result.data["holder"], result.data["total"]) == ("A-17", "Harlow and Finch", 12600)
    assert told(result) == [row for row in rows if row in told(result)] != []
    windows = result.windows
    assert (windows[0]["start"], windows[-1]["stop"]) == (0, len(document.text))
    assert all(a["stop"] == b["start"] for a, b in pairwise(windows))
    skipped = [one for one in windows if one["state"] == "skipped"]
    assert {one["code"] for one in skipped} == {"unlikely"}
    assert len(windows) == 4 + len(skipped) < 10
    (mark,) = [one for one in result.review if one["code"] == "not_read"]
    assert (mark["pointer"], mark["severity"]) == ("", "low")
    assert re.match(r"\d+ windows were not read \(unlikely\)", mark["detail"])
    assert {total for _, total in told_of} == {4}
    of = {re.search(r"part (\d+) of (\d+)", tok.decode(request.prompt))[2] for request in engine.requests}
    assert of == {str(4 + int(mark["detail"].split()[0]))}


def test_the_same_windows_are_chosen_each_time(tok):
    document, _ = ledger(40, 200)
    first, again = (reader(tok, max_windows=3)[0].extract(document, Ledger).windows for _ in range(2))
    assert first == again
    assert sum(one["state"] == "read" for one in first) == 3


def test_blank_windows_take_no_place_of_those_that_are_read(tok):
    document, _ = ledger(12, 60)
    text = document.text + "- - -\n" * 3000
    runner, engine = reader(tok, max_windows=3)
    result = runner.extract(text, Ledger)
    assert len(engine.requests) == 3
    assert {one["code"] for one in result.windows if one["state"] == "skipped"} == {None, "unlikely"}


def test_a_document_of_too_many_windows_to_choose_from_is_refused(tok, monkeypatch):
    monkeypatch.setattr("extractor.windows.plan.MOST_CUT", 8)
    runner, engine = reader(tok, max_windows=4)
    with pytest.raises(DocumentError) as caught:
        runner.extract(ledger(60, 300)[0], Ledger)
    assert caught.value.code == "context_exceeded"
    assert "more than 8 windows" in caught.value.detail
    assert engine.requests == []


def test_a_schema_that_leaves_no_room_for_a_document(tok):
    for context, asked in ((128, None), (400, None), (400, 600)):
        runner, engine = reader(tok, context=context)
        with pytest.raises(DocumentError) as caught:
            runner.extract(ledger(2, 20)[0], Ledger, Options(max_output_tokens=asked))
        assert engine.requests == []
        assert caught.value.code == "context_exceeded"
        (error,) = caught.value.errors
        assert error.pointer == "/schema"
        size = int(re.search(r"is ([\d,]+) tokens", error.detail)[1].replace(",", ""))
        assert size + 256 + 64 > context
        for said in (f"{size:,} tokens", f"{context:,} (EXTRACTOR_CONTEXT", "fewer fields", "longer context"):
            assert said in caught.value.detail


@pytest.mark.chaos  # half a minute: the places of ten thousand values
def test_every_row_of_five_hundred_pages(tok):
    document, rows = ledger(500, 2500)
    runner, engine = reader(tok)
    result = runner.extract(document, Ledger)
    assert told(result) == rows
    assert result.windows[-1]["pages"][1] == 500
    assert engine.busy <= 2
    assert result.review == []


def test_pages_of_the_document_that_has_none_are_told_by_their_characters(tok):
    text = ledger(12, 60)[0].text

    def always(shown):
        if "R00020" in shown:
            raise EngineError("the engine broke")

    (mark,) = reader(tok, always)[0].extract(Document(text, pages=(Page(1, 0, len(text)),)), Ledger).review
    assert mark["detail"].startswith("characters ")
