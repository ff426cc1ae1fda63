"""What people found when they reviewed extractions, as lines for `eval` and `calibrate`: the right answers beside the
files that were sent. The service has erased its own copies of those."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from extractor.cli.batch_inputs import custom_id_of
from extractor.cli.declare import Exit, argument, option
from extractor.cli.documents import Source, sources
from extractor.cli.flags import ApiKey, Url, connect
from extractor.cli.output import SOME_FAILED, fail, put, say
from extractor.client import Job
from schemas.jsontext import written

_INLINE = "inline"


def gold(
    inputs: Annotated[list[str], argument(metavar="INPUT", help="Files, folders or globs that were sent.")],
    schema: Annotated[str | None, option("--schema", "-s", help="Of this schema only.")] = None,
    output: Annotated[Path | None, option("--output", "-o", help="A .jsonl file; else standard output.")] = None,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """What was reviewed as gold for eval and calibrate: a line each, the document and its right answer.

    A document is the file among INPUT that has its name and size, else the text that the service kept (options.text).
    One that has neither is left out. Of several reviews of one file the newest counts. Paths are from the folder of the
    output.
    """
    if output is not None and output.exists():
        fail(f"{output} is there already")
    files = SentFiles(sources(inputs), output.parent if output else Path())
    which = {"review": "done", **({"schema": schema} if schema else {})}
    with connect(url, api_key) as client:
        reviewed = _newest((job, files.of(job)) for job in client.list(**which))
        lines = [line_of(client.get(job.id), file) for job, file in reviewed]
    found = [line for line in lines if line is not None]
    _write(found, output)
    say(_ending(len(found), len(lines) - len(found)))
    if len(found) < len(lines):
        raise Exit(SOME_FAILED)


def _newest(reviewed: Iterable[tuple[Job, str | None]]) -> list[tuple[Job, str | None]]:
    """Of those, newest first, the first of each file and schema, in the order in which they were sent."""
    found: dict[tuple[str, str], tuple[Job, str | None]] = {}
    for job, file in reviewed:
        found.setdefault((file or job.id, job.schema_), (job, file))
    return [*found.values()][::-1]


class SentFiles:
    """Files by the names under which the service may know them. A name that several have is nobody's."""

    def __init__(self, found: Iterable[Source], seen_from: Path) -> None:
        self._seen_from = seen_from
        self._named: defaultdict[str, set[Path]] = defaultdict(set)
        for one in found:
            if one.path is not None and one.path.exists():
                self._named[custom_id_of(one.name)].add(one.path)
                self._named[one.path.name].add(one.path)

    def of(self, job: Job) -> str | None:
        """The path of the document of a listed job, from the folder that the gold lies in."""
        document = (job.model_extra or {}).get("document") or {}
        for name in (job.custom_id, document.get("filename")):
            files = self._named.get(name or "", ())
            fitting = [file for file in files if file.stat().st_size == document.get("bytes")]
            if len(fitting) == 1:
                return os.path.relpath(fitting[0], self._seen_from)
        return None


def line_of(job: Job, file: str | None) -> dict[str, Any] | None:
    """None where there is no document for it."""
    answer = job.result or job.error or {}
    text = (answer.get("document") or {}).get("text")
    if file is None and text is None:
        return None
    line = {"custom_id": job.name or job.id, "document": file if file is not None else {"text": text}}
    reviewed = (job.model_extra or {}).get("reviewed") or {}
    line["expected"] = corrected(answer.get("data"), reviewed.get("corrections", {}))
    name = job.schema_.partition("@")[0]
    return line if name == _INLINE else {**line, "schema": name}


def corrected(data: Any, corrections: dict[str, Any]) -> Any:
    """`data` with right values in their places, by RFC 6901 pointers into it. One that lies within another comes after
    it, and is left out where that has no such place."""
    whole = {"": data}
    for pointer in sorted(corrections, key=len):
        _put(whole, [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")], corrections[pointer])
    return whole[""]


def _put(place: Any, steps: Sequence[str], value: Any) -> None:
    *way, last = steps
    for step in way:
        place = _within(place, step)
    if isinstance(place, list) and int(last) < len(place):
        place[int(last)] = value
    elif isinstance(place, dict) and last in place:
        place[last] = value


def _within(place: Any, step: str) -> Any:
    """None where there is nothing."""
    if isinstance(place, list):
        return place[int(step)] if int(step) < len(place) else None
    return place.get(step) if isinstance(place, dict) else None


def _write(lines: Iterable[dict[str, Any]], output: Path | None) -> None:
    if output is None:
        for line in lines:
            put(line)
        return
    try:
        output.write_bytes(b"".join(_ended(lines)))
    except OSError as error:
        fail(f"Cannot write {output}: {error.strerror}")


def _ended(lines: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    for line in lines:
        yield written(line) + b"\n"


def _ending(found: int, left: int) -> str:
    if not found and not left:
        return "Nothing that the service still has was reviewed"
    without = f"; {left} left out, whose file is not among INPUT and whose text was not kept" if left else ""
    return f"{found} reviewed document{'' if found == 1 else 's'}{without}"
