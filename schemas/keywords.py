"""What becomes of each keyword of JSON Schema (draft 2020-12), measured against llguidance
1.9.1 and jsonschema-rs 0.60.

    enforced    the grammar lets the model write nothing else (and validation checks it again)
    validated   the grammar leaves it out; the finished answer is checked, and a failure is asked again once
    refused     neither can do it, or it reaches outside the document
    ignored     says nothing about validity, or is not known to anyone

tests/test_schemas_keywords.py compiles a case for each line of the table, so a release that changes one is noticed.
The check of a schema and the compilation of its grammar both read this table; nothing else decides.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENFORCED = _words(
    "type enum const properties required additionalProperties patternProperties minProperties maxProperties items "
    "prefixItems minItems maxItems minLength maxLength pattern format minimum maximum exclusiveMinimum "
    "exclusiveMaximum multipleOf allOf anyOf oneOf $ref"
)
VALIDATED = _words(
    "not if then else dependentRequired dependentSchemas propertyNames contains minContains maxContains uniqueItems "
    "unevaluatedItems unevaluatedProperties"
)
REFUSED = {
    "$dynamicRef": "only $ref within the document is followed",
    "$recursiveRef": "only $ref within the document is followed",
    "$anchor": "refer to a schema by its pointer, such as #/$defs/name",
    "$dynamicAnchor": "refer to a schema by its pointer, such as #/$defs/name",
    "$recursiveAnchor": "refer to a schema by its pointer, such as #/$defs/name",
    "$vocabulary": "belongs in a meta-schema",
    "dependencies": "is of older drafts: use dependentRequired or dependentSchemas",
    "additionalItems": "is of older drafts: use items after prefixItems",
}
ANNOTATIONS = _words(
    "$schema $id $comment $defs definitions title description default examples deprecated readOnly writeOnly "
    "contentEncoding contentMediaType contentSchema discriminator"
)

# Where schemas stand inside a schema.
ONE = _words(
    "additionalProperties items contains not if then else propertyNames unevaluatedItems unevaluatedProperties"
)
MANY = _words("allOf anyOf oneOf prefixItems")
NAMED = _words("properties patternProperties dependentSchemas $defs definitions")

GRAMMAR_FORMATS = _words("date-time time date duration email hostname ipv4 ipv6 uuid uri")
VALIDATOR_FORMATS = _words(
    "idn-email idn-hostname uri-reference iri iri-reference json-pointer relative-json-pointer regex uri-template"
)
DIALECTS = frozenset(
    {
        "https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2019-09/schema",
        "http://json-schema.org/draft-07/schema",
    }
)


BOUNDS = _words("minimum maximum exclusiveMinimum exclusiveMaximum")


def bounds_in_grammar(bound: float) -> bool:
    """Whether the grammar can keep numbers to this side of `bound`: it counts in 64-bit floats."""
    return abs(bound) <= 10**15


def counts_in_grammar(schema: dict[str, Any]) -> bool:
    """Whether the grammar can count the properties of an object (`minProperties`, `maxProperties`): only where no
    declared property is optional."""
    return set(schema.get("properties", {})) <= set(schema.get("required", ()))


def resolve(root: Any, ref: str) -> Any:
    """The schema `ref` (`#` or `#/…`) points to in `root`. Raises KeyError when there is none."""
    node = root
    for part in ref.removeprefix("#").split("/")[1:]:
        key = unquote(part).replace("~1", "/").replace("~0", "~")  # a reference is a URI
        if isinstance(node, dict):
            node = node[key]
        elif isinstance(node, list) and key.isascii() and key.isdigit() and int(key) < len(node):
            node = node[int(key)]
        else:
            raise KeyError(ref)
    return node
