"""Schemas and models by their seeds, through the judge."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable

from pydantic_core import SchemaError

from schemas import InvalidSchema, inline
from schemas.schema import of_model
from tests.property.json_schemas import Maker
from tests.property.judged import Tally, judge
from tests.property.models import of_seed


def of_json_schemas(seeds: Iterable[int]) -> Tally:
    """What `check` refuses is not counted among the schemas."""
    tally = Tally()
    for seed in seeds:
        json_schema = Maker(seed).whole()
        try:
            schema = inline(json_schema)
        except InvalidSchema:
            continue
        found = judge(schema, seed)
        found.faults = [f"schema {seed}: {json.dumps(json_schema)[:1000]}\n  {fault}" for fault in found.faults]
        tally.add(found)
    return tally


def of_models(seeds: Iterable[int]) -> Tally:
    """What pydantic does not make, or `check` refuses, is not counted among the schemas."""
    tally = Tally()
    for seed in seeds:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                schema = of_model(of_seed(seed))
        except (InvalidSchema, SchemaError, TypeError, RuntimeError):
            continue
        found = judge(schema, seed)
        found.faults = [f"model {seed}: {json.dumps(schema.json_schema)[:1000]}\n  {fault}" for fault in found.faults]
        tally.add(found)
    return tally
