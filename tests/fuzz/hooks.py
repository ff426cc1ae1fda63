"""What schemathesis cannot read from the document: that a batch is lines of JSON, plain or packed. It loads this by
SCHEMATHESIS_HOOKS."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import schemathesis
from hypothesis import strategies as st

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_NAMES = ("contact", "invoice", "invoice@1", "nobody", "")
_SCHEMA = st.sampled_from([{"type": "object", "properties": {"n": {"type": kind}}} for kind in ("integer", "none")])
_DOCUMENT = st.fixed_dictionaries(
    {}, optional={name: st.text(max_size=30) for name in ("text", "content", "filename", "media_type", "charset")}
)
_MEMBERS = {
    "custom_id": st.text(max_size=70),
    "document": _DOCUMENT | _JSON,
    "schema": st.sampled_from(_NAMES) | _JSON,
    "json_schema": _SCHEMA | _JSON,
    "options": st.dictionaries(st.sampled_from(("seed", "max_output_tokens", "fields", "speed")), _JSON, max_size=3),
    "metadata": st.dictionaries(st.text(max_size=8), st.text(max_size=8) | _JSON, max_size=2),
    "priority": st.sampled_from(("interactive", "bulk", "never")),
}
_LINE = st.fixed_dictionaries({}, optional=_MEMBERS) | st.builds(
    lambda text: {"schema": "contact", "document": {"text": text}}, st.text(min_size=1, max_size=60)
)
_LINES = st.lists((_LINE | _JSON).map(orjson.dumps) | st.binary(max_size=40), max_size=6).map(b"\n".join)

schemathesis.openapi.media_type("application/x-ndjson", _LINES)
schemathesis.openapi.media_type("application/gzip", _LINES.map(gzip.compress) | st.binary(max_size=60))


@schemathesis.serializer("application/x-ndjson", "application/gzip")
def _as_it_is(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
