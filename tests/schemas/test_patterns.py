"""Patterns mean one thing: what ECMAScript says of them, to the validator and to the grammar alike."""

from __future__ import annotations

import json
import random
import string
from contextlib import suppress

import pytest
from llguidance import LLMatcher

from extractor.grammar.compile import serialise
from schemas import ValidationProblem, check, inline
from schemas.checks.compiled import pattern_fault, validator
from schemas.patterns import PatternError, for_grammar, for_validator, measure
from schemas.patterns.cursor import Unsupported
from schemas.patterns.escapes import RegexDialect
from schemas.patterns.read import read
from tests.support.matching import TOKENIZER, accepts

ESCAPED = "".join(f"\\{sign}" for sign in string.punctuation)

# Each with what fits and what does not; all are enforced.
PATTERNS = [
    (r"^\p{Lu}\p{L}+$", ["Ünal", "Zoë"], ["ünal", "A1", "A"]),
    (r"^\p{Script=Greek}+$", ["αβγ"], ["abc"]),
    (r"^\P{L}+$", ["12-"], ["1a", "é"]),
    (r"^[^\p{L}]$", ["1"], ["é"]),
    (r"^[\p{Lu}\d]{2}$", ["Ä1"], ["ä1", "٣4"]),
    (r"^[^[\]]+$", ["a&b", "{}"], ["[", "a]"]),
    (r"^[[(]a[)\]]$", ["[a]", "(a)"], ["a", "[a"]),
    (r"^[a&&b]+$", ["&", "ab&"], ["c", ""]),
    (r"^[+--]+$", ["+,-"], ["."]),
    (r"^[a~~b]$", ["~", "a"], ["c"]),
    (r"^[\w.-]+$", ["a.b-c_9"], ["é", "a b"]),
    (r"^[a-z&&[^aeiou]]$", ["a]", "&]", "u]"], ["b", "b&"]),
    (r"^[\]\[\\^-]+$", ["]", "[\\^-"], ["a"]),
    (r"^[^\\\"]+$", ["a'/b"], ["\\", 'a"']),
    (r"^[^\"]$", ["\\", "a", "\n"], ['"']),
    (r"^[\x01-\x1f!]$", ["!", "\n", "\x1f"], ['"', "\\", "a"]),
    (r"^\<[a-z]+\>$", ["<abc>"], ["abc", "<abc"]),
    (r"^\u{41}\u0042\x43\u{1F600}$", ["ABC😀"], ["abc😀", "ABC"]),
    (r"^\uD83D\uDE00$", ["😀"], ["😁"]),
    (r"^[\uD83D\uDE00-\uD83D\uDE4F]$", ["😀", "🙏"], ["a", "🚀"]),
    (r"^(?<year>\d{4})-(?P<month>\d\d)$", ["2024-05"], ["٢٠٢٤-05"]),
    (r"^\cI\t[\b]$", ["\t\t\x08"], ["I\t\x08"]),
    (r"^\101\12$", ["A\n"], ["101"]),
    (r"^.$", ["a", "\x85", "😀"], ["\n", "\r", "\u2028", ""]),
    (r"^[\s\S]$", ["\n", "\u2028", "a"], ["ab"]),
    (r"^[^]$", ["\n", "a"], [""]),
    (r"^\s$", ["\u00a0", "\ufeff", "\t"], ["\x85", "\u200b"]),
    (r"^\S+$", ["\x85é"], ["a b", "\ufeff"]),
    (r"^\w+\W$", ["ab_1-", "aé"], ["é-", "ab"]),
    (r"^\d+\D$", ["12٣", "1x"], ["12"]),
    (r"^a+?b*?c??$", ["aabbc", "a"], ["b"]),
    (r"^a{2}b{0,1}c{1,}$", ["aabc", "aacc"], ["abc"]),
    (r"^{a}{$", ["{a}{"], ["a"]),
    (r"^x{a,b}]$", ["x{a,b}]"], ["x"]),
    (r"^a\/b\-c\.d\_e\@f$", ["a/b-c.d_e@f"], ["a/b-cxd_e@f"]),
    (r"(^|,)a(,|$)", ["a", "b,a", "a,b", "b,a,c"], ["ba", "ab", "b,ab"]),
    (r"^(?:a|b$)", ["a", "ax", "b"], ["bx", "xa"]),
    (r"^(?:$|x)", ["", "xy"], ["yx"]),
    (r"(?:^a|^b)c|d$", ["ac", "bcx", "xd"], ["xac", "dx"]),
    (r"^(?:a$)?", ["a", "b"], []),
    (r"(?i)^straße$", ["STRAßE", "straße"], ["strasse"]),
    (r"^(?i:ab)c$", ["ABc", "abc"], ["abC"]),
    (r"^(?s:.)$", ["\n"], [""]),
    (r"^[[:alpha:]][[:digit:]]$", ["a1"], [":1", "1a"]),
    (r"\Aab\Z", ["ab"], ["xab", "ab\n"]),
    (r"^\d{3}-?\d{2}$|^$", ["123-45", ""], ["x", "123-456"]),
    (r"", ["", "anything"], []),
    (r"^(a|b|)$", ["a", ""], ["c"]),
    (f"^{ESCAPED}$", [string.punctuation], [string.punctuation[:-1]]),
    (f"^[{ESCAPED}]+$", [string.punctuation], ["a", "<a>"]),
    *((rf"^a\{sign}b$", [f"a{sign}b"], ["ab", "aXb"]) for sign in string.punctuation),
    *((rf"^[\{sign}b]$", [sign, "b"], ["a"]) for sign in string.punctuation),
]  # fmt: skip


def whole(**node):
    return {"type": "object", "properties": {"f": {"type": "string", **node}}, "required": ["f"]}


def answer(value):
    return json.dumps({"f": value}, ensure_ascii=False, separators=(",", ":"))


def fits(schema, value):
    try:
        schema.validate({"f": value})
    except ValidationProblem:
        return False
    return True


@pytest.mark.parametrize(("pattern", "good", "bad"), PATTERNS, ids=[case[0] for case in PATTERNS])
def test_enforced_and_validated_alike(pattern, good, bad):
    schema = inline(whole(pattern=pattern))
    assert "/properties/f/pattern" in [note.pointer for note in check(whole(pattern=pattern)).enforced]
    grammar = serialise(schema)
    for value in good:
        assert fits(schema, value), value
        assert accepts(grammar, answer(value)), value
    for value in bad:
        assert not fits(schema, value), value
        assert not accepts(grammar, answer(value)), value


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (r"\bcat\b", ["a cat", "écat"], ["cats"]),
        (r"a\Bb", ["ab"], ["a b"]),
        ("a^b", [], ["a^b", "ab"]),
        ("(?m)^b$", ["a\nb"], ["ab"]),
        (r"^[\s\S](^a|b){2}", ["xbb"], ["xab"]),
        (r"^[^\s\S]$", [], ["a", ""]),
        (r"^[\p{Cc}\p{L}]$", ["é", "\n"], ["1"]),
        (r"^\0$", ["\0"], ["0"]),
    ],
)
def test_what_no_grammar_holds_is_left_to_validation(pattern, good, bad):
    schema = inline(whole(pattern=pattern))
    assert "/properties/f/pattern" in [note.pointer for note in check(whole(pattern=pattern)).validated]
    for value in [*good, *bad]:
        assert fits(schema, value) is (value in good), value
        assert accepts(serialise(schema), answer(value))


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("^(?=.*a)b", "look-around"), ("(?<!a)b", "look-around"), ("(?>a)", "linear"), (r"(a)\1", "backreferences"),
        (r"(?<n>a)\k<n>", "backreferences"), ("(?P<n>a)(?P=n)", "backreferences"), ("a{,3}", "write {0,3}"),
        ("a{3,1}", "wrong way round"), ("[z-a]", "wrong way round"), ("a**", "cannot be repeated"),
        ("a++", "cannot be repeated"), ("*a", "nothing to repeat"), ("a|+", "nothing to repeat"), ("(a", "not closed"),
        ("[a", "not closed"), ("a)", "closes nothing"), (r"\e", "no escape"), (r"\xG1", "hexadecimal"),
        (r"\u{110000}", "no character"), (r"\p", "no property"), (r"\p{No_Such_Thing}", "Unicode"), ("[]", "[\\]]"),
        ("(?x)a", "flags"), ("[[:nothing:]]", "[:nothing:]"), ("a\\", "ends in"), ("(" * 70 + ")" * 70, "nested"),
    ],
)  # fmt: skip
def test_what_is_no_pattern_is_told_why(pattern, why):
    (note,) = check(whole(pattern=pattern)).refused
    assert note.pointer == "/properties/f/pattern"
    assert why in note.detail


def test_an_answer_is_refused_in_the_authors_words():
    schema = inline(whole(pattern=r"^\d{2}\<$"))
    with pytest.raises(ValidationProblem) as caught:
        schema.validate({"f": "x"})
    assert caught.value.errors == [("/f", r'the value does not match "^\d{2}\<$"')]


def test_patterns_of_names_mean_the_same():
    integer = {"type": "integer"}
    named = {r"^\<a\>": integer, r"^[<]a>": {"minimum": 3}, r"^[[]b": {"type": "string"}}
    schema = inline({"type": "object", "patternProperties": named, "additionalProperties": False})
    schema.validate({"<a>": 3, "[b": "x"})
    for bad in ({"<a>": "x"}, {"<a>": 2}, {"[b": 1}, {"a": 1}):
        with pytest.raises(ValidationProblem):
            schema.validate(bad)
    alone = serialise(inline({"type": "object", "patternProperties": {r"^\<a\>": integer, r"^[[]b": {"type": "null"}}}))
    assert accepts(alone, '{"<a>x":1,"[b":null}')
    assert not accepts(alone, '{"<a>x":null}')


def test_a_reference_may_lead_through_a_pattern():
    node = {"type": "object", "patternProperties": {r"^\<": {"type": "integer"}}}
    schema = inline({**whole(), "properties": {"f": {"$ref": "#/properties/g/patternProperties/%5E%5C%3C"}, "g": node}})
    assert fits(schema, 1)
    assert not fits(schema, "x")


@pytest.mark.parametrize(
    ("node", "enforced", "validated", "good", "bad"),
    [
        ({"format": "email", "pattern": "@example"}, "format", "pattern", "a@example.com", "a@b.de"),
        ({"format": "time", "pattern": "Z$"}, "format", "pattern", "10:00:00Z", "10:00:00+01:00"),
        ({"format": "email", "pattern": r"^\S+@\S+$"}, "pattern", "format", "a@b.de", "<@>"),
        ({"format": "uri", "pattern": r"^https:.*$"}, "pattern", "format", "https://a", "https:a b"),
    ],
)  # fmt: skip
def test_of_a_format_and_a_pattern_one_is_enforced(node, enforced, validated, good, bad):
    report, schema = check(whole(**node)), inline(whole(**node))
    assert f"/properties/f/{enforced}" in [note.pointer for note in report.enforced]
    assert f"/properties/f/{validated}" in [note.pointer for note in report.validated]
    assert accepts(serialise(schema), answer(good))
    assert accepts(serialise(schema), answer(bad))
    assert fits(schema, good)
    assert not fits(schema, bad)


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("email", f"{'a' * 64}@{'b' * 63}.de", f"a@{'.'.join(['b' * 63] * 4)}.de"),
        ("email", "a.b@c", f"{'a' * 65}@b.de"),
        ("hostname", ".".join(["b" * 63] * 3), ".".join(["b" * 63] * 4)),
    ],
)
def test_no_name_is_longer_than_its_format_lets_it_be(name, good, bad):
    schema = inline(whole(format=name))
    assert fits(schema, good)
    assert accepts(serialise(schema), answer(good))
    assert not fits(schema, bad)
    assert not accepts(serialise(schema), answer(bad))


ATOMS = (
    r"a b 1 - _ . \d \w \s \D \W \S [a-c] [^a] [^[\]] [[a] [a&&b] [+--] [a~~b] [\w-] [\s\S] [^\W_] \. \< \/ \x41"
    r" \u{1F600} \cJ \t \p{L} \p{Lu} \P{L} [\p{L}1] [^\p{L}] ^ $ { } ] a{ é [à-ü] [😀-😂] \012 [\b] [a\-z] [-a] [a-]"
    r" [\x00-\x1f] [^\n] (?:) () (?<n>a) (a|b) (?:a|^b) (b$|c) (^|,) (,|$) [.] [\]] [|] [^^] [^\\]"
    r' [^"\\] [^"] (?i)a (?i:[^b])'
).split()
QUANTIFIERS = "* + ? {2} {1,2} {0,1} {1,} *? {0}".split()
LETTERS = 'aabbc1209-_. \n\r\t\u2028<>/@[]&~{}^|,(éüL😀😁\ufeff\x08\\"AK'


def made(dice, depth=0):
    parts = []
    for _ in range(dice.randint(1, 4)):
        atom = f"({made(dice, depth + 1)})" if depth < 2 and dice.random() < 0.15 else dice.choice(ATOMS)
        parts.append(atom + (dice.choice(QUANTIFIERS) if dice.random() < 0.25 and atom not in "^$" else ""))
    text = "".join(parts)
    if dice.random() < 0.2:
        text += "|" + made(dice, depth + 1)
    if depth == 0:
        text = dice.choice(("^", "")) + text + dice.choice(("$", ""))
    return text


@pytest.mark.parametrize("seed", range(4))
def test_grammar_and_validator_take_the_same_texts(seed):
    dice = random.Random(seed)
    held = 0
    for _ in range(60):
        pattern = made(dice)
        if pattern_fault(pattern) or for_grammar(pattern) is None:
            continue
        held += 1
        matcher = LLMatcher(TOKENIZER, serialise(inline(whole(pattern=pattern))), log_level=0)
        if matcher.is_error():
            continue  # no text fits, or the judge of schemas refuses it
        judge = validator({"pattern": pattern})
        for _ in range(30):
            value = "".join(dice.choice(LETTERS) for _ in range(dice.choice((0, 1, 1, 2, 2, 3, 4, 6))))
            ids, own = list(answer(value).encode()), matcher.deep_copy()
            taken = own.try_consume_tokens(ids) == len(ids) and own.is_accepting()
            assert taken == judge.is_valid(value), (pattern, value)
    assert held > 30


@pytest.mark.parametrize("seed", range(3))
def test_any_text_is_read_or_told_why_not(seed):
    dice = random.Random(seed)
    for _ in range(2_000):
        text = "".join(dice.choice(r"ab(){}[]|^$\\?*+,1!:<=pPuxc.-&~iéZ") for _ in range(dice.randint(0, 20)))
        for language in RegexDialect:
            with suppress(PatternError):
                read(text, language)
        measure(text)
        for_validator(text)


@pytest.mark.parametrize(
    ("pattern", "language"),
    [
        (r"^\<a\>$", RegexDialect.RUST), (r"\ba", RegexDialect.RUST), (r"[a-z&&b]", RegexDialect.RUST),
        (r"[^\W\d]", RegexDialect.RUST),
        (r"\ba", RegexDialect.PYTHON), (r"a++", RegexDialect.PYTHON), ("(?x)a", RegexDialect.PYTHON),
    ],
)  # fmt: skip
def test_what_only_its_own_engine_matches_is_known(pattern, language):
    with pytest.raises(Unsupported):
        read(pattern, language)


def test_a_key_with_an_end_of_line_has_its_pattern_too():
    named, others = {"b+": {"type": "null"}}, {"type": "integer"}
    compiled = serialise(inline({"type": "object", "patternProperties": named, "additionalProperties": others}))
    for key in ("b", "a\\nb", "xby"):
        assert accepts(compiled, f'{{"{key}":null}}')
        assert not accepts(compiled, f'{{"{key}":1}}')
    assert accepts(compiled, '{"a\\nc":1}')
