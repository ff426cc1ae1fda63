"""The command `extractor`: the composition root, and the only part of this package that may enter workers/ and api/.

Exit codes: 0 all succeeded, 1 some documents failed, 2 bad usage or input, 3 the service cannot be reached.
Machine output goes to stdout, everything else to stderr; a user never sees a traceback unless EXTRACTOR_DEBUG is set.
"""

from __future__ import annotations

from extractor.cli.app import app, main

__all__ = ["app", "main"]
