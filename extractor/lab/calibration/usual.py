"""Makes `extractor/calibration/usual.json`: `python -m extractor.lab.calibration.usual`.

Of the written corpus' training side: for each field of a document's kind, under each of its keys, whether the document
says it. A logistic regression over the words of the keys tells how much each of them says of that. No document that a
fit is made of or measured by is on this side.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib.resources import files

import numpy as np

from extractor.calibration.fit import likeliest
from extractor.calibration.usual import FILE, stems
from extractor.lab.training.written import File, Written, documents

# By the stems of a key: how many fields are said, of how many asked for.
Told = dict[frozenset[str], tuple[float, float]]

_LEAST = 8.0  # times that a word was asked for
_PENALTY = 3.0


def main() -> None:
    counts = counted()
    bias, weights = weighed(counts)
    table = {"bias": bias, "weights": dict(sorted(weights.items()))}
    path = files("extractor.calibration").joinpath(FILE)
    with open(str(path), "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(json.dumps(table, ensure_ascii=False, indent=0) + "\n")
    print(f"{len(weights)} words, of {len(counts)} keys")


def counted() -> Told:
    """Each field of each document counts once, however many keys users give it."""
    with_value: defaultdict[frozenset[str], float] = defaultdict(float)
    times_asked: defaultdict[frozenset[str], float] = defaultdict(float)
    for file, written in documents(False):
        for names, keys, share in _fields(file, written):
            for key in keys:
                own = stems([*names, key])
                with_value[own] += share / len(keys)
                times_asked[own] += 1 / len(keys)
    return {own: (with_value[own], times) for own, times in times_asked.items()}


def weighed(counts: Told) -> tuple[float, dict[str, float]]:
    """What is added, and the weight of each stem that is met often."""
    met: Counter[str] = Counter()
    for own, (_, times) in counts.items():
        for stem in own:
            met[stem] += times  # type: ignore[assignment]
    place = {stem: at for at, stem in enumerate(stem for stem, times in met.items() if times >= _LEAST)}
    x = np.zeros((len(counts), len(place) + 1))
    for row, own in enumerate(counts):
        x[row, [place[stem] for stem in own if stem in place]] = 1
    x[:, -1] = 1
    with_value, times_asked = np.asarray(list(counts.values())).T
    penalty = np.append(np.full(len(place), _PENALTY), 1e-6)
    weights = likeliest(x, with_value / times_asked, penalty, np.zeros(x.shape[1]), times_asked)
    return round(float(weights[-1]), 2), {stem: round(float(weights[at]), 2) for stem, at in place.items()}


def _fields(file: File, written: Written) -> Iterator[tuple[list[str], set[str], float]]:
    """Of each field of the kind: the names above it, its keys, and how often the document says it, 0 to 1."""
    rows: defaultdict[str, set[int]] = defaultdict(set)
    for mark in written.marks:
        rows[mark.path].add(mark.row)
    tables: defaultdict[str, set[int]] = defaultdict(set)
    for path, own in rows.items():
        tables[path.partition("[].")[0]] |= own
    for path, field in file.fields.items():
        table, _, below = path.partition("[].")
        if path.endswith("[]") or (below and not tables[table]):
            continue
        *names, last = (part.removesuffix("[]") for part in path.split("."))
        share = len(rows[path]) / len(tables[table]) if below else float(bool(rows[path]))
        yield names, {last, *field.keys}, share


if __name__ == "__main__":
    main()
