"""`/`: the page. Its files are served as they are, to anyone: what it shows it asks of `/v1`, with the visitor's key.

It loads nothing from elsewhere and runs no inline script; its policy holds it to that."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.problems import Problem

router = APIRouter(include_in_schema=False)
_FOLDER = Path(__file__).parents[1] / "webpage"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    "Cache-Control": "no-cache",  # asked again each time, and answered 304 while it is the same
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class _File:
    content: bytes
    headers: dict[str, str]

    @property
    def etag(self) -> str:
        return self.headers["ETag"]


@router.get("/")
async def index(request: Request) -> Response:
    return _answer(request, "index.html")


@router.get("/page/{name}")
async def asset(request: Request, name: str) -> Response:
    return _answer(request, name)


def _answer(request: Request, name: str) -> Response:
    """Raises Problem 404."""
    file = _files().get(name)
    if file is None:
        raise Problem("not_found", "There is nothing at this path")
    if file.etag in (one.strip() for one in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers=file.headers)
    return Response(file.content, headers=file.headers)


@cache
def _files() -> dict[str, _File]:
    """All of them, by name; read once."""
    files = {}
    for path in _FOLDER.iterdir():
        if path.suffix in _TYPES:
            content = path.read_bytes()
            etag = f'"{hashlib.sha256(content).hexdigest()[:24]}"'
            files[path.name] = _File(content, {**_HEADERS, "Content-Type": _TYPES[path.suffix], "ETag": etag})
    return files
