"""The version of the installed package."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache  # reading it parses a file, and probes ask every second
def package_version() -> str:
    """As installed, or `0` in a checkout that never was."""
    try:
        return version("extractor")
    except PackageNotFoundError:
        return "0"
