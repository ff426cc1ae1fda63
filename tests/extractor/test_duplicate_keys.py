"""A key that an answer has twice: what stays, what is told of the other, and what is known of each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from extractor import Extractor, Options, Settings
from extractor.answer.duplicate_keys import without_duplicates
from extractor.engine import Completion, RequestStats
from extractor.engine.limits.limits import Ended
from extractor.errors import OutputError
from schemas import jsontext
from tests.support.scripted import ScriptedEngine

DICT = {"type": "object", "additionalProperties": {"type": "string"}}
SCHEMA = {
    "type": "object",
    "properties": {"found": DICT, "rows": {"type": "array", "items": DICT}, "last": {"type": "string"}},
    "required": ["found", "rows", "last"],
}


def completion_of(text: str, *ended: Ended) -> Completion:
    """Each character is a token, and each surer than the one before."""
    sizes = [len(sign.encode()) for sign in text]
    logprobs = [-1 / (1 + at) for at in range(len(sizes))]
    return Completion([], text.encode(), "stop", logprobs, sizes, RequestStats(), list(ended))


TWICE = [
    ('{"a":1,"b":2,"a":3}', '{"a":1,"b":2}', [("/a", "3")]),
    ('{"a":1,"a":2,"a":3,"é":[{"x":"","y":1,"x":"}"}]}', '{"a":1,"é":[{"x":"","y":1}]}', [
        ("/a", "2"), ("/a", "3"), ("/é/0/x", '"}"'),
    ]),
    ('{"a":{"a":1},"b":{"a":1},"a":{"c":{"d":1,"d":2}}}', '{"a":{"a":1},"b":{"a":1}}', [
        ("/a", '{"c":{"d":1,"d":2}}'),
    ]),
    (r'{"a\"":"\\","a\u0022":",","b":0}', r'{"a\"":"\\","b":0}', [('/a"', '","')]),
    ('[[{"a":1},{"a":2,"a":[1,2]}]]', '[[{"a":1},{"a":2}]]', [("/0/1/a", "[1,2]")]),
    ('{"a":1,"b":[{"c":1,"c":"un', '{"a":1,"b":[{"c":1', []),
    ('{"a":1,"b":2,"a":{"c":1,"d', '{"a":1,"b":2', []),
    ('{"a":1,"a', '{"a":1,"a', []),
    ('{"a":1,"b":{"a":1}}', '{"a":1,"b":{"a":1}}', []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kept", "again"), TWICE)
def test_the_first_of_a_key_stays(text: str, kept: str, again: list[tuple[str, str]]) -> None:
    given = completion_of(text)
    found, others = without_duplicates(given)
    assert found.text.decode() == kept
    assert [(one.pointer, one.value.text.decode()) for one in others] == again
    chances = dict(zip(given.logprobs, text, strict=True))
    assert "".join(chances[one] for one in found.logprobs) == kept
    assert sum(found.sizes) == len(kept.encode())
    for one in others:
        assert "".join(chances[each] for each in one.value.logprobs) == one.value.text.decode()


def test_what_was_ended_is_told_at_its_new_place() -> None:
    text = '{"f":{"é":[1],"é":["x"],"b":["y"]}}'
    starts = [text.encode().index(sign) for sign in (b'{"\xc3', b'["x', b'["y')]
    found, _ = without_duplicates(completion_of(text, *(Ended(start, "repeated") for start in starts)))
    kept = found.text
    assert [one.start for one in found.ended] == [starts[0], kept.index(b'["y')]


LONG = "12345678901234567890123456789012"
DOCUMENT = "Desk: oak\nShelf: pine, 3 m\nDesk: steel\nDesk: oak\n"
FOUND = '{"found":{"Desk":"oak","Shelf":"pine","Desk":"steel","Desk":"oak","Desk":"straw"},"rows":[%s],"last":"x"}'


def extract(tok: Any, text: str, document: str = DOCUMENT, finish: str = "stop", **settings: Any) -> Any:
    engine = ScriptedEngine(tok, text, finish=finish)
    with Extractor(Settings(**settings), engine=engine, tokenizer=tok) as extractor:
        return extractor.extract(document, SCHEMA, Options(printed="none"))


def duplicates(review: list[Any]) -> list[Any]:
    return [mark for mark in review if mark["code"] == "duplicate_key"]


def test_the_others_are_told_with_their_places(tok: Any) -> None:
    result = extract(tok, FOUND % '{"a":"1"},{"a":"1","a":"1"}')
    assert result.data["found"] == {"Desk": "oak", "Shelf": "pine"}
    assert json.loads(result.text, object_pairs_hook=list) == json.loads(result.text, object_pairs_hook=lambda x: x)
    (evidence,) = result.fields["/found/Desk"]["evidence"]
    assert (evidence["text"], evidence["start"]) == ("oak", DOCUMENT.index("oak"))
    (mark,) = duplicates(result.review)
    assert (mark["pointer"], mark["severity"]) == ("/found/Desk", "high")
    assert "2 other values" in mark["detail"]
    steel, straw = mark["others"]
    assert [one["value"] for one in (steel, straw)] == ["steel", "straw"]
    assert [place["text"] for place in steel["evidence"]] == ["steel"]
    assert straw["evidence"] == []


def test_what_cannot_be_kept_is_not_told(tok: Any) -> None:
    """Half of a surrogate pair, which is no text."""
    result = extract(tok, r'{"found":{"Desk":"oak","Desk":"\ud83d"},"rows":[],"last":"x"}')
    assert result.data["found"] == {"Desk": "oak"}
    assert duplicates(result.review) == []


def test_each_has_the_confidence_it_was_written_with(tok: Any) -> None:
    class Unsure(ScriptedEngine):
        def submit(self, request: Any, /) -> Any:
            future = super().submit(request)
            completion, at = future.result(), 0
            for place, size in enumerate(completion.sizes):
                at += size
                completion.logprobs[place] = -0.5 if at <= completion.text.index(b"Shelf") else -2.0
            return future

    engine = Unsure(tok, FOUND % "")
    with Extractor(Settings(calibration="none"), engine=engine, tokenizer=tok) as extractor:
        result = extractor.extract(DOCUMENT, SCHEMA, Options(printed="none"))
    (mark,) = duplicates(result.review)
    first = result.fields["/found/Desk"]["confidence"]
    assert all(one["confidence"] < first for one in mark["others"])
    assert result.fields["/found/Shelf"]["confidence"] < first


def test_an_answer_that_was_cut_off_keeps_the_first_too(tok: Any) -> None:
    with pytest.raises(OutputError) as caught:
        extract(tok, '{"found":{"Desk":"oak","Shelf":"pine","Desk":"steel","Desk":"ir', finish="length")
    assert caught.value.kept["data"] == {"found": {"Desk": "oak", "Shelf": "pine"}}
    (mark,) = duplicates(caught.value.kept["review"])
    assert [one["value"] for one in mark["others"]] == ["steel"]


def test_keys_of_windows_are_told_where_they_stand_in_the_whole(tok: Any) -> None:
    """Every window answers alike; evidence is of the document."""
    document = "".join(f"line {at} of no matter\n" for at in range(300)) + DOCUMENT
    result = extract(tok, FOUND % '{"a":"1","a":"2"}', document, context=700, window=300, calibration="none")
    assert result.windows
    marks = {mark["pointer"]: mark for mark in duplicates(result.review)}
    assert set(marks) == {"/found/Desk", "/rows"}
    places = [place for one in marks["/found/Desk"]["others"] for place in one["evidence"]]
    assert {document[place["start"] : place["stop"]] for place in places} == {"steel"}


@pytest.mark.parametrize(
    ("values", "others"),
    [
        ("18.9 18.90 1.89e1", []),
        ("100 1e2 100.0", []),
        ("1 true 1.0", ["true"]),
        (f"{LONG}.5 {LONG}.25", [f"{LONG}.25"]),
        ("[1,{}] [1.0,{}]", []),
    ],
)
def test_a_number_that_is_written_otherwise_is_no_other_value(tok: Any, values: str, others: list[str]) -> None:
    schema = {"type": "object", "properties": {"d": {"type": "object"}}, "required": ["d"]}
    members = ",".join(f'"a":{one}' for one in values.split())
    engine = ScriptedEngine(tok, f'{{"d":{{{members}}}}}')
    with Extractor(Settings(), engine=engine, tokenizer=tok) as extractor:
        result = extractor.extract("18.90", schema, Options(printed="none"))
    told = [one["value"] for mark in duplicates(result.review) for one in mark["others"]]
    assert list(map(jsontext.dumps, told)) == others
