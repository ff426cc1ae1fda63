"""Whether a tokenizer looks back: whether it splits a text otherwise for what stands before it. That decides how its
grammars are bound (`Models.bound`)."""

from __future__ import annotations

from llguidance import LLTokenizer

_FORCED = (
    '{"invoice_number":"', '","shippingAddress":{"street":"', ',"Gross amount":', '"},{"description":"',
    ',"unit_price":', '],"payment_terms":', '","status":"in_progress","currency":"', ',"délai de livraison":',
    '":null,"customer-id":"',
)  # fmt: skip


def looks_back(tokenizer: LLTokenizer) -> bool:
    """Whether what follows a token is split otherwise alone than within its text, in more than one case of ten: fewer
    are merges across a seam, which happen to any byte-pair tokenizer."""
    same = splits = 0
    for text in _FORCED:
        ids = tokenizer.tokenize_str(text)
        for at in range(1, len(ids)):
            splits += 1
            same += tokenizer.tokenize_bytes(tokenizer.decode_bytes(ids[at:])) == ids[at:]
    return same < 0.9 * splits
