"""How large a schema may be. Schemas come from strangers, and each limit closes a denial of service that such
a library had (vLLM GHSA-vrq3-r879-7m65, XGrammar CVE-2025-57809, CVE-2025-58446, CVE-2026-25048)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SchemaLimits:
    max_bytes: int = 262_144  # as compact JSON
    max_depth: int = 64  # JSON values within values
    max_values: int = 20_000  # JSON values in all
    max_key_chars: int = 1_000  # of any key, and so of every step of a pointer
    max_properties: int = 1_000  # declared in all
    max_definitions: int = 200
    max_enum: int = 1_000  # values of one enum
    max_pattern_chars: int = 512
    max_pattern_size: int = 10_000  # atoms, counted repeats written out
    max_patterns_cost: int = 1_000_000  # of all patterns together, by what each atom costs to compile (patterns.py)
    max_repeat: int = 100_000  # minLength, maxItems and their like
    max_required_repeat: int = 1_000  # minItems, minProperties, minLength: what an answer is made to hold
    max_expanded: int = 5_000  # subschemas once every $ref is written out, through every keyword that holds one


LIMITS = SchemaLimits()
