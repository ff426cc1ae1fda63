"""Small schemas that cost much: each is refused by counting, before anything is built or compiled of it. Memory and
time are those of a process of its own under a hard limit, so that a test that fails takes nobody along."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc

import pytest

from extractor.grammar.narrow import Bounds, NarrowedSchema
from schemas import LIMITS, check, keywords
from schemas.checks.report import MAX_BYTES, MAX_FINDINGS, MAX_POINTER, MAX_REFUSALS, written
from schemas.patterns import measure
from tests.support.small_schemas import fields

LONG_KEYS = {
    "over a list": {"type": "object", "k" * 1_000_000: [0] * 3_000},
    "over properties": {"type": "object", "properties": {"k" * 100_000: fields(**{f"p{at}": {} for at in range(900)})}},
    "over an enum": {"type": "object", "properties": {"a": {"k" * 200_000: [[0]] * 9_000}}},
    "over keywords nobody knows": {"type": "object", "k" * 150_000: {f"x{at}": at for at in range(5_000)}},
    "in a default": {"type": "object", "default": {"k" * 2_000: 1}},
    "in an example": {"type": "object", "examples": [[{"k" * 1_001: [[]]}]]},
    "of slashes and tildes": {"type": "object", "properties": {"~/" * 40_000: {}}},
    "beyond the plane": {"type": "object", "properties": {"\U0001f600" * 50_000: {}}},
    "of definitions": {"type": "object", "$defs": {"d" * 60_000: {f"k{at}": 1 for at in range(500)}}},
    "of patterns": {"type": "object", "patternProperties": {"^" + "a" * 50_000: {}}},
}
WIDE = {
    "a list of lists": {"type": "object", "default": [[]] * 5_000_000},
    "a list of nothing": {"type": "object", "default": [None] * 5_000_000},
    "an object": {"type": "object", "default": {f"{at}": 0 for at in range(100_000)}},
    "texts": {"type": "object", "default": ["x" * 1_000] * 19_000},
    "the same text": {"type": "object", "examples": ["x" * 100_000] * 1_000},
    "numbers": {"type": "object", "default": [10**4_000] * 10_000},
}


@pytest.mark.parametrize("name", [*LONG_KEYS, *WIDE])
def test_limits_are_tested_while_reading(name):
    schema = {**LONG_KEYS, **WIDE}[name]
    tracemalloc.start()
    try:
        report = check(schema)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    (refusal,) = report.refused
    assert refusal.code == "schema_too_large"
    assert len(refusal.pointer) <= MAX_POINTER + 1
    assert peak < 8 * 1024**2


def test_a_key_may_be_as_long_as_the_limit():
    assert check(fields(**{"k" * LIMITS.max_key_chars: {"type": "string"}})).ok
    assert not check(fields(**{"k" * (LIMITS.max_key_chars + 1): {"type": "string"}})).ok


def nested(key, depth, inner):
    for _ in range(depth):
        inner = fields(**{key: inner})
    return inner


def many(*kinds):
    return fields(**{f"{'k' * 100}{at}": dict.fromkeys(kinds, 1) for at in range(1_000)})


REPORTS = {
    "long paths": nested("k" * 900, 28, fields(**{f"p{at}": {"type": "string", "x": 1, "y": 2} for at in range(900)})),
    "ignored": {**many(*(f"x{at}" for at in range(15))), **{f"y{at}": 1 for at in range(3_000)}},
    "enforced": fields(**{f"{'e' * 90}{at}": {"type": "integer", "minimum": 1, "maximum": 2} for at in range(1_000)}),
    "validated": fields(
        **{f"p{at}": {"type": "array", "uniqueItems": True, "contains": {}, "minContains": 1} for at in range(900)}
    ),
    "refused": {**fields(), **{"$anchor": "a"}, "allOf": [{"$anchor": "a" * 20}] * 4_000},
    "refused far down": nested("k" * 900, 28, {**fields(), "allOf": [{"$id": "b"}] * 4_000}),
}


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_is_bounded(name):
    said = check(REPORTS[name]).as_json()
    assert len(json.dumps(said)) < 1.5 * MAX_BYTES
    rows = [note for kind in ("enforced", "validated", "refused", "ignored") for note in said[kind]]
    assert rows
    assert said["omitted"] > 0
    assert all(len(note["pointer"]) <= MAX_POINTER + 1 and len(note["detail"]) <= 300 for note in rows)
    assert len(said["refused"]) <= MAX_REFUSALS
    assert len(said["enforced"]) <= MAX_FINDINGS


def test_a_pointer_is_written_as_long_as_anybody_reads():
    assert written(("a/b", 0, "c~")) == "/a~1b/0/c~0"
    assert written(["x" * 10**6] * 100) == "/" + "x" * (MAX_POINTER - 1) + "…"


# ---- expansion ----


def doubling(keyword, value_of, levels=60):
    """`keyword` above a definition whose every level uses the next twice."""
    defs = {f"D{at}": {"allOf": [{"$ref": f"#/$defs/D{at + 1}"}] * 2} for at in range(levels)}
    return {**fields(a={keyword: value_of({"$ref": "#/$defs/D0"})}), "$defs": {**defs, f"D{levels}": {"type": "null"}}}


def itself(ref):
    return ref


def listed(ref):
    return [ref]


def named(ref):
    return {"b": ref}


APPLICATORS = {
    **dict.fromkeys(keywords.ONE, itself),
    **dict.fromkeys(keywords.MANY, listed),
    **dict.fromkeys(keywords.NAMED - keywords.DEFINITIONS, named),
}


@pytest.mark.parametrize("keyword", sorted(APPLICATORS))
@pytest.mark.parametrize("levels", [12, 60])
def test_every_keyword_counts_in_the_expansion(keyword, levels):
    (refusal,) = check(doubling(keyword, APPLICATORS[keyword], levels)).refused
    deep, wide = ("max_depth", LIMITS.max_depth), ("max_expanded", LIMITS.max_expanded)
    assert refusal.limit == (deep if levels == 60 else wide)


@pytest.mark.parametrize("keyword", sorted(APPLICATORS))
def test_every_keyword_counts_where_it_doubles(keyword):
    """As above, the doubling in that keyword itself, beside another."""
    twice = APPLICATORS[keyword]
    defs = {
        f"D{at}": {keyword: twice({"$ref": f"#/$defs/D{at + 1}"}), "allOf": [{"$ref": f"#/$defs/D{at + 1}"}]}
        if keyword != "allOf"
        else {keyword: [{"$ref": f"#/$defs/D{at + 1}"}] * 2}
        for at in range(30)
    }
    schema = {**fields(a={"$ref": "#/$defs/D0"}), "$defs": {**defs, "D30": {}}}
    assert "max_expanded" in str(check(schema).refused)


def test_what_nothing_uses_costs_nothing():
    unused = doubling("not", itself)
    del unused["properties"]["a"]
    assert check(unused).ok


def test_a_chain_of_references_is_followed_once():
    """Each of a thousand would be followed to its end, a thousand steps away."""
    names = {f"p{at}": {"$ref": f"#/properties/p{at + 1}"} for at in range(999)}
    report = check({**fields(**names, p999={"type": "string"})})
    assert report.ok or "max_" in str(report.refused)
    circle = check(fields(**names, p999={"$ref": "#/properties/p0"}))
    assert {note.detail for note in circle.refused} == {"leads in a circle"}


# ---- patterns ----

PATTERNS = {
    "a hundred classes": [rf"\pL{{100}}<{at}>" for at in range(100)],
    "braces": [rf"\p{{L}}{{100}}<{at}>" for at in range(100)],
    "of none": [rf"\PL{{100}}{at}" for at in range(100)],
    "in a class": [rf"[\p{{L}}\p{{N}}_]{{60}}{at}" for at in range(40)],
    "in a class of none": [rf"[^\p{{Lu}}]{{90}}{at}" for at in range(40)],
    "without case": [rf"(?i)\p{{Greek}}{{200}}{at}" for at in range(20)],
    "dots": [rf"^.{{9000}}{at}$" for at in range(8)],
    "dots without case": [rf"(?i:.{{8000}}){at}" for at in range(8)],
    "no letters": [rf"[^a]{{9000}}{at}" for at in range(8)],
    "no words": [rf"\W{{9000}}{at}" for at in range(8)],
    "groups": [rf"((\pL{{5}}-){{5}}){{5}}{at}" for at in range(40)],
    "letters without case": [rf"(?i)[é-ÿ]{{8000}}{at}" for at in range(10)],
}


@pytest.mark.parametrize("name", PATTERNS)
def test_a_schema_has_one_budget_for_all_of_its_patterns(name):
    schema = fields(a={"anyOf": [{"type": "string", "pattern": pattern} for pattern in PATTERNS[name]]})
    assert check(schema).refused[0].limit == ("max_patterns_cost", LIMITS.max_patterns_cost)
    named = {**fields(), "patternProperties": {f"^({pattern})$": {} for pattern in PATTERNS[name]}}
    assert check(named).refused[0].limit == ("max_patterns_cost", LIMITS.max_patterns_cost)


def test_the_same_pattern_counts_once():
    assert check(fields(**{f"a{at}": {"pattern": r"^\p{L}{100}$"} for at in range(500)})).ok


def test_what_people_write_is_within_the_budget():
    ordinary = [
        r"^[\p{L} .'-]{1,100}$", r"^[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?$",
        r"^\d{4}-\d{2}-\d{2}$", r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$", r"(?i)^(?:mr|mrs|dr)\.? .{1,200}$",
        r"^[^\s]{1,2000}$", r"^\p{Lu}\p{L}+$",
    ]  # fmt: skip
    assert check(fields(**{f"a{at}": {"pattern": one} for at, one in enumerate(ordinary)})).ok


@pytest.mark.parametrize(
    ("pattern", "size", "cost"),
    [
        ("abc", 3, 3), (r"\pL{100}", 100, 70_000), (r"\p{Greek}", 1, 700), (r"(?i)abc", 3, 12), (".{5}", 5, 100),
        (r"[^a]", 1, 20), ("é", 1, 4), (r"(?i)\pL", 1, 700), (r"(\pL{10}){10}", 100, 70_000),
        (r"[\p{L}\p{N}]", 1, 800), ("", 0, 0), (r"(?-i)a", 1, 1),
    ],
)  # fmt: skip
def test_what_a_pattern_costs(pattern, size, cost):
    measured = measure(pattern)
    assert (measured.size, measured.cost) == (size, cost)


# ---- multipleOf ----

KEPT = [[0.01], [0.05, 0.25, 1, 5, 100], [60], [1_000_000], [7, 1e-9], [997], [1.25], [2.5, 0.1]]
LEFT = [
    [999_983],
    [3_600],
    [9_973],
    [12.34],
    [86_400],
    [3_001, 2_999],
    [997, 991, 983],
    [0.007],
    [1e15],
    [0.0999983],
    [1e-300],
]


@pytest.mark.parametrize("values", KEPT + LEFT, ids=str)
def test_the_grammar_counts_to_what_it_can(values):
    schema = fields(a={"allOf": [{"type": "number", "multipleOf": value} for value in values]})
    report = check(schema)
    assert report.ok
    left = [note.pointer for note in report.validated]
    assert bool(left) is (values in LEFT)
    text = json.dumps(NarrowedSchema(schema, Bounds()).whole())
    for at, value in enumerate(values):
        assert (f"/properties/a/allOf/{at}/multipleOf" in left) is (f'"multipleOf": {json.dumps(value)}' not in text)


@pytest.mark.process
def test_twenty_thousand_multiples_are_looked_at_in_no_time():
    many = {**fields(a={"type": "number"}), "default": [{"multipleOf": 1.0001 + at / 7} for at in range(6_000)]}
    code = "import json, sys; from schemas import check; print(check(json.load(sys.stdin)).ok)"
    done = subprocess.run(
        [sys.executable, "-c", f"import resource; resource.setrlimit(resource.RLIMIT_CPU, (10, 10)); {code}"],
        input=json.dumps(many), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout.strip() == "True", done.stderr
