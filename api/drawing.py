"""Pages of a document as pictures, for whoever looks at its result: the service has erased the document by then, so it
comes with the request. Drawn in a sandbox, tenants in turn. Knows no request and no ledger."""

from __future__ import annotations

from functools import partial

from anyio import CapacityLimiter, to_thread

from api.problems import CODES, Problem
from api.submission.fair_limiter import FairLimiter, QueueFull
from extractor.documents.read import draw
from extractor.documents.readers import Readers
from extractor.errors import DocumentError, EngineError

MAX_PAGES = 4  # of one request: a picture of a page is a megabyte or two
_AT_ONCE = 1
_MAX_WAITING, _MAX_WAITING_PER_TENANT = 64, 8


class PageDrawer:
    """Belongs to the event loop in which it is first asked. Starts nothing before. `close` it."""

    def __init__(self) -> None:
        self._readers = Readers(texts=_AT_ONCE, nice=5)
        self._limiter = FairLimiter(_AT_ONCE, _MAX_WAITING, _MAX_WAITING_PER_TENANT)
        self._threads = CapacityLimiter(_AT_ONCE)

    async def draw(
        self, tenant: str, data: bytes, pages: range, media_type: str | None, filename: str | None, password: str | None
    ) -> dict[int, bytes]:
        """PNG by the page's number; pages that are not there or have no picture are left out. Raises Problem."""
        work = partial(
            draw, data, pages, media_type=media_type, filename=filename, password=password, readers=self._readers
        )
        try:
            async with self._limiter.slot(tenant):
                return await to_thread.run_sync(work, limiter=self._threads)
        except QueueFull:
            raise _busy("Many pages wait to be drawn") from None
        except EngineError:
            raise _busy("Pages cannot be drawn just now") from None
        except DocumentError as error:
            code = error.code if error.code in CODES else "unreadable_document"
            raise Problem(code, error.detail[:1].upper() + error.detail[1:], errors=[("", error.detail)]) from None

    def close(self) -> None:
        self._readers.close()


def _busy(detail: str) -> Problem:
    return Problem("drawing_busy", f"{detail}; try again", headers={"Retry-After": "1"})
