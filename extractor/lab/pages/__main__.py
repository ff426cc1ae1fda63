"""`make docs`: every example and every made region of the pages as they come out now.

make docs                          examples, settings, calls, tables and pictures of what is kept in docs/runs/
make docs ARGS='README.md'         of these pages only
make docs ARGS='--bench'           measures first: prints what it will run, keeps each run in docs/runs/
make docs ARGS='--bench=one_row'   of these runs only, separated by commas
make docs ARGS='--check'           writes nothing; exit code 1 and what differs
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime

from extractor.errors import ExtractorError
from extractor.lab.pages import book, pictures, runs


def main(arguments: list[str]) -> int:
    """Exit code: 0; 1 where something differs or a run failed; 2 for bad usage."""
    parser = argparse.ArgumentParser(prog="make docs", description=__doc__.split("\n")[0])
    parser.add_argument("pages", nargs="*", default=book.pages(), help="default: all")
    parser.add_argument("--bench", nargs="?", const="", default=None, metavar="RUNS", help="measure first")
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    options = parser.parse_args(arguments)
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {runs.machine()}", flush=True)
    try:
        if options.bench is not None:
            runs.measure(runs.chosen(options.bench))
        return _write(options.pages, options.check)
    except (ExtractorError, ValueError, OSError) as error:
        print(f"make docs: {error}", file=sys.stderr)
        return 2


def _write(pages: list[str], check: bool) -> int:
    started = time.monotonic()
    changed = _draw(check)
    with book.service() as url:
        print(f"The service answers after {time.monotonic() - started:.0f} s.", flush=True)
        for name in pages:
            page, faults = book.renewed(name, url)
            changed += len(faults)
            if not check:
                (book.ROOT / name).write_text(page.text, "utf-8")
            print(f"{name}: {'nothing has changed' if not faults else f'{len(faults)} changed'}", flush=True)
            print("".join(f"\n{fault}\n" for fault in faults), end="")
    return 1 if check and changed else 0


def _draw(check: bool) -> int:
    """How many pictures are others now."""
    drawn = {book.ROOT / name: text for name, text in pictures.drawn().items()}
    changed = [path for path, text in drawn.items() if not path.exists() or path.read_text("utf-8") != text]
    for path in changed:
        print(f"{path.relative_to(book.ROOT)}: is drawn anew", flush=True)
        if not check:
            path.write_text(drawn[path], "utf-8")
    return len(changed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
