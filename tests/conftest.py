"""What holds for every test: no setting of the developer's shell, no hub, and for the end-to-end tests one service."""

from __future__ import annotations

import os

for _name in [name for name in os.environ if name.startswith("EXTRACTOR_")]:
    del os.environ[_name]
os.environ["HF_HUB_OFFLINE"] = "1"
