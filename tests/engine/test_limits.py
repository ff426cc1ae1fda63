"""What a text that is JSON is watched for, the length of each value and loops, and what is let through to a model that
would go on for ever."""

from __future__ import annotations

import json
import random
from itertools import islice
from typing import Any

import pytest
import torch
from llguidance import LLMatcher

from extractor.engine.limits.limits import Ended, Limits
from extractor.engine.limits.narrowing import Narrowing
from extractor.engine.limits.repeats import Repeats
from extractor.engine.limits.text import JsonText
from extractor.engine.sequence import Draft, Request, Sequence
from extractor.grammar.compile import compile_grammar
from extractor.grammar.guided import guided
from extractor.grammar.limits import limits_of
from extractor.grammar.narrow import Bounds
from schemas import inline
from tests.engine.stubborn import BYTES, NUMBER, TEXT, WORDS, of, stubborn, watched
from tests.support.matching import TOKENIZER

SMALL = Bounds(max_chars=300, max_items=12, max_key_chars=20)

NEVER_THE_SAME = "".join(f"{number:x}." for number in range(8_000))
MEMBERS = "".join(f',"k{number}":1' for number in range(3_000))
UNCLOSED = {**of({"k": TEXT}), "additionalProperties": True, "anyOf": [{"required": ["k"]}, {"required": ["l"]}]}
WITH_PATTERNS = {"type": "object", "allOf": [{"patternProperties": {"^x": TEXT}}, {"additionalProperties": True}]}
OVERLAPPING = {"type": "object", "patternProperties": {r"^\d{2}": TEXT, r"^\d[a-z]": NUMBER}}
SEVERAL_SIGNS = {"type": "object", "patternProperties": {"^x.*END$": TEXT, "^x.*[A-Z]{3}[0-9]{2}$": NUMBER}}
WITHIN_A_REPEAT = {"type": "object", "patternProperties": {"^x(abc)*(FIN|END)$": TEXT, "^x(abc)*[0-9]{4}$": NUMBER}}
MORE_THAN_THE_END = {"type": "object", "patternProperties": {"^x.*MID.*END$": TEXT, "^x.*FIN$": NUMBER}}
ESCAPED = {"type": "object", "patternProperties": {r'^x.*"\\é\n$': TEXT, "^x.*FIN$": NUMBER}}
ALL_MEET = {
    "type": "object",
    "allOf": [{"patternProperties": {"^x.*END$": TEXT}}, {"patternProperties": {"^x.*FIN$": NUMBER}}],
}
WITH_ENDS = {"type": "object", "patternProperties": {"^x.*1$": TEXT, "^x.*2$": NUMBER}}
MANY = [{"multipleOf": 1, "title": str(number)} for number in range(70)]  # ways to read a number in
FAR = {"type": "integer", "minimum": 10**20, "anyOf": MANY}
FAR_EITHER = {"type": "number", "minimum": 1e30, "anyOf": [*MANY, {"multipleOf": 0.5}]}
KINDS = [  # schema of a value, what the model begins with, what it goes on with, how long the answer may be at most
    (UNCLOSED, '{"f":{"k":"","', NEVER_THE_SAME, 260),
    (UNCLOSED, '{"f":{"k":""', MEMBERS, 150),
    (WITH_PATTERNS, '{"f":{"', NEVER_THE_SAME, 1_050),
    (WITH_PATTERNS, '{"f":{"k":1', MEMBERS, 150),
    (OVERLAPPING, '{"f":{"12', NEVER_THE_SAME, 1_050),
    (WITH_ENDS, '{"f":{"x', NEVER_THE_SAME.replace("1", "one"), 1_050),
    (SEVERAL_SIGNS, '{"f":{"x', NEVER_THE_SAME, 1_050),
    (WITHIN_A_REPEAT, '{"f":{"x', "abc", 1_050),
    (MORE_THAN_THE_END, '{"f":{"x', NEVER_THE_SAME, 1_050),
    (ESCAPED, '{"f":{"x', NEVER_THE_SAME, 1_050),
    (ALL_MEET, '{"f":{"x', NEVER_THE_SAME, 1_050),
    (FAR, '{"f":9', "9", 110),
    (FAR_EITHER, '{"f":9', "09", 110),
]


@pytest.mark.parametrize(("field", "wish", "piece", "most"), KINDS)
def test_where_schemas_meet_everything_ends(field: dict[str, Any], wish: str, piece: str, most: int) -> None:
    schema = inline(of({"f": field}))
    grammar, limits = compile_grammar(schema, SMALL), limits_of(schema.json_schema, SMALL)
    endless, _ = stubborn(grammar, wish, piece, None)
    assert len(endless) == BYTES, "the grammar ends it already: the limit is not needed"
    text, ended = stubborn(grammar, wish, piece, limits, source=MEMBERS if piece is MEMBERS else "")
    schema.validate(json.loads(text))
    assert len(text) < most
    assert [one.why for one in ended] == ["repeated" if field is WITHIN_A_REPEAT else "cut_off"]


LOOPS = [
    (TEXT, '{"f":"', "ha "),
    (TEXT, '{"f":"', "😀"),
    (TEXT, '{"f":"', "請求書"),
    (TEXT, '{"f":"', "n"),
    (TEXT, '{"f":"', "\\n"),
    (TEXT, '{"f":"', "\\u001f\\\\"),
    (TEXT, '{"f":"It says: ', "the quick brown fox jumps over the lazy dog, and then "),
    ({"type": "array", "items": TEXT}, '{"f":["a', '","a'),
    ({"type": "array", "items": {"type": "integer"}}, '{"f":[7', ",7"),
    ({"type": "array", "items": {"type": "array", "items": {"type": "null"}}}, '{"f":[[]', ",[null]"),
    ({"type": "array", "items": of({"a": TEXT, "n": NUMBER})}, '{"f":[{"a":"x","n":1.5}', ',{"a":"x","n":1.5}'),
    ({"type": "array", "items": of({"a": TEXT})}, '{"f":[{"a":"Ann Lee"}', ',{"a":"Bob Ray"},{"a":"Ann Lee"}'),
    ({"type": "object", "additionalProperties": {"type": "null"}}, '{"f":{"a":null', ',"a":null'),
]  # fmt: skip


@pytest.mark.parametrize(("field", "wish", "piece"), LOOPS)
def test_a_loop_ends_and_the_rest_of_the_answer_comes(field: dict[str, Any], wish: str, piece: str) -> None:
    schema = inline(of({"f": field, "rest": TEXT}))
    grammar, limits = compile_grammar(schema), limits_of(schema.json_schema, Bounds())
    text, ended = stubborn(grammar, wish, piece, limits, source="Of Ann Lee and Bob Ray.\n")
    schema.validate(json.loads(text))
    assert len(text) < 700
    assert ended == [Ended(5, "repeated")]


def test_what_has_begun_in_the_prompt_counts() -> None:
    """A loop goes on in the answer, and a list is the one that began there."""
    limits, loop, row = limits_of(of({"f": TEXT}), Bounds()), "ha " * 80, '{"a":"x","n":1.5}'
    text, ended = stubborn('start: /[a-z ]*/ "\\"}"', "", "ha ", limits, begun=f'{{"f":"{loop}')
    assert len(loop) < len(json.loads(text)["f"]) < len(loop) + 40
    assert ended == [Ended(5, "repeated")]
    begun = f'{{"f":[{",".join([row] * 12)}'
    text, ended = stubborn(f'start: ({json.dumps("," + row)})* "]}}"', "", f",{row}", limits, begun=begun)
    assert len(json.loads(text)["f"]) < 16
    assert ended == [Ended(5, "repeated")]


def test_a_loop_in_a_text_that_has_to_end_with_several_signs() -> None:
    """The pattern's last signs come, as the next of an escape does, and it is still told that it was ended."""
    schema = inline(of({"f": {"type": "string", "pattern": r'^(na)*\.\n"END"$'}, "rest": TEXT}))
    limits = limits_of(schema.json_schema, Bounds())
    text, ended = stubborn(compile_grammar(schema), '{"f":"', "na", limits)
    answer = json.loads(text)
    schema.validate(answer)
    assert answer["f"].endswith('na.\n"END"')
    assert len(answer["f"]) < 300
    assert ended == [Ended(5, "repeated")]


PRINTED = [
    ({"type": "string", "maxLength": 900}, '{"f":"', "ha ", "Ha! " * 400),
    ({"type": "string", "maxLength": 900}, '{"f":"', "ha ", "| ha | 1 |\n| ha | 2 |\n" * 200),
    ({"type": "string", "maxLength": 900}, '{"f":"', "哈", "哈哈\n" * 500),
    ({"type": "string", "maxLength": 900}, '{"f":"', "😀", "😀 " * 900),
    ({"type": "string", "maxLength": 900}, '{"f":"', "0", "0" * 900),
    ({"type": "string", "maxLength": 900}, '{"f":"', "-", "-" * 900),
    ({"type": "string", "maxLength": 900}, '{"f":"', "AAAB", "AAAB" * 300),
    ({"type": "array", "items": TEXT, "maxItems": 200}, '{"f":["paper"', ',"paper"', "paper  2  1.00\n" * 200),
    ({"type": "array", "items": {"type": "number"}, "maxItems": 200}, '{"f":[0.0', ",0.0", "0,00\t" * 200),
    ({"type": "array", "items": {"type": "boolean"}, "maxItems": 90}, '{"f":[true', ",true", "present\n" * 90),
    (
        {"type": "array", "items": of({"a": TEXT, "n": {"type": "number"}}), "maxItems": 200},
        '{"f":[{"a":"Blue pen","n":1250.5}', ',{"a":"Blue pen","n":1250.5}', "Blue  pen, 4 mm   1.250,50 EUR\n" * 200,
    ),
    (
        {"type": "array", "items": of({"day": TEXT, "n": {"type": "number"}}), "maxItems": 60},
        '{"f":[{"day":"Monday morning","n":0}', ',{"day":"Monday morning","n":0}', "Monday morning\n" + "0\n" * 60,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("field", "wish", "piece", "document"), PRINTED)
def test_what_the_document_repeats_as_often_is_no_loop(
    field: dict[str, Any], wish: str, piece: str, document: str
) -> None:
    schema = inline(of({"f": field}))
    grammar, limits = compile_grammar(schema), limits_of(schema.json_schema, Bounds())
    text, ended = stubborn(grammar, wish, piece, limits, document)
    assert (text, ended) == (stubborn(grammar, wish, piece, None, document)[0], [])
    assert len(json.loads(text)["f"]) == field.get("maxLength", field.get("maxItems"))


LETTER = "Dear Ms Weber,\nthe invoice RE-117 of 14 March 2026 is due. Please pay 1.250,50 EUR.\nKind regards\n"
FACTS = " ".join(f"Paragraph {at} says what the tenant pays and when." for at in range(40))


def said(*pieces: str) -> str:
    return ",".join(json.dumps(piece, ensure_ascii=False) for piece in pieces)


def made_up(count: int) -> str:
    return "".join(f',"Zq{at} wx{at}"' for at in range(1_000, 1_000 + count))


INVENTED = [  # schema of an item, its first items, what goes on, why it ends, in how many items at most
    (TEXT, '"a b"', made_up(900), "ran_on", 14),
    (of({"a": TEXT, "n": NUMBER}), '{"a":"x y","n":1}', ',{"a":"Ghx qr","n":8731}', "repeated", 14),
    (TEXT, '"Dear Ms Weber"', ',"structuring, underwriting, syndicating","Kqx"', "repeated", 8),
    (of({"a": TEXT}), '{"a":"z"}', ',{"a":"the party that was never named there"}', "repeated", 5),
    (TEXT, '"RE-117 of 14 March"', ',"RE-117 of 14 March"', "repeated", 13),
    (NUMBER, "3", ",3", "repeated", 51),  # short, so it is waited longer
    (NUMBER, "117,14", ",14", "repeated", 36),
    (of({"d": TEXT, "n": NUMBER}), '{"d":"2026-03-14","n":1250.50}', ',{"d":"2026-03-14","n":1250.50}', "repeated", 13),
]  # fmt: skip


@pytest.mark.parametrize(("item", "first", "piece", "why", "most"), INVENTED)
def test_a_list_ends_where_the_document_has_no_more_to_say(
    item: dict[str, Any], first: str, piece: str, why: str, most: int
) -> None:
    schema = inline(of({"f": {"type": "array", "items": item}, "rest": TEXT}))
    grammar, limits = compile_grammar(schema), limits_of(schema.json_schema, Bounds())
    text, ended = stubborn(grammar, f'{{"f":[{first}', piece, limits, LETTER)
    schema.validate(json.loads(text))
    assert [one.why for one in ended] == [why]
    assert len(json.loads(text)["f"]) <= most


TRUE_LISTS = [  # items, and a document of which they say something
    (said(*(f"Tenant pays the {at}. time" for at in range(40))), FACTS),  # in its words, not as it has them
    (said(*(f"Der Punkt {at} betrifft jemanden" for at in range(1000, 1012))), FACTS),  # no word of it, but few
    (said(*(f"Der Punkt {'x' * at} betrifft jemanden" for at in range(1, 30))), "abc def\n" * 30),
    (said(*(f"2026-{at:02}-{at:02}" for at in range(1, 13)) ), "\n".join(f"{at}.{at}.2026" for at in range(1, 13))),
    (said(*["paid", "open"] * 30), "\n".join("Rechnung bezahlt" for _ in range(60))),
    (said(*["Grand Hotel Bellevue, Zimmer mit Seeblick"] * 30), "Grand Hotel Bellevue, Zimmer mit Seeblick\n" * 30),
    (said(*(f"第{at}条の内容" for at in range(10, 60))), "\n".join(f"第{at}条 内容" for at in range(10, 60))),
    (",".join("true" for _ in range(40)), "all forty are there"),
    (",".join(str(at) for at in range(40)), "forty"),
    (",".join(["0"] * 48), "none of them"),
    (",".join(["0"] * 90), "none\n" * 90),
    (",".join(["3"] * 100), "3 " * 50),
    (",".join(["3", "4"] * 30), "each three and four"),
]  # fmt: skip


@pytest.mark.parametrize(("items", "document"), TRUE_LISTS)
def test_a_list_of_what_a_document_says_in_other_words_goes_on(items: str, document: str) -> None:
    schema = inline(of({"f": {"type": "array", "items": {}}}))
    grammar, limits = compile_grammar(schema), limits_of(schema.json_schema, Bounds())
    text, ended = stubborn(grammar, f'{{"f":[{items}]', "}", limits, document)
    assert (json.loads(text), ended) == (json.loads(f'{{"f":[{items}]}}'), [])


def test_the_last_item_is_no_way_to_run_on() -> None:
    """Where a token would end an item and begin the next, the item goes on instead: not for long."""
    watched = JsonText(bytearray(('{"a":["x"' + made_up(14)).encode()), Limits(), Repeats(LETTER.encode()))
    watched.written += b',"unheard of'
    watched.read()
    due = watched.due()
    assert due is not None
    assert not due.string
    assert [token for token in (b'","', b'"]', b"x", b'"', b'",') if watched.overruns(token, due.last)] == [
        b'","',
        b'",',
    ]
    watched.written += b"y" * 60
    watched.read()
    due = watched.due()
    assert due is not None
    assert due.string


def test_the_second_loop_of_an_answer_ends_sooner() -> None:
    schema = inline(of({"a": TEXT, "b": TEXT}))
    text, ended = stubborn(
        compile_grammar(schema), '{"a":"' + "n" * 256 + '","b":"', "n", limits_of(schema.json_schema, Bounds())
    )
    answer = json.loads(text)
    assert (len(answer["a"]), len(answer["b"])) == (256, 64)
    assert [one.start for one in ended] == [5, 268]


def test_a_grammar_that_lets_nothing_end_has_its_way() -> None:
    """A length that the schema asks for, an escape, half of a character."""
    schema = inline(of({"f": {"type": "string", "minLength": 400}}))
    grammar, limits = compile_grammar(schema), limits_of(schema.json_schema, Bounds())
    text, _ = stubborn(grammar, '{"f":"', "n", limits)
    assert len(json.loads(text)["f"]) == 400


TEXTS = [
    '{"a":"' + "x" * 300 + '","b":[' + ",".join(["1"] * 200) + '],"c":{"d":' + "9" * 120 + "}}",
    '{"a":"' + "é\\u00e9\\n" * 60 + '","b":[' + ",".join(['{"k":"v w x","n":null}'] * 40) + "]}",
    '{"a":["' + '","'.join(["ab,c\\\"]}"] * 60) + '"],"' + "k" * 250 + '":true}',
    '{"a":["x"' + made_up(20) + '],"b":[' + ",".join(['{"a":"a text of no small length, said again"}'] * 6) + "]}",
    '{"a":["' + '","'.join(f"{at * 77777} é" for at in range(30)) + '"],"b":[[' + said(*["Weber 14"] * 20) + "]]}",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_it_is_the_same_in_whatever_pieces_it_is_written(text: str) -> None:
    limits = Limits(items=150)

    def states(size: int) -> tuple[dict[int, Any], list[Ended]]:
        written = bytearray()
        watched, found = JsonText(written, limits, Repeats(b"")), {}
        for start in range(0, len(raw), size):
            written += raw[start : start + size]
            watched.read()
            found[len(written)] = watched.due()
        return found, watched.ended

    raw = text.encode()
    one, ended = states(1)
    assert ended
    for size in (2, 3, 7, 64, 500):
        other, same = states(size)
        assert same == ended
        assert all(one[place] == due for place, due in other.items())


@pytest.mark.parametrize("text", TEXTS)
def test_calm_is_never_said_where_something_may_have_to_end(text: str) -> None:
    raw, written = text.encode(), bytearray()
    watched = JsonText(written, Limits(items=150), Repeats(b""))
    calm_to = 0
    for byte in raw:
        written.append(byte)
        watched.read()
        if watched.due() is not None:
            assert len(written) > calm_to
        calm_to = max(calm_to, watched.calm_to())


SOURCE = "Hex bolt M8\nwasher\n" * 9 + "The part is warranted for a year by its maker.\n" * 4


@pytest.mark.parametrize("seed", range(12))
def test_of_any_list_calm_is_never_said_where_it_may_have_to_end(seed: int) -> None:
    """Names and sentences that are printed or not, numbers, and records of them, each again and again."""
    dice = random.Random(seed)
    words = ["Hex bolt M8", "washer", "no such name", "The part is warranted for a year by its maker.", 7, "red"]
    words += [3, 0.5, "ab"]
    words += ["A sentence of which the document knows nothing at all.", *(f"made up {at}" for at in range(6))]
    kinds = dice.sample(words, dice.randint(1, 5))
    items = [dice.choice([dice.choice(kinds), {"k": dice.choice(kinds)}, dice.choice(words)]) for _ in range(70)]
    watched(json.dumps({"a": items}, separators=(",", ":")).encode(), Limits(items=60), SOURCE)


@pytest.mark.parametrize("seed", range(12))
def test_of_short_numbers_calm_is_never_said_where_they_may_have_to_end(seed: int) -> None:
    dice = random.Random(seed)
    items = [value for _ in range(12) for value in [dice.choice([3, 7, 12.5, "ab", None, True])] * dice.randint(1, 40)]
    watched(
        json.dumps({"a": [*items, *[3] * 120]}, separators=(",", ":")).encode(), Limits(), "3 " * dice.randint(0, 20)
    )


@pytest.mark.parametrize(
    "items",
    [
        [{"sku": f"A{at * 7919}", "qty": at % 9, "price": at / 4} for at in range(400)],
        [f"made up {at * 7919}" for at in range(400)],  # as many as the document has lines
        random.Random(0).choices(["Hex bolt M8", "washer", "red", "blue", "pcs"], k=400),
    ],
    ids=["rows", "nowhere", "names again"],
)
def test_a_long_list_is_looked_at_seldom(items: list[Any]) -> None:
    printed = "\n".join(" ".join(map(str, one.values())) if isinstance(one, dict) else one for one in items)
    source = "a line\n" * 400 if items[0] == "made up 0" else printed
    written, calm_to, near = bytearray(), 0, 0
    watched = JsonText(written, Limits(), Repeats(source.encode()))
    raw = json.dumps({"a": items}, separators=(",", ":")).encode()
    for byte in raw:
        written.append(byte)
        if len(written) > calm_to:
            watched.read()
            calm_to = watched.calm_to()
            near += len(written) > calm_to
    assert near < len(raw) // 20
    assert not watched.ended


def test_a_copy_goes_its_own_way() -> None:
    written = bytearray(b'{"a":["b"')
    watched = JsonText(written, Limits(items=2), Repeats(b""))
    watched.read()
    other = watched.copy()
    other.written += b',"c"],"d":"'
    other.read()
    assert watched.due() is None
    assert (bytes(watched.written), watched.ended) == (b'{"a":["b"', [])
    assert other.ended == [Ended(5, "cut_off")]


def test_tokens_of_many_bytes_do_not_step_over_a_limit() -> None:
    """One that ends an item and begins the next, in a list that is full."""
    watched = JsonText(bytearray(b'{"a":["b","c'), Limits(items=2), Repeats(b""))
    watched.read()
    assert [token for token in (b'","', b'"],"', b'c","d', b'"]', b',",', b'\\",') if watched.overruns(token)] == [
        b'","', b'c","d', b',",',
    ]  # fmt: skip


def test_drafts_are_judged_as_what_is_written() -> None:
    grammar = guided(of({"f": {"type": "array", "items": {"type": "integer"}}}))
    narrowing = Narrowing(TOKENIZER)

    def masks(written: bytes, draft: bytes) -> torch.Tensor:
        matcher = LLMatcher(TOKENIZER, grammar, log_level=0)
        row = Sequence(Request([0], grammar=grammar, limits=Limits(items=3, digits=2)), matcher)
        assert matcher.consume_tokens(list(written))
        row.written += written
        bits = torch.full((len(draft) + 1, WORDS), -1, dtype=torch.int32)
        narrowing.narrow([row], [Draft(list(draft), [""] * len(draft))], [len(draft) + 1], bits)
        return bits

    text = b'{"f":[1,22,3'
    together = masks(b"", text)
    for place in range(len(text) + 1):
        assert torch.equal(together[place], masks(text[:place], b"")[0]), place
    assert not torch.equal(together[-1], together[0])


def test_no_step_waits_for_the_vocabulary() -> None:
    """Where many ends come due at once, what is decoded is the draft, not the vocabulary."""
    decoded = list[int]()

    class Counting:
        vocab_size, tokenize_bytes = TOKENIZER.vocab_size, TOKENIZER.tokenize_bytes

        def decode_bytes(self, tokens: list[int]) -> bytes:
            decoded.extend(tokens)
            return TOKENIZER.decode_bytes(tokens)

    narrowing = Narrowing(Counting())
    decoded.clear()
    grammar = guided(of({"f": {"type": "array", "items": {"type": "integer"}}}))
    matcher = LLMatcher(TOKENIZER, grammar, log_level=0)
    row = Sequence(Request([0], grammar=grammar, limits=Limits(items=3, digits=2)), matcher)
    draft = list(b'{"f":[1,22,3')
    bits = torch.full((len(draft) + 1, WORDS), -1, dtype=torch.int32)
    before = bits.clone()
    narrowing.narrow([row], [Draft(draft, [""] * len(draft))], [len(draft) + 1], bits)
    assert not torch.equal(bits, before)
    assert set(decoded) <= set(draft)


def test_limits_are_as_wide_as_what_a_schema_says() -> None:
    said = {
        "properties": {"k" * 300: {"maxLength": 9_000}, "b": {"enum": ["x" * 4_500, 10**120]}},
        "maxProperties": 2_000,
        "items": {"maxItems": 5_000},
    }
    limits = limits_of(said, Bounds())
    assert (limits.chars, limits.key_chars, limits.items) == (9_000, 4_500, 5_000)
    assert (limits.digits, limits.keys) == (124, 5_002)
    assert list(islice((getattr(limits_of({}, Bounds()), name) for name in ("chars", "items", "keys")), 3)) == [
        4_000, 1_000, 1_000,
    ]  # fmt: skip
