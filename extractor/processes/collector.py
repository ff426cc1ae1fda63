"""Python's garbage collector while a process starts. Knows nothing of what is started."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """Around the imports of a process. They leave next to no garbage, and the collector looks through all that is there
    again and again meanwhile: a quarter of a start. What is loaded afterwards it never looks at any more, not at the
    process's end either, which took a fifth of a second. Not for use beside other threads that do much."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
