"""Objects whose keys no schema names: when one ends that a model would go on with for ever, and when none does."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from extractor.engine.limits.limits import Limits, SchemaKeys
from extractor.engine.limits.repeats import Repeats
from extractor.engine.limits.text import JsonText
from extractor.grammar.compile import compile_grammar
from extractor.grammar.limits import limits_of
from extractor.grammar.narrow import Bounds
from schemas import inline
from tests.engine.stubborn import TEXT, of, restless, stubborn, watched

BILL = "Hotel Post\nRoom 3 nights 270.00\nTax 18.90\nParking 24.00\nTotal 312.90\nTip 5.00\nTip 2.00\n"
ANY: dict[str, Any] = {}


def dict_of(values: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values, **more}


def pieces(piece: str, count: int = 400) -> str:
    return "".join(piece.format(at=at, odd=at * 7919) for at in range(1_000, 1_000 + count))


ENDLESS = [  # values, first member, what goes on, why it ends, in how many members at most
    (TEXT, '"Tax":"18.90"', ',"Tax":"18.90"', "repeated", 5),
    (TEXT, '"Tax":"18.90"', pieces(',"Tax":"{odd}"'), "repeated", 5),
    (TEXT, '"Tax":"18.90"', ',"Total":"312.90","Tax":"18.90","Room":"270.00"', "repeated", 8),
    (TEXT, '"Tip":"5.00"', ',"Tip":"2.00"', "repeated", 6),
    (TEXT, '"":""', ',"":""', "repeated", 5),
    (TEXT, '"Tax":"18.90"', pieces(',"zq{at}":"wx{odd}"'), "ran_on", 15),
    (TEXT, '"Tax":"18.90"', pieces(',"zq{at}":"Hotel Post"'), "ran_on", 15),
    (TEXT, '"Tax":"18.90"', pieces(',"zq{at}":"Parking {odd}"'), "ran_on", 25),
    (TEXT, '"Tax":"18.90"', pieces(',"zq{at}":"wx","Tax":"18.90"'), "ran_on", 26),
    ({"type": "boolean"}, '"zq":true', pieces(',"zq{at}":true'), "ran_on", 15),
    ({"type": ["null", "number"]}, '"zq":null', pieces(',"zq{at}":null'), "ran_on", 15),
    (dict_of(TEXT), '"Tax":{"sum":"18.90"}', pieces(',"zq{at}":{{"sum":"{odd}"}}'), "ran_on", 15),
    (dict_of(TEXT), '"Tax":{"sum":"18.90"}', ',"Tax":{"sum":"312.90"}', "repeated", 5),
    ({"type": "array", "items": TEXT}, '"Tax":["18.90"]', pieces(',"zq{at}":["{odd}"]'), "ran_on", 15),
    (of({"n": TEXT}), '"Tax":{"n":"18.90"}', pieces(',"zq{at}":{{"n":"{odd}"}}'), "ran_on", 15),
]


@pytest.mark.parametrize("kind", ["dict", "anything"])
@pytest.mark.parametrize(("values", "first", "piece", "why", "most"), ENDLESS)
def test_an_object_ends_where_the_document_has_no_more_to_say(
    values: dict[str, Any], first: str, piece: str, why: str, most: int, kind: str
) -> None:
    schema = inline(of({"f": dict_of(values) if kind == "dict" else ANY, "rest": TEXT}))
    grammar, limits = compile_grammar(schema), limits_of(schema.json_schema, Bounds())
    text, ended = stubborn(grammar, f'{{"f":{{{first}', piece, limits, BILL)
    schema.validate(json.loads(text))
    assert [(one.start, one.why) for one in ended] == [(5, why)]
    assert len(_members(text)) <= most


def _members(text: str) -> list[Any]:
    """Of the object `f`, also those whose key is there twice."""
    found: list[list[Any]] = []
    json.loads(text, object_pairs_hook=lambda pairs: found.append(pairs) or dict(pairs))
    return max(found, key=len)


def test_stretches_of_the_document_are_not_keys_for_ever() -> None:
    """Each new, and each printed: there are more of them than words."""
    words = [f"word{at}" for at in range(60)]
    stretches = [" ".join(words[at : at + size]) for size in range(1, 9) for at in range(50)]
    schema = inline(of({"f": dict_of({"type": "boolean"}), "rest": TEXT}))
    grammar, limits = compile_grammar(schema), limits_of(schema.json_schema, Bounds())
    piece = "".join(f',"{one}":true' for one in stretches)
    text, ended = stubborn(grammar, '{"f":{"word59":true', piece, limits, " ".join(words))
    assert [one.why for one in ended] == ["ran_on"]
    assert len(json.loads(text)["f"]) < 100


LISTS = {"type": "array", "items": TEXT}
NESTED = [
    dict_of(dict_of(LISTS)),
    dict_of(of({"a": TEXT, "b": LISTS})),
    {"type": "array", "items": LISTS},
    dict_of(LISTS),
    dict_of(dict_of(dict_of(TEXT))),
    {"type": "array", "items": dict_of(LISTS)},
    dict_of({"type": "array", "items": dict_of(TEXT)}),
    {"type": "array", "items": {"type": "array", "items": LISTS}},
]


@pytest.mark.parametrize("signs", ["n", "n,", "ab,", ","])
@pytest.mark.parametrize("field", NESTED)
def test_loops_within_each_other_end_together(field: dict[str, Any], signs: str) -> None:
    """A model that begins anew wherever it may, in texts, lists and dicts."""
    schema = inline(of({"f": field, "rest": TEXT}))
    grammar, limits = compile_grammar(schema), limits_of(schema.json_schema, Bounds())
    text, ended = restless(grammar, signs, limits, BILL)
    schema.validate(json.loads(text))
    assert len(text) < 3_000
    assert (5, "repeated") in [(one.start, one.why) for one in ended] or signs == "n"


NODE = of(
    {
        "name": {"type": ["string", "null"]},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/node"}},
        "by_name": dict_of({"$ref": "#/$defs/node"}),
    },
    additionalProperties=False,
)
FIELDS = [*NESTED, {"$ref": "#/$defs/node"}, {"type": "array", "items": ANY}, dict_of(ANY)]
LOOPS = ["total " * 200, "to be or not to be " * 40, "Note: Note: Note: Note:\n" * 10, "請求書の合計金額は" * 20]


@pytest.mark.parametrize("document", LOOPS)
@pytest.mark.parametrize("field", FIELDS)
def test_what_a_document_repeats_is_not_written_for_ever(field: dict[str, Any], document: str) -> None:
    """A model that copies from it wherever it may, or begins anew."""
    schema = inline(of({"f": field, "rest": TEXT}, **{"$defs": {"node": NODE}}))
    grammar, limits = compile_grammar(schema), limits_of(schema.json_schema, Bounds())
    for signs in ("n", "no,", document[:6] + ",", '":{[,n'):
        text, ended = restless(grammar, signs, limits, document)
        schema.validate(json.loads(text))  # and not cut off
        assert any(one.why == "repeated" for one in ended)


def test_copies_of_what_is_printed_end_as_a_list_of_lists() -> None:
    """Each item is printed, and none is there twice."""
    document = "Note: Note: Note: Note:\n" * 10
    schema = inline(of({"f": {"type": "array", "items": LISTS}, "rest": TEXT}))
    grammar, limits = compile_grammar(schema), limits_of(schema.json_schema, Bounds())
    items = [f'"{"Note " * (1 + at * 7 % 11)}{"Note: " * (at % 5)}"' for at in range(400)]
    wish = '{"f":[[' + ",".join(one + ("],[" + one if not at % 9 else "") for at, one in enumerate(items))
    text, ended = stubborn(grammar, wish, " ", limits, document)
    schema.validate(json.loads(text))
    assert (5, "repeated") in [(one.start, one.why) for one in ended]
    assert sum(map(len, json.loads(text)["f"])) < 100


def test_a_key_that_is_a_loop_ends_soon_whatever_is_printed() -> None:
    document = "pen 2.50 2.50\n" * 40
    schema = inline(of({"f": dict_of(LISTS), "rest": TEXT}))
    grammar, limits = compile_grammar(schema), limits_of(schema.json_schema, Bounds())
    text, ended = stubborn(grammar, '{"f":{"pen ', "2.50 ", limits, document)
    ((key, _),) = json.loads(text)["f"].items()
    assert len(key) < 80
    assert [(one.start, one.why) for one in ended] == [(6, "repeated")]


def test_a_list_of_what_is_said_often_goes_on_as_long_as_there_are_lines() -> None:
    """Kinds of lines, and numbers of a matrix; then another list, which says the same once more."""
    kinds = ["paid", "open", "late"]
    document = "".join(f"{at}. {kinds[at % 3]} {at % 4}.50 {at % 7}.25\n" for at in range(60))
    rows = [{"kind": kinds[at % 3], "sums": [float(f"{at % 4}.50"), float(f"{at % 7}.25")]} for at in range(60)]
    value = {"rows": rows, "kinds": [kinds[at % 3] for at in range(60)], "rest": "x"}
    row = of({"kind": TEXT, "sums": {"type": "array", "items": {"type": "number"}}})
    schema = inline(of({"rows": {"type": "array", "items": row}, "kinds": LISTS, "rest": TEXT}))
    grammar, limits = compile_grammar(schema), limits_of(schema.json_schema, Bounds())
    assert stubborn(grammar, compact(value), " ", limits, document) == (compact(value), [])


def test_rows_that_say_something_go_on_although_a_text_of_each_is_a_loop() -> None:
    """A table of forty rows is not given up for the notes that a model loops in."""
    schema = inline(of({"f": {"type": "array", "items": of({"name": TEXT, "note": TEXT})}}))
    grammar, limits = compile_grammar(schema), limits_of(schema.json_schema, Bounds())
    document = "\n".join(f"Part {at * 7919}" for at in range(40))
    rows = [{"name": f"Part {at * 7919}", "note": "n" * (64 if at else 256)} for at in range(40)]
    text, ended = stubborn(grammar, compact({"f": rows}), " ", limits, document)
    assert text == compact({"f": rows})
    assert [one.why for one in ended] == ["repeated"] * 40


def members(*pairs: tuple[str, Any]) -> str:
    return ",".join(f"{compact(key)}:{compact(value)}" for key, value in pairs)


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


LINES = "".join(f"Item {at * 7919}: {at / 4:.2f}\n" for at in range(60))
TRUE_DICTS = [  # members, and a document that says them
    (members(*((f"Item {at * 7919}", at / 4) for at in range(60))), LINES),
    (members(*((f"item_{at * 7919}", at / 4) for at in range(60))), LINES),
    (members(*((f"Artikel {at}", at * 7919) for at in range(1, 60))), LINES),  # only its values are printed
    (members(*((f"Item {at * 7919}", None) for at in range(60))), LINES),
    (members(*((f"Item {at * 7919}", True) for at in range(60))), LINES),
    (members(*((f"Item {at * 7919}", {"n": at, "kind": "thing"}) for at in range(60))), LINES),
    (members(*((f"made up {at}", "of nothing") for at in range(12))), BILL),  # no word of it, but few
    (members(*((f"made up {'x' * at}", "of nothing") for at in range(1, 30))), "abc def\n" * 30),
    (members(("Tip", "5.00"), ("Tip", "2.00"), ("Tip", "2.00"), ("Tax", 18.9), ("Tip", "7"), ("Room", 1)), BILL),
    (members(*((f"項目{at}", f"{at * 77}円") for at in range(20, 60))), "\n".join(
        f"項目{at} {at * 77}円" for at in range(20, 60)
    )),
]  # fmt: skip


@pytest.mark.parametrize(("written", "document"), TRUE_DICTS)
def test_an_object_of_what_the_document_says_goes_on(written: str, document: str) -> None:
    schema = inline(of({"f": dict_of(ANY)}))
    grammar, limits = compile_grammar(schema), limits_of(schema.json_schema, Bounds())
    text, ended = stubborn(grammar, f'{{"f":{{{written}}}', "}", limits, document)
    assert (text, ended) == (f'{{"f":{{{written}}}}}', [])


def test_keys_that_a_schema_speaks_of_are_never_too_many() -> None:
    """Declared ones that a document in another language does not print, and those that a description lists."""
    named = {f"field{at}": {"type": ["boolean", "null"]} for at in range(30)}
    told = [f"allergen{at}" for at in range(30)]
    free = dict_of({"type": "boolean"}, description=f"whether there is any of {', '.join(told)}")
    schema = inline(of({"f": of(named), "g": free}))
    grammar, limits = compile_grammar(schema), limits_of(schema.json_schema, Bounds())
    wish = compact({"f": dict.fromkeys(named), "g": dict.fromkeys(told, False)})
    assert stubborn(grammar, wish, " ", limits, "Kuchen\n") == (wish, [])


CLOSED = of({"a": {"type": "array", "items": of({"b": TEXT}, additionalProperties=False)}, "c": {"enum": [1]}})
OPEN = [
    dict_of(TEXT),
    {"type": "array", "items": {"description": "anything"}},
    {"type": "array"},
    {"type": "object"},
    {"patternProperties": {"^x": TEXT}, "type": "object"},
    of({"b": {"anyOf": [TEXT, {"$ref": "#/$defs/more"}]}}) | {"$defs": {"more": dict_of(TEXT)}},
    of({"b": TEXT}) | {"required": ["b", "c"]},
]


def test_where_no_object_has_other_keys_nothing_is_counted() -> None:
    assert limits_of(CLOSED, Bounds()).names is None
    for schema in OPEN:
        assert limits_of(of({"f": schema}), Bounds()).names is not None, schema
    assert limits_of(of({"f": dict_of({"enum": ["x", 1]})}), Bounds()).names == SchemaKeys(frozenset({"f", "x"}))


@pytest.mark.parametrize("seed", range(8))
def test_of_nested_lists_calm_is_never_said_where_they_may_have_to_end(seed: int) -> None:
    dice = random.Random(seed)
    words = ["Tax", "Room", "Tip", "Parking", "no such", "é", "3 nights"]

    def some(depth: int) -> Any:
        if not depth or dice.random() < 0.2:
            return " ".join(dice.choices(words, k=dice.randint(1, 4)))
        if dice.random() < 0.3:
            return {dice.choice(words) * dice.randint(1, 3): some(depth - 1) for _ in range(dice.randint(0, 3))}
        return [some(depth - 1) for _ in range(dice.randint(0, 6))]

    raw, calm_to, starved = compact({"f": [some(5) for _ in range(30)]}).encode(), 0, 0
    written = bytearray()
    watched = JsonText(written, Limits(), Repeats(BILL.encode()))
    for byte in raw:
        written.append(byte)
        watched.read()
        due = watched.copy().due()
        if due is not None:
            starved += due.empty
            assert len(written) > calm_to
        calm_to = max(calm_to, watched.calm_to())
    assert starved


@pytest.mark.parametrize("seed", range(8))
def test_of_any_object_calm_is_never_said_where_it_may_have_to_end(seed: int) -> None:
    """Keys that are printed or not, again and again; values of every kind, and objects of them."""
    dice = random.Random(seed)
    keys = ["Tax", "Room", "Tip", "Total", "Parking", "3 nights", *(f"made up {at}" for at in range(9)), "", "é"]
    kinds = dice.sample(keys, dice.randint(2, 9))
    values: list[Any] = ["18.90", 24, None, True, "no such", ["Tip"], {"Tax": 1, "zq": "x"}, "Hotel Post", -1.5]

    def some(count: int) -> str:
        new = ["", "", str(dice.random())]
        return members(*((dice.choice(kinds) + dice.choice(new), dice.choice(values)) for _ in range(count)))

    raw = f'{{"f":{{{some(dice.choice([3, 20]))}}},"g":[{{{some(30)}}}]}}'.encode()
    ended = watched(raw, Limits(), BILL).ended
    for size in (3, 11):
        other = JsonText(bytearray(), Limits(), Repeats(BILL.encode()))
        for start in range(0, len(raw), size):
            other.written += raw[start : start + size]
            other.read()
        assert other.ended == ended
