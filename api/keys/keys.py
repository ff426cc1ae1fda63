"""API keys: made, stored as hashes, checked in constant time, each bound to one tenant. Knows no HTTP.

A key is 256 random bits, so a plain SHA-256 is a sufficient stored form: there is nothing to guess and a slow
hash would protect nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from api.config import ApiSettings, is_loopback

DEFAULT_TENANT = "default"
MAX_FILE_BYTES = 4 * 1024 * 1024
_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class KeyConfigError(ValueError):
    """The configured keys cannot be used, or are missing where they must not be."""


@dataclass(frozen=True)
class NewKey:
    """`key` goes to the client and is never stored; `entry` goes into `EXTRACTOR_API_KEYS`."""

    tenant: str
    key: str
    entry: str


def new_key(tenant: str = DEFAULT_TENANT) -> NewKey:
    """A fresh key for `tenant`. Raises KeyConfigError for a tenant name outside `[a-z0-9][a-z0-9_-]{0,63}`."""
    _check_tenant(tenant)
    key = f"ex_{secrets.token_urlsafe(32)}"
    return NewKey(tenant, key, f"{tenant}:{_digest(key)}")


@dataclass(frozen=True)
class Entry:
    """What is stored of a key: the SHA-256 of it, in hex."""

    tenant: str
    digest: str

    @property
    def id(self) -> str:
        """By which people name it; short, for nobody is let in by it."""
        return self.digest[:12]


class ApiKeys:
    """The keys a service accepts. One that starts without any is open to everyone, which only loopback may be."""

    def __init__(self, entries: tuple[Entry, ...] = ()) -> None:
        self.entries = entries

    @classmethod
    def load(cls, source: str) -> ApiKeys:
        """From `tenant:sha256hex` entries (commas or lines, `#` starts a comment), or from a file of them.

        Raises KeyConfigError and never repeats an entry: it may be a key pasted by mistake.
        """
        file = file_of(source)
        if file is None:
            return cls.parse(source)
        try:
            with file.open("rb") as opened:
                content = opened.read(MAX_FILE_BYTES + 1)
        except (OSError, ValueError) as error:
            detail = "EXTRACTOR_API_KEYS is neither tenant:sha256 entries nor a readable file"
            raise KeyConfigError(detail) from error
        keys = cls.of_file(content)
        if not keys:
            raise KeyConfigError("The file EXTRACTOR_API_KEYS names holds no keys")
        return keys

    @classmethod
    def of_file(cls, content: bytes) -> ApiKeys:
        """Raises KeyConfigError."""
        if len(content) > MAX_FILE_BYTES:
            raise KeyConfigError(f"The file of API keys is over {MAX_FILE_BYTES} bytes")
        try:
            return cls.parse(content.decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise KeyConfigError("The file of API keys is not UTF-8") from None

    @classmethod
    def parse(cls, text: str) -> ApiKeys:
        """Raises KeyConfigError."""
        return cls(tuple(_parse(number, entry) for number, entry in enumerate(_entries(text), 1)))

    def __bool__(self) -> bool:
        return bool(self.entries)

    def find(self, key: str) -> Entry | None:
        """The entry of `key`, or None. Every entry is compared, each in constant time, whatever matches."""
        presented = _digest(key)
        found: Entry | None = None
        for entry in self.entries:
            if hmac.compare_digest(presented, entry.digest):
                found = entry
        return found


def file_of(source: str) -> Path | None:
    """The file that `source` names, where it is not entries itself."""
    text = source.strip()
    return None if not text or _looks_like_entries(text) else Path(text)


def without(text: str, digest: str) -> str:
    """`text` of a file of keys with blanks where the entry of `digest` was: as long as before, so that it can be
    written over what is there, and half of it written is a file too."""
    return re.sub(rf"[^\s,#]*[^\S\n]*:[^\S\n]*{digest}", lambda found: " " * len(found[0]), text, flags=re.I)


def check_exposure(settings: ApiSettings, keys: ApiKeys) -> None:
    """Refuse to be reachable from elsewhere without keys. Raises KeyConfigError."""
    if not keys and not is_loopback(settings.host):
        raise KeyConfigError(
            f"Refusing to listen on {settings.host} without API keys. Set EXTRACTOR_API_KEYS to tenant:sha256 entries "
            "(`extractor keys new TENANT` makes one) or a file of them, or listen on 127.0.0.1"
        )


def _looks_like_entries(text: str) -> bool:
    return any(_SHA256.fullmatch(entry.rpartition(":")[2].strip()) for entry in _entries(text))


def _entries(text: str) -> list[str]:
    lines = (line.partition("#")[0] for line in text.splitlines())
    return [entry.strip() for line in lines for entry in line.split(",") if entry.strip()]


def _parse(number: int, entry: str) -> Entry:
    tenant, _, digest = entry.partition(":")
    digest = digest.strip().lower()
    if not _SHA256.fullmatch(digest):
        raise KeyConfigError(f"API key entry {number} is not tenant:sha256hex (64 hexadecimal digits)")
    _check_tenant(tenant.strip())
    return Entry(tenant.strip(), digest)


def _check_tenant(tenant: str) -> None:
    if not _TENANT.fullmatch(tenant):
        raise KeyConfigError("A tenant name is 1 to 64 of a-z, 0-9, _ and -, and starts with a letter or digit")


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
