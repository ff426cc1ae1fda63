"""Which charsets there are. Asked before Python's codecs are, which remember every name that they were ever asked for
and did not find: a caller who makes up names would fill the memory."""

from __future__ import annotations

import codecs
import encodings
import encodings.aliases
import pkgutil
import re

_NAME = re.compile(r"[a-z0-9][a-z0-9_.:+-]{0,39}")
_NO_CHARSET = frozenset("charmap idna punycode raw-unicode-escape undefined unicode-escape utf-7".split())
_MODULES = frozenset(one.name for one in pkgutil.iter_modules(encodings.__path__))
_KNOWN = frozenset(encodings.aliases.aliases) | frozenset(encodings.aliases.aliases.values()) | _MODULES


def known(name: str) -> bool:
    """Whether it is a charset's, so that bytes can be decoded by it."""
    name = name.lower()
    if not _NAME.fullmatch(name) or re.sub(r"[^a-z0-9]+", "_", name) not in _KNOWN:
        return False
    try:
        found = codecs.lookup(name)
    except LookupError:  # a module of the package that is no codec
        return False
    return found._is_text_encoding and found.name.replace("_", "-") not in _NO_CHARSET
