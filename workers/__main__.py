"""`python -m workers`: one worker process (worker/main.py)."""

from __future__ import annotations

import sys

from extractor.processes.collector import importing

if __name__ == "__main__":
    with importing():
        from workers.worker.main import main
    sys.exit(main())
