"""Schemas and models by their seeds, each with a name to find it by, and all of them through the judge."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator

from pydantic_core import SchemaError

from schemas import InvalidSchema, Schema, inline
from schemas.schema import of_model
from tests.property.json_schemas import SchemaMaker
from tests.property.judged import Tally, judge
from tests.property.models import of_seed

Named = tuple[int, str, Schema]


def json_schemas(seeds: Iterable[int]) -> Iterator[Named]:
    """Without those that `check` refuses."""
    for seed in seeds:
        json_schema = SchemaMaker(seed).whole()
        try:
            yield seed, f"schema {seed}: {json.dumps(json_schema)[:1000]}", inline(json_schema)
        except InvalidSchema:
            continue


def models(seeds: Iterable[int]) -> Iterator[Named]:
    """Without what pydantic does not make, and those that `check` refuses."""
    for seed in seeds:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                schema = of_model(of_seed(seed))
        except (InvalidSchema, SchemaError, TypeError, RuntimeError):
            continue
        yield seed, f"model {seed}: {json.dumps(schema.json_schema)[:1000]}", schema


KINDS = {"schemas": json_schemas, "models": models}


def walked(found: Iterable[Named]) -> Tally:
    """Answers by walks of the grammar alone."""
    tally = Tally()
    for seed, name, schema in found:
        one = judge(schema, seed)
        one.faults = [f"{name}\n  {fault}" for fault in one.faults]
        tally.add(one)
    return tally
