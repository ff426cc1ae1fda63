"""Whether a tokenizer cuts text by what stands before it: that decides which grammars it is given (`Models.bound`)."""

from __future__ import annotations

from llguidance import LLTokenizer

_FORCED = (
    '{"invoice_number":"', '","shippingAddress":{"street":"', ',"Gross amount":', '"},{"description":"',
    ',"unit_price":', '],"payment_terms":', '","status":"in_progress","currency":"', ',"délai de livraison":',
    '":null,"customer-id":"',
)  # fmt: skip


def cuts_alike(tokenizer: LLTokenizer) -> bool:
    """Whether text after a token is cut as it is within the whole: a pre-tokenizer that looks back cuts it otherwise.
    Nearly always is enough, for a merge across a seam is an accident that any byte-pair tokenizer has."""
    alike = seen = 0
    for text in _FORCED:
        ids = tokenizer.tokenize_str(text)
        for at in range(1, len(ids)):
            seen += 1
            alike += tokenizer.tokenize_bytes(tokenizer.decode_bytes(ids[at:])) == ids[at:]
    return alike >= 0.9 * seen
