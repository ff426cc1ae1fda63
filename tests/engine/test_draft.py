from __future__ import annotations

import re
from typing import Any, ClassVar

import pytest
from llguidance import LLMatcher

from extractor.engine.drafting.compose import Drafting
from extractor.engine.drafting.text import TextDrafter, copy_span
from extractor.engine.model.loader import Models
from extractor.engine.sequence import Draft, Sequence
from tests.engine import tiny


def row(models: Models, written: str, drafters: tuple[str, ...] = ("grammar", "copy")) -> Sequence:
    """A row of the tiny schema that has written `written`."""
    request = tiny.request(models, drafters=drafters)
    sequence = Sequence(request, LLMatcher(models.ll_tokenizer, models.bound(request.grammar)))
    sequence.ids = models.ll_tokenizer.tokenize_str(written)
    sequence.written = bytearray(written.encode())
    assert sequence.matcher is not None
    assert not sequence.ids or sequence.matcher.consume_tokens(sequence.ids)
    return sequence


def text(models: Models, draft: Draft) -> str:
    return models.ll_tokenizer.decode_str(draft.tokens)


def test_grammar_drafts_what_the_schema_forces(gemma4: Models) -> None:
    draft = TextDrafter(gemma4.ll_tokenizer).propose(row(gemma4, "", ("grammar",)), [], 20)
    assert text(gemma4, draft) == '{"name":"'
    assert set(draft.sources) == {"grammar"}


def test_copy_goes_on_where_the_document_does_and_closes_the_value(gemma4: Models) -> None:
    draft = TextDrafter(gemma4.ll_tokenizer).propose(row(gemma4, '{"name":"Ac'), [], 40)
    assert text(gemma4, draft).startswith('me Corp","total":')
    assert draft.sources[0].startswith("copy")
    assert "grammar" in draft.sources


def test_copy_looks_a_value_up_before_a_letter_of_it_is_written(gemma4: Models) -> None:
    draft = TextDrafter(gemma4.ll_tokenizer).propose(row(gemma4, '{"name":"x"'), [], 40)
    assert text(gemma4, draft).startswith(',"total":12.5,"items":[')
    assert list(dict.fromkeys(draft.sources))[:2] == ["grammar", "copy/label"]


def test_copy_closes_a_value_that_is_written_to_the_end_of_its_line(gemma4: Models) -> None:
    draft = TextDrafter(gemma4.ll_tokenizer).propose(row(gemma4, '{"name":"Invoice from Acme Corp'), [], 40)
    assert text(gemma4, draft).startswith('","total":12.5')
    assert draft.sources[0] == "copy"


def test_a_draft_goes_on_after_tokens_not_yet_accepted(gemma4: Models) -> None:
    waiting = row(gemma4, '{"name":"')
    after = gemma4.ll_tokenizer.tokenize_str("Acme")
    assert text(gemma4, TextDrafter(gemma4.ll_tokenizer).propose(waiting, after, 40)).startswith(" Corp")


def write(models: Models, sequence: Sequence, tokens: list[int]) -> None:
    assert sequence.matcher is not None
    assert sequence.matcher.consume_tokens(tokens)
    sequence.ids += tokens
    sequence.written += models.ll_tokenizer.decode_bytes(tokens)


def never() -> bool:
    return False


@pytest.mark.parametrize("right", [True, False])
def test_what_was_looked_up_ahead_is_used_only_where_the_row_went_on_so(gemma4: Models, *, right: bool) -> None:
    drafting = Drafting(TextDrafter(gemma4.ll_tokenizer), None)
    ahead, plain = row(gemma4, ""), row(gemma4, "")
    ahead.ready = plain.ready = True
    (draft,) = drafting.propose([ahead], 6, None).resolve()  # type: ignore[arg-type]
    assert ahead.matcher is not None
    before = bytes(ahead.matcher.compute_bitmask())
    drafting.ahead([ahead], [draft], 6, never)
    assert bytes(ahead.matcher.compute_bitmask()) == before
    assert ahead.ahead is not None
    assert ahead.ahead.tokens[: len(draft)] == draft.tokens
    written = ahead.ahead.tokens if right else draft.tokens[:-1]
    write(gemma4, ahead, written)
    write(gemma4, plain, written)
    made = 0

    class Counted(TextDrafter):
        def propose(self, *given: Any) -> Draft:
            nonlocal made
            made += 1
            return super().propose(*given)

    counted = Counted(gemma4.ll_tokenizer)
    counted._bytes_a_token = drafting.text._bytes_a_token
    drafting.text = counted
    (found,) = drafting.propose([ahead], 6, None).resolve()  # type: ignore[arg-type]
    assert made == (0 if right else 1)
    (expected,) = drafting.propose([plain], 6, None).resolve()  # type: ignore[arg-type]
    assert found == expected
    assert len(found) > 0


def test_nothing_is_looked_up_ahead_once_the_device_is_done(gemma4: Models) -> None:
    drafting = Drafting(TextDrafter(gemma4.ll_tokenizer), None)
    rows = [row(gemma4, ""), row(gemma4, '{"name":"')]
    for one in rows:
        one.ready = True
    drafts = drafting.propose(rows, 6, None).resolve()  # type: ignore[arg-type]
    asked = iter([False, True])
    drafting.ahead(rows, drafts, 6, lambda: next(asked))
    assert sum(one.ahead is not None for one in rows) == 1


class Cutting:
    """A tokenizer that cuts every word after its first letter: what a token is depends on what stands before it."""

    pieces: ClassVar = [b"s", b"econd", b" ", b"t", b"otal", b"a", b"lpha", b"he"]
    vocab_size = len(pieces)

    def tokenize_bytes(self, utf8bytes: bytes, *, parse_special: bool = False) -> list[int]:  # noqa: ARG002
        found = re.findall(rb"(?<![a-z])[a-z]|[a-z]+|[^a-z]", utf8bytes)
        return [self.pieces.index(piece) for piece in found]

    def decode_bytes(self, tokens: list[int]) -> bytes:
        return b"".join(self.pieces[token] for token in tokens)


@pytest.mark.parametrize(
    ("written", "pieces"),
    [(b"the s", [b"econd", b" ", b"t", b"otal"]), (b"", [b"a", b"lpha"]), (b"", [b" ", b"t", b"otal"])],
)
def test_a_draft_is_cut_as_the_tokenizer_cuts_the_whole_text(written: bytes, pieces: list[bytes]) -> None:
    tokenizer = Cutting()
    plan = b"".join(pieces)
    draft = TextDrafter(tokenizer)._tokens(written, plan, ["copy"] * len(plan), 9)
    assert [tokenizer.pieces[token] for token in draft.tokens] == pieces


@pytest.mark.parametrize(
    "written", ["", '{"name":"', '{"name":"Acme Corp","total":12', '{"name":"x","total":1,"items":[{"a":']
)
@pytest.mark.parametrize("budget", [0, 1, 3, 40])
def test_every_draft_is_valid_within_budget_and_leaves_the_matcher_alone(
    gemma4: Models, written: str, budget: int
) -> None:
    sequence = row(gemma4, written)
    assert sequence.matcher is not None
    before = bytes(sequence.matcher.compute_bitmask())
    draft = TextDrafter(gemma4.ll_tokenizer).propose(sequence, [], budget)
    assert bytes(sequence.matcher.compute_bitmask()) == before
    assert len(draft) == len(draft.sources) <= budget
    assert sequence.matcher.validate_tokens(draft.tokens) == len(draft)


def test_copy_takes_the_longest_anchor_and_stops_at_the_end_of_the_line() -> None:
    document = b"id A1\nname A1 Limited\nrest"
    assert copy_span(document, b"", b'"name A1', 8) == b" Limited"
    assert copy_span(document, b"", b"Limited", 8) == b"", "the line ends there"
    assert copy_span(document, b"", b'"zz', 8) is None
    assert copy_span(document, b"", b"", 8) is None


def test_copy_falls_back_to_the_output_so_far() -> None:
    assert copy_span(b"nothing", b'{"unit":"pieces"},{"unit":"pi', b'"unit":"pi', 8).startswith(b'eces"},{')


def test_copy_never_cuts_a_character() -> None:
    assert copy_span("xx Größe".encode(), b"", b"xx", 1).decode()
