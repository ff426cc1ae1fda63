"""The drafters, by the names that settings, requests, results and metrics know them by."""

from __future__ import annotations

from typing import Literal, get_args

Drafter = Literal["grammar", "copy", "mtp"]

DRAFTERS: tuple[str, ...] = get_args(Drafter)
"""`grammar`: text the schema forces (jump-forward). `copy`: text the document foretells (prompt lookup). `mtp`: chains
of the model's own drafter (multi-token prediction)."""
