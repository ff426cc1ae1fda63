"""docker/alerts.yaml: every rule asks for metrics that /metrics has and says what to tell a person, and the page on
operations has each of them, and each metric."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from api.observability.metrics import Metrics
from tests.test_grafana import metrics

ROOT = Path(__file__).parents[1]
(GROUP,) = yaml.safe_load((ROOT / "docker" / "alerts.yaml").read_text())["groups"]
RULES: list[dict[str, Any]] = GROUP["rules"]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
OF_EACH_PROCESS = {one.name for one in Metrics().registry.collect()}  # the others are the ledger's


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_a_rule_asks_for_what_is_there_and_says_what_it_found(rule: dict[str, Any]) -> None:
    asked = set(re.findall(r"\bextractor_\w+", rule["expr"]))
    assert asked
    assert asked <= metrics()
    assert rule["expr"].count("(") == rule["expr"].count(")")
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_what_every_api_process_says_alike_is_not_summed_over_them(rule: dict[str, Any]) -> None:
    for summed in re.findall(r"\bsum\((.*)", rule["expr"]):
        (name,) = re.findall(r"\bextractor_\w+", summed)[:1]
        assert summed.startswith("max without (instance, pod)") or name.removesuffix("_total") in OF_EACH_PROCESS


def test_a_quotient_is_of_sums_without_labels_so_that_its_sides_meet() -> None:
    """Prometheus divides series of the same labels only: `status="failed"` by all statuses would never be anything."""
    quotients = [rule["expr"].split("/ ") for rule in RULES if re.search(r"\s/ ", rule["expr"])]
    assert quotients
    for sides in quotients:
        assert all(side.lstrip("(").startswith(("sum(", "max(")) for side in sides), sides


def test_the_page_says_what_to_do_about_each_and_no_others() -> None:
    told = re.findall(r"^\| `(Extractor\w+)` \|", PAGE, re.M)
    assert told == [rule["alert"] for rule in RULES]


def test_the_page_has_every_metric() -> None:
    table = PAGE.partition("## Metrics")[2].partition("## Alerts")[0]
    named = set(re.findall(r"`(?:extractor)?(_\w+)`", table))
    bare = {one.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for one in metrics()}
    missing = {one for one in bare if not any(one.endswith(each) for each in named)}
    assert missing == set()
