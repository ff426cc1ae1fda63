"""What each process of the service gets of the environment: nobody a secret that it does not use.

docs/security.md has it as a table, and a test reads it from /proc of a running service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Ours, by who uses it. `up` starts the others and so has them all.
_STORE = frozenset({"EXTRACTOR_REDIS_URL", "EXTRACTOR_BROKER_URL"})  # API and workers
_KEYS = frozenset({"EXTRACTOR_API_KEYS", "EXTRACTOR_METRICS_TOKEN"})  # the API
_CLIENT = frozenset({"EXTRACTOR_API_KEY"})  # commands that call a service
_HUB = frozenset({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_TOKEN"})  # who loads a model
_TRACES = re.compile(r"OTEL_")  # its headers may carry a token: API and workers, who send traces
# Other people's, told by their name, or by a value that is a URL with a password in it.
_SECRET_NAME = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIAL|COOKIE|TOKENS?(_|$)|(^|_)(PWD|PASS|AUTH|DSN)(_|$)|"
    r"(^|_)KEYS?$|(API|ACCESS|PRIVATE|SIGNING|ENCRYPTION)_?KEY",
    re.I,
)
_SECRET_VALUE = re.compile(r"://[^/@\s]*:[^/@\s]+@")
_NO_SECRETS = frozenset({"PWD", "OLDPWD"})
_PROXY = re.compile(r"(https?|all|no)_proxy", re.I)  # the way to the hub and to the collector of traces
_BARE = re.compile(r"PATH|HOME|LANG|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH|MALLOC_\w+")


def of_store(environ: Mapping[str, str]) -> dict[str, str]:
    """The embedded store reads its configuration and nothing else."""
    return {name: value for name, value in environ.items() if _BARE.fullmatch(name)}


def of_api(environ: Mapping[str, str]) -> dict[str, str]:
    """No hub token: it loads no model."""
    return _without(environ, _CLIENT | _HUB, traces=True)


def of_worker(environ: Mapping[str, str]) -> dict[str, str]:
    """No API keys: it answers nobody. The hub token it hands to its engine."""
    return _without(environ, _CLIENT | _KEYS, traces=True)


def of_engine(environ: Mapping[str, str], *, fetches: bool) -> dict[str, str]:
    """No store, no keys, no collector; a hub token only where it may have to fetch its model."""
    return _without(environ, _STORE | _CLIENT | _KEYS | (frozenset() if fetches else _HUB), traces=False)


def _without(environ: Mapping[str, str], withheld: frozenset[str], *, traces: bool) -> dict[str, str]:
    ours = _STORE | _KEYS | _CLIENT | _HUB

    def passes(name: str, value: str) -> bool:
        if name in ours:
            return name not in withheld
        if _TRACES.match(name):
            return traces
        if name in _NO_SECRETS or name.startswith("EXTRACTOR_") or _PROXY.fullmatch(name):
            return True
        return not _SECRET_NAME.search(name) and not _SECRET_VALUE.search(value)

    return {name: value for name, value in environ.items() if passes(name, value)}
