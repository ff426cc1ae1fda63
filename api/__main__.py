"""`python -m api`: the API on its own, as in the image without torch."""

from __future__ import annotations

from api.server.server import main

main()
