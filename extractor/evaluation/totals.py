"""All documents of a run together: counts, value-F1, calibration, grounding, time. Plain numbers out.

**Value-F1**, as benchmarks of extraction define it: over the values of all leaves, after items of lists are matched. A
value that is right (exact or normalised) is a true positive; one that is wrong is a false positive and a false
negative, an invented one a false positive, a missing one a false negative. Nulls are no values. *Micro* counts all
documents together, *macro* is the mean of the documents' own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from extractor.evaluation.compare import KINDS, Kind
from extractor.evaluation.judged import Judged, JudgedLeaf, of_nulls, of_values
from extractor.evaluation.metrics import left_unmarked, reliability

JSON = dict[str, Any]
_BELOW = (0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95)  # thresholds for `review_below`
_PLACE_IN_LIST = re.compile(r"/\d+(?=/|$)")


@dataclass(frozen=True)
class F1:
    """`f1` is 1 where there was nothing to say and nothing was said."""

    precision: float
    recall: float
    f1: float


def f1_of(leaves: Iterable[JudgedLeaf]) -> F1:
    return f1_from(Counter(leaf.outcome.kind for leaf in leaves))


def f1_from(kinds: Counter[Kind]) -> F1:
    right = kinds["exact"] + kinds["normalised"]
    answered, wanted = right + kinds["wrong"] + kinds["invented"], right + kinds["wrong"] + kinds["missing"]
    return F1(
        right / answered if answered else 1.0,
        right / wanted if wanted else 1.0,
        2 * right / (answered + wanted) if answered + wanted else 1.0,
    )


def totals(judged: list[Judged], seconds: float) -> JSON:
    """`seconds`: wall clock of all of them, as many at once as there were."""
    leaves = [leaf for one in judged for leaf in one.leaves]
    kinds = Counter(leaf.outcome.kind for leaf in leaves)
    done = [one for one in judged if one.answered.error is None]
    return {
        "documents": {
            "count": len(judged),
            "right": sum(one.right for one in judged),
            "failed": dict(Counter(one.answered.error["code"] for one in judged if one.answered.error)),
            "ran_on": sum(one.ran_on for one in judged),
            "ended": sum(one.was_ended for one in judged),
        },
        "leaves": _counts(kinds) | {"accuracy": _share(sum(leaf.outcome.right for leaf in leaves), len(leaves))},
        "value_f1": {
            "micro": vars(f1_from(kinds)),
            "macro": _macro(judged),
        },
        "invented": {
            "where_gold_has_none": kinds["invented"],
            "not_printed": sum(len(one.unprinted) for one in judged),
            "not_printed_and_not_right": sum(leaf.printed is False and not leaf.outcome.right for leaf in leaves),
            "written": sum(one.written for one in judged),
        },
        "grounding": _grounding(leaves),
        "calibration": {
            "fit": next((one.answered.result.get("calibration") for one in done if one.answered.result), None),
            "values": reliability(of_values(leaves)).as_json(),
            "nulls": reliability([one for each in judged for one in of_nulls(each.leaves)]).as_json(),
        },
        "review": _review(leaves),
        "time": _time(done, seconds),
    }


def by_field(judged: list[Judged]) -> list[JSON]:
    """Counts of each field, places in lists not told apart, in the order in which they were met."""
    found: dict[str, list[JudgedLeaf]] = {}
    for one in judged:
        for leaf in one.leaves:
            where = leaf.outcome.pointer_in_gold or leaf.outcome.pointer_in_answer or ""
            found.setdefault(_PLACE_IN_LIST.sub("/*", where), []).append(leaf)
    return [_field(name, Counter(leaf.outcome.kind for leaf in leaves)) for name, leaves in found.items()]


def _review(leaves: list[JudgedLeaf]) -> list[JSON]:
    """What marking below some confidences is worth, of values and nulls together."""
    judged = [*of_values(leaves), *of_nulls(leaves)]
    found = [(below, *left_unmarked(judged, below)) for below in _BELOW] if judged else []
    return [{"below": below, "marked": marked, "right_of_the_rest": right} for below, marked, right in found]


def _field(name: str, kinds: Counter[Kind]) -> JSON:
    """Without an F1 where there was nothing to say and nothing was said."""
    f1 = vars(f1_from(kinds)) if kinds.total() > kinds["null_right"] else dict.fromkeys(vars(f1_from(kinds)))
    return {"field": name, **_counts(kinds), **f1}


def _counts(kinds: Counter[Kind]) -> JSON:
    return {"count": kinds.total(), **{kind: kinds[kind] for kind in KINDS}}


def _share(some: float, all_: float) -> float | None:
    return some / all_ if all_ else None


def _macro(judged: list[Judged]) -> JSON:
    each = [f1_of(one.leaves) for one in judged]
    return {name: fmean(vars(one)[name] for one in each) for name in ("precision", "recall", "f1")}


def _grounding(leaves: list[JudgedLeaf]) -> JSON | None:
    """None where no right answer says where values stand."""
    known = [leaf.grounding for leaf in leaves if leaf.grounding is not None]
    if not known:
        return None
    found = Counter(one.found for one in known)
    pages = [one.page for one in known if one.page is not None]
    words = [one.words for one in known if one.words is not None]
    both, answered, wanted = (sum(one[at] for one in words) for at in range(3))
    printed = found["right"] + found["elsewhere"] + found["not_found"]
    return {
        "values": len(known),
        **{name: found[name] for name in ("right", "elsewhere", "not_found", "rightly_none", "unprinted_found")},
        "place": _share(found["right"], printed),
        "page": _share(sum(pages), len(pages)),
        "words": {
            "precision": _share(both, answered),
            "recall": _share(both, wanted),
            "f1": _share(2 * both, answered + wanted),
        }
        if words
        else None,
    }


def _time(done: list[Judged], seconds: float) -> JSON:
    each = [one.answered.seconds for one in done]
    usage = [one.answered.result["usage"] for one in done if one.answered.result]
    tokens = sum(one["output_tokens"] for one in usage)
    return {
        "seconds": round(seconds, 3),
        "documents_per_s": _share(len(done), seconds),
        "median_s": median(each) if each else None,
        "longest_s": max(each, default=None),
        "output_tokens": tokens,
        "tokens_per_s": _share(tokens, seconds),
        "model_calls": sum(one["model_calls"] for one in usage),
    }
