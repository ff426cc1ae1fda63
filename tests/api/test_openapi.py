"""The OpenAPI document: complete, its examples true to their models, every error a problem; and importing the API
loads no model."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient

from api.app import create_app
from api.models import batches, extractions, health, problems, requests, schemas, workers
from api.models.examples import batches as batch_examples
from api.models.examples import extractions as examples
from api.models.examples import health as health_examples
from api.models.examples import schemas as schema_examples
from api.models.examples.problems import PROBLEM
from api.problems import CODES, MEDIA_TYPE, Problem
from api.submission.request_headers import idempotency_key
from schemas import Registry, check

CALLS = {
    ("post", "/v1/extractions"),
    ("get", "/v1/extractions"),
    ("get", "/v1/extractions/{id}"),
    ("delete", "/v1/extractions/{id}"),
    ("get", "/v1/extractions/{id}/events"),
    ("post", "/v1/extractions/{id}/cancel"),
    ("put", "/v1/extractions/{id}/review"),
    ("post", "/v1/pages"),
    ("get", "/v1/webhook"),
    ("put", "/v1/webhook"),
    ("delete", "/v1/webhook"),
    ("post", "/v1/webhook/secret"),
    ("get", "/v1/webhook/undelivered"),
    ("post", "/v1/webhook/undelivered/{id}/retry"),
    ("post", "/v1/batches"),
    ("get", "/v1/batches"),
    ("get", "/v1/batches/{id}"),
    ("delete", "/v1/batches/{id}"),
    ("get", "/v1/batches/{id}/results"),
    ("get", "/v1/batches/{id}/errors"),
    ("post", "/v1/batches/{id}/cancel"),
    ("get", "/v1/workers"),
    ("get", "/v1/schemas"),
    ("get", "/v1/schemas/{name}"),
    ("post", "/v1/schemas/check"),
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/metrics"),
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app().openapi()


def each_call(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(f"{verb} {path}", call) for path, item in document["paths"].items() for verb, call in item.items()]


def test_every_call_is_there_and_no_other(document: dict[str, Any]) -> None:
    assert {(verb, path) for path, item in document["paths"].items() for verb in item} == CALLS


def test_every_call_is_in_the_docs_and_no_other() -> None:
    page = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| `([A-Z]+) (\S+)` \|", page, re.M)
    assert {(verb.lower(), path) for verb, path in shown} == CALLS


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: Any) -> set[str]:
        if isinstance(node, dict):
            own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
            return own.union(*map(references, node.values()))
        return set().union(*map(references, node)) if isinstance(node, list) else set()

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    found = {
        ref for ref in references(document["paths"]) | references(document["components"]) if ref.startswith("#/comp")
    }
    assert found <= known


def test_descriptions_speak_english_and_name_fields_in_backticks(document: dict[str, Any]) -> None:
    names = [(text, name) for text in described(document) for name in re.findall(r"\b[a-z]+_[a-z_]+\b", text)]
    assert not names


def described(part: Any) -> Iterator[str]:
    """Every description within a part of the document, without what stands in backticks."""
    if isinstance(part, dict):
        if isinstance(text := part.get("description"), str):
            yield re.sub(r"`[^`]*`", "", text)
        part = list(part.values())
    for one in part if isinstance(part, list) else ():
        yield from described(one)


def test_keys_ids_and_cursors_have_patterns(document: dict[str, Any]) -> None:
    """And the examples keep to them."""
    seen: dict[str, set[str]] = {}
    for _, call in each_call(document):
        for parameter in call.get("parameters", []):
            schema = parameter["schema"]
            schema = next((one for one in schema.get("anyOf", []) if one["type"] == "string"), schema) | schema
            if parameter["name"] in ("Idempotency-Key", "idempotency-key", "cursor", "id", "batch"):
                pattern = schema["pattern"]
                seen.setdefault(parameter["name"].lower(), set()).add(pattern)
                assert all(re.search(pattern, example) for example in schema.get("examples", []))
    assert seen.keys() == {"idempotency-key", "cursor", "id", "batch"}
    (key,) = seen["idempotency-key"]
    for text in ("a", "card-17", "~" * 255, "!"):
        assert re.search(key, text)
        assert idempotency_key(text) == text
    for text in ("", "a b", "é", "x" * 256, "a\n"):
        assert not re.search(key.replace("$", r"\Z"), text)
        with pytest.raises(Problem):
            idempotency_key(text)


def test_every_error_is_a_problem_with_an_example(document: dict[str, Any]) -> None:
    for name, call in each_call(document):
        for status, response in call["responses"].items():
            if status >= "400":
                assert list(response["content"]) == [MEDIA_TYPE], f"{name} {status}"
                example = response["content"][MEDIA_TYPE]["example"]
                assert example["status"] == int(status)
                problems.ProblemDetails.model_validate(example)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_every_example_fits_its_schema(document: dict[str, Any]) -> None:
    checked = 0
    for name, call in each_call(document):
        bodies = [call["requestBody"]] if "requestBody" in call else []
        for part in [*bodies, *call["responses"].values()]:
            content = part.get("content", {}).get("application/json")
            if content is None:
                continue
            schema = {**content["schema"], "components": document["components"]}
            samples = [one["value"] for one in content.get("examples", {}).values()]
            samples += [content["example"]] if "example" in content else []
            assert samples or "/healthz" in name or "/readyz" in name, f"{name} shows no example"
            for sample in samples:
                jsonschema_rs.validate(schema, sample)
                checked += 1
    assert checked >= 12


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (requests.CreateExtraction, examples.CREATE_JSON),
        (requests.CreateExtraction, examples.CREATE_BASE64),
        (requests.CreateExtraction, examples.CREATE_INLINE),
        (extractions.Extraction, examples.QUEUED),
        (extractions.Extraction, examples.SUCCEEDED),
        (extractions.Extraction, examples.CANCELLED),
        (extractions.ExtractionPage, examples.PAGE),
        (batches.BatchLine, batch_examples.BATCH_LINE),
        (batches.BatchDetail, batch_examples.BATCH),
        (batches.BatchDetail, batch_examples.BATCH_DONE),
        (batches.BatchDetail, batch_examples.BATCH_CANCELLED),
        (batches.BatchPage, batch_examples.BATCH_PAGE),
        (batches.BatchResult, batch_examples.BATCH_RESULT),
        (batches.BatchError, batch_examples.BATCH_ERROR),
        (schemas.SchemaList, schema_examples.SCHEMA_LIST),
        (schemas.SchemaDetail, schema_examples.SCHEMA_DETAIL),
        (schemas.CheckSchema, schema_examples.CHECK_REQUEST),
        (schemas.CheckReport, schema_examples.CHECK_REPORT),
        (workers.WorkerList, workers.EXAMPLE),
        (health.Health, health_examples.HEALTH),
        (health.Ready, health_examples.READY),
        (problems.ProblemDetails, PROBLEM),
    ],
)
def test_an_example_is_an_instance_of_its_model(model: type[BaseModel], example: dict[str, Any]) -> None:
    model.model_validate(example)


def test_the_examples_of_schemas_are_what_the_service_says() -> None:
    contact = Registry.discover().get("contact")
    shown = schema_examples.SCHEMA_LIST["data"][0]
    assert all(shown[name] == getattr(contact, name) for name in ("name", "version", "ref", "description"))
    assert check(schema_examples.CHECK_REQUEST["json_schema"]).as_json() == schema_examples.CHECK_REPORT


def test_the_docs_page_loads_nothing_from_elsewhere() -> None:
    client = TestClient(create_app())
    page = client.get("/docs").text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(loaded) >= 3
    for path in loaded:
        assert path.startswith("/docs/static/"), path
        assert client.get(path).status_code == 200
    assert "http://" not in page
    assert "https://" not in page


def test_every_code_is_in_the_docs() -> None:
    pages = [Path(__file__).parents[2] / "docs" / name for name in ("api.md", "errors.md")]
    page = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert [code for code in CODES if f"`{code}`" not in page] == []


def test_every_code_has_a_status_and_a_title() -> None:
    for code, kind in CODES.items():
        problem = Problem(code, "detail").body("id")
        assert 400 <= kind.status < 600
        assert problem["type"].endswith(code)


@pytest.mark.process
def test_importing_the_api_loads_no_model() -> None:
    heavy = ("torch", "transformers", "outlines", "llguidance", "extractor.engine", "extractor.grammar.compile")
    script = (
        "import sys, api.app, api.server.server; api.app.create_app().openapi();"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=110, check=True)
    assert done.stdout.strip() == "[]"


def test_a_client_can_be_generated(document: dict[str, Any]) -> None:
    """What generators ask for: names of calls that are names of functions, each once; a body they know for each call
    that has one; and every reference leads somewhere."""
    calls = [call for path in document["paths"].values() for call in path.values()]
    names = [call["operationId"] for call in calls]
    assert len(names) == len(set(names))
    assert all(re.fullmatch("[a-z][a-z_]*", name) for name in names)
    known = {"application/json", "multipart/form-data", "application/octet-stream"}
    assert all(known & call["requestBody"]["content"].keys() for call in calls if "requestBody" in call)
    refs = set(re.findall(r"\"#/components/schemas/([^\"]+)\"", json.dumps(document["paths"])))
    assert refs
    assert refs <= document["components"]["schemas"].keys()
