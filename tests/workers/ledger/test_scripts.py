"""The ledger's scripts as the process that runs them has them."""

from __future__ import annotations

import pytest

from workers.ledger import scripts


def test_what_is_installed_under_a_process_is_none_of_its_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is used for the first time then is of the process' own version too."""
    before = scripts.script("create")
    monkeypatch.setattr(scripts, "resources", None)  # the files are another version's by now
    scripts.script.cache_clear()
    assert scripts.script("create") == before
    assert scripts.script("hook_again").text
