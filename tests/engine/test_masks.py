from __future__ import annotations

import torch

from extractor.engine import Params, Request
from extractor.engine.masks import draft_masks, next_masks
from extractor.engine.model.loader import Models
from extractor.engine.sequence import Draft, Sequence
from tests.engine.test_draft import row
from tests.engine.tiny import request


def masks_one_by_one(row: Sequence, draft: list[int], words: int) -> torch.Tensor:
    """The plain way: a mask, a token, a mask; what follows the end of the text stays zero."""
    assert row.matcher is not None
    masks = torch.zeros((len(draft) + 1, words), dtype=torch.int32)
    moved = 0
    for position in range(len(draft) + 1):
        if row.matcher.is_stopped():
            break
        row.matcher.unsafe_compute_mask_ptr(masks[position].data_ptr(), words * 4)
        if position < len(draft):
            assert row.matcher.consume_token(draft[position])
            moved += 1
    row.matcher.rollback(moved)
    return masks


def test_masks_of_many_rows_are_those_of_one_token_after_the_other(gemma4: Models) -> None:
    words = (gemma4.ll_tokenizer.vocab_size + 31) // 32
    cut = gemma4.ll_tokenizer.tokenize_bytes
    free = Sequence(Request([0], params=Params()), None)
    rows = [row(gemma4, ""), free, row(gemma4, '{"'), row(gemma4, "{"), row(gemma4, "")]
    tokens = [cut(b'{"'), [5, 6], [], cut(b'"'), []]
    drafts = [Draft(some, ["grammar"] * len(some)) for some in tokens]
    counts = [len(some) + 1 for some in tokens]
    counts[-1] = 0  # its prompt is not read yet
    before = [masks_one_by_one(one, [], words) for one in rows if one.matcher]
    bits = draft_masks(rows, drafts, counts, words)
    assert bits is not None
    assert len(bits) == sum(counts)
    for one, some, got in zip(rows, tokens, bits.split(counts), strict=True):
        if one is free:
            assert (got == -1).all()
        elif len(got):
            assert torch.equal(got, masks_one_by_one(one, some, words))
    after = [masks_one_by_one(one, [], words) for one in rows if one.matcher]
    assert torch.equal(torch.stack(before), torch.stack(after)), "matchers are where they were"


def test_masks_end_where_the_text_does(gemma4: Models) -> None:
    words = (gemma4.ll_tokenizer.vocab_size + 31) // 32
    one = row(gemma4, "")
    answer = gemma4.ll_tokenizer.tokenize_str('{"name":"x","total":1,"items":[]}')
    assert one.matcher is not None
    assert one.matcher.validate_tokens(answer) == len(answer)
    tokens = [*answer, gemma4.stop_ids[0]]
    bits = draft_masks([one], [Draft(tokens, ["mtp"] * len(tokens))], [len(tokens) + 1], words)
    assert bits is not None
    assert torch.equal(bits[: len(answer)], masks_one_by_one(one, answer[:-1], words))
    assert not bits[-1].any(), "nothing follows the end"


def test_rows_without_a_grammar_need_no_mask(gemma4: Models) -> None:
    free = Sequence(request(gemma4, grammar=None), None)
    assert draft_masks([free], [Draft([], [])], [1], 4) is None
    assert (next_masks([free], 4) == -1).all()


def test_the_next_masks_of_many_rows_are_those_of_each(gemma4: Models) -> None:
    words = (gemma4.ll_tokenizer.vocab_size + 31) // 32
    rows = [row(gemma4, ""), row(gemma4, "{"), row(gemma4, '{"')]
    masks = next_masks(rows, words)
    assert torch.equal(masks, torch.cat([masks_one_by_one(one, [], words) for one in rows]))
