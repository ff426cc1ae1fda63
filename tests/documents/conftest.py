from __future__ import annotations

from collections.abc import Iterator

import pytest

from extractor.documents.readers import Readers


@pytest.fixture(scope="session")
def readers() -> Iterator[Readers]:
    """Sandboxes with everything that is installed here."""
    found = Readers(texts=1, pictures=1)
    yield found
    found.close()
