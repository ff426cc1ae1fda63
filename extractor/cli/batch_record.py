"""What `extractor batch` keeps beside its output until that is whole: a record of the upload that it belongs to."""

from __future__ import annotations

import os
import uuid
from dataclasses import dataclass
from pathlib import Path

from extractor.cli.output import fail
from extractor.cli.whole_file import replace_whole
from schemas.jsontext import read, written


@dataclass
class UploadRecord:
    """Which upload an output belongs to: the Idempotency-Key that finds it again, and what was asked. Without an output
    there is no key, so an upload that breaks is cancelled by the service: nobody could come back for it."""

    path: Path | None
    key: str
    digest: str
    resumed: bool = False

    @classmethod
    def of(cls, output: Path | None, digest: str, *, resume: bool) -> UploadRecord:
        """Raises Exit when there is another batch's record, or one that was not to be resumed."""
        if output is None:
            return cls(None, "", digest)
        path = record_path(output)
        if not path.exists():
            record = cls(path, str(uuid.uuid4()), digest)
            replace_whole(path, lambda file: file.write(written({"key": record.key, "asked": digest})))
            return record
        if not resume:
            fail(f"{path} is of a batch that has not ended: --resume goes on with it; delete the file to start anew")
        try:
            stored = read(path.read_bytes())
            found = cls(path, stored["key"], stored["asked"], resumed=True)
        except (OSError, ValueError, KeyError, TypeError):
            fail(f"{path} cannot be read; delete it to start anew")
        if found.digest != digest:
            fail(f"{path} is of another batch: inputs, schema or options differ")
        return found

    def forget(self) -> None:
        """The output is whole, or nothing was begun: there is nothing to go on with."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def record_path(output: Path) -> Path:
    """Where the record of an output's upload lies."""
    return output.with_name(output.name + ".batch")


def files_of(output: Path | None) -> list[Path]:
    """All that the command writes, or leaves behind, for an output. None of these is ever an input of it."""
    if output is None:
        return []
    target = Path(os.path.realpath(output))
    return [target, target.with_name(target.name + ".part"), record_path(output)]
