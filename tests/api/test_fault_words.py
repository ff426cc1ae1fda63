"""What is wrong with a field is said in words of JSON: nothing of Python and nothing of pydantic."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import pytest
from pydantic import BaseModel

from api.models.batches import BatchLine
from api.models.requests import CreateExtraction, WebhookIn
from api.models.reviews import ReviewIn
from api.models.schemas import CheckSchema
from api.problems import Problem
from api.submission.json_body import parse_object
from api.submission.validation import validated

WRONG: list[Any] = ["text", "", "x" * 5000, ["x"], [1], None, 7, -1, 1.5, 1e30, 2**70, True, {"a": 1}, {"": 1}]
WHOLE: dict[str, Any] = {
    "schema": "contact", "json_schema": {"type": "object"}, "document": {"text": "x", "password": "x"},
    "options": {"max_output_tokens": 1, "drafters": ["mtp"], "temperature": 1.0, "seed": 1, "timeout_s": 1.0,
                "printed": "all", "fields": True, "text": True},
    "metadata": {"a": "x", "": "x", "k" * 65: "x", **{f"n{n}": "x" for n in range(20)}}, "priority": "bulk",
    "webhook": {"url": "https://receiver.example/hooks", "result": True}, "custom_id": "a", "other": 1,
}  # fmt: skip
REQUESTS: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (CreateExtraction, WHOLE),
    (BatchLine, WHOLE),
    (WebhookIn, WHOLE["webhook"]),
    (ReviewIn, {"corrections": {"/a": 1, "/" * 2000: 1}, "confirmed": ["/a", "/b"]}),
    (CheckSchema, {"json_schema": {}}),
]
WORDS = re.compile(
    r"(its name )?has to be (an object|a list|text|true or false|a (whole )?number|at (least|most) \d|more than \d|less"
    r' than \d|"\w)|(its name )?has to have at (least|most) [\d,]+ (characters?|members?)$|is missing$'
    r"|no field of this name is known here$|give either \w+ or \w+|is a URL such as https://"
)


def changed(value: dict[str, Any]) -> list[dict[str, Any]]:
    """`value` with each of its fields, at any depth, left out, or given each of what is wrong."""
    found = []
    for name, inner in value.items():
        rest = {other: one for other, one in value.items() if other != name}
        found += [rest, *({**value, name: wrong} for wrong in WRONG)]
        if isinstance(inner, dict):
            found += [{**value, name: {**inner, "other": 1}}, *({**value, name: one} for one in changed(inner))]
    return found


def faults_of(model: type[BaseModel], value: Any) -> list[tuple[str, str]]:
    try:
        validated(model, deepcopy(value))
    except Problem as problem:
        return list(problem.errors)
    return []


@pytest.mark.parametrize(("model", "value"), REQUESTS, ids=[model.__name__ for model, _ in REQUESTS])
def test_every_fault_of_every_field_is_told_in_plain_words(model: type[BaseModel], value: dict[str, Any]) -> None:
    told = {detail for one in [*changed(value), *WRONG] for _, detail in faults_of(model, one)}
    assert told
    assert [detail for detail in told if not WORDS.match(detail)] == []


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"document": "text"}, 'has to be an object with "text" or "content", not text'),
        ({"document": None}, 'has to be an object with "text" or "content", not null'),
        ({"document": ["a"]}, 'has to be an object with "text" or "content", not a list'),
        ({"document": {"text": 7}}, "has to be text, not a number"),
        ({"document": {"text": "x", "password": ""}}, "has to have at least 1 character"),
        ({"options": "fast"}, "has to be an object, not text"),
        ({"options": {"seed": 1.5}}, "has to be a whole number"),
        ({"options": {"seed": True}}, "has to be a whole number, not true or false"),
        ({"options": {"seed": -1}}, "has to be at least 0"),
        ({"options": {"drafters": {}}}, "has to be a list, not an object"),
        ({"options": {"printed": "some"}}, 'has to be "declared", "all" or "none"'),
        ({"metadata": {"k" * 65: "x"}}, "its name has to have at most 64 characters"),
        ({"webhook": "https://receiver.example"}, 'has to be an object with "url", not text'),
        ({"options": {"speed": 1}}, "no field of this name is known here"),
    ],
)
def test_a_fault_says_what_is_wanted(body: dict[str, Any], detail: str) -> None:
    whole = {"schema": "contact", "document": {"text": "x"}, **body}
    assert [said for _, said in faults_of(CreateExtraction, whole)] == [detail]


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "null", "true"])
def test_a_body_that_is_no_object(body: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_object(body.encode())
    assert caught.value.detail.startswith("The body has to be an object, not ")
    assert caught.value.errors[0][0] == ""
