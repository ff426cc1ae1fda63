"""docker/grafana.json: it has what Grafana asks of a dashboard, and every query names a metric that /metrics has, in
the form its kind has."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from api.observability.metrics import Metrics
from api.observability.stats import StoreSnapshot, families

DASHBOARD: dict[str, Any] = json.loads((Path(__file__).parents[1] / "docker" / "grafana.json").read_text())
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def metrics() -> set[str]:
    """As queries name them."""
    found = [*Metrics().registry.collect(), *families(StoreSnapshot([], {}, []))]
    return {one.name + suffix for one in found for suffix in SUFFIXES[one.type]}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_what_is_there(query: str) -> None:
    asked = set(re.findall(r"\bextractor_\w+", query))
    assert asked
    assert asked <= metrics()
    assert query.count("(") == query.count(")")


@pytest.mark.parametrize("query", QUERIES)
def test_what_every_api_process_says_alike_is_not_summed_over_them(query: str) -> None:
    """The ledger's metrics are the same from each; only a process's own are added up."""
    if "extractor_http_" not in query and "sum" in query:
        assert "max without (instance, pod)" in query


def test_it_is_a_dashboard_whose_source_is_chosen_where_it_is_loaded() -> None:
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= DASHBOARD.keys()
    (source,) = DASHBOARD["templating"]["list"]
    assert (source["type"], source["query"]) == ("datasource", "prometheus")
    uids = {target["datasource"]["uid"] for panel in DASHBOARD["panels"] for target in panel["targets"]}
    assert uids == {f"${{{source['name']}}}"}
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids)) == len(QUERIES)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]]
    assert len(places) == len(set(places))
