"""`python -m api`: the API on its own, as in the image without torch."""

from __future__ import annotations

from extractor.processes.collector import importing

if __name__ == "__main__":
    with importing():
        from api.server.server import main
    main()
