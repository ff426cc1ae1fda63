"""A ZIP file whose members are read into memory, within bounds: Office files, OpenDocument, EPUB.

Nothing is unpacked to a disk, and nothing a member says of its size is believed: reading stops where the bounds are.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib

from extractor.sandbox import Rejected

MEMBERS = 20_000
MEMBER_BYTES = 256 * 1024**2
ENTRY = b"PK\x01\x02"
_CHUNK = 1024**2
_NAMED = 5
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)


class Archive:
    """`names` are as they stand in the archive, with `/` between folders; they are looked up without regard to case,
    as Office does. Raises Rejected `unreadable_document` (damaged), `password_required` or `document_too_complex`."""

    def __init__(self, data: bytes, expanded_bytes: int) -> None:
        if data.count(ENTRY) > MEMBERS:  # before zipfile makes an object of each
            raise Rejected("document_too_complex", f"the archive has more than {MEMBERS:,} members")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise _damaged("the archive", error) from None
        self._left = self._most = expanded_bytes
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in self._zip.infolist():
            if not member.is_dir():
                self._members.setdefault(_key(member.filename), member)

    @property
    def names(self) -> list[str]:
        return [member.filename.replace("\\", "/") for member in self._members.values()]

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._members

    def get(self, name: str) -> bytes | None:
        """The bytes of a member, or None where there is none of that name."""
        return self.read(name) if name in self else None

    def read(self, name: str) -> bytes:
        member = self._members.get(_key(name))
        if member is None:
            raise Rejected("unreadable_document", f"the file is not whole: its part {_quoted(name)} is missing")
        if member.flag_bits & _ENCRYPTED:
            raise Rejected("password_required", "the file is protected by a password; save it without one")
        if member.compress_type not in METHODS:
            raise Rejected("unreadable_document", f"its part {_quoted(name)} is packed in a way that Office never uses")
        chunks, most = [], min(self._left, MEMBER_BYTES)
        try:
            with self._zip.open(member) as stream:
                while chunk := stream.read(min(_CHUNK, most + 1)):
                    chunks.append(chunk)
                    most -= len(chunk)
                    self._left -= len(chunk)
                    if most < 0:
                        raise self._too_large(member)
        except _BROKEN as error:
            raise _damaged(f"its part {_quoted(name)}", error) from None
        return b"".join(chunks)

    def _too_large(self, member: zipfile.ZipInfo) -> Rejected:
        together, alone = self._most // 1024**2, MEMBER_BYTES // 1024**2
        return Rejected(
            "document_too_complex",
            f"unpacked, the file is too large: {_quoted(member.filename)} grows beyond what is read "
            f"({alone:,} MiB a part, {together:,} MiB together)",
            limit=self._most,
        )


def contents(data: bytes) -> str:
    """What lies in an archive, for a person: how many files, and some of their names."""
    try:
        names = [posixpath.basename(name) for name in Archive(data, 0).names]
    except Rejected:
        return "unknown files"
    named = ", ".join(_quoted(name) for name in names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
    return f"{len(names):,} {'file' if len(names) == 1 else 'files'}{f' ({named})' if names else ''}"


def resolve(base: str, target: str) -> str:
    """The name of the member that a link in the part `base` points to; `..` never leaves the archive."""
    path = target if target.startswith("/") else posixpath.join(posixpath.dirname(base), target)
    return posixpath.normpath("/" + path.replace("\\", "/")).lstrip("/")


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").casefold()


def _quoted(name: str) -> str:
    return repr(name[-80:])


def _damaged(what: str, error: Exception) -> Rejected:
    reason = "is damaged or cut off" if not isinstance(error, NotImplementedError) else "is packed in an unknown way"
    return Rejected("unreadable_document", f"{what} {reason}")
