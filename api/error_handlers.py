"""Answers to what goes wrong, all of them problems: those that routes raise, and what the framework refuses."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Mount

from api.problems import Problem, pointer
from api.submission.fault_words import in_words
from api.submission.validation import invalid

_BY_STATUS = {404: "not_found", 405: "method_not_allowed"}


def install(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _framework_error)
    app.add_exception_handler(RequestValidationError, _invalid_parameters)


async def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem.response(request.state.request_id)


async def _framework_error(request: Request, error: Exception) -> Response:
    """What the framework refuses: an unknown path, a wrong method. OPTIONS is answered here, for every path."""
    assert isinstance(error, HTTPException)
    code = _BY_STATUS.get(error.status_code, "http_error")
    detail, headers = error.detail, dict(error.headers or {})
    if error.status_code == 405:
        detail = f"{request.method} is not allowed here"
        headers["Allow"] = ", ".join(_allowed(request))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
    if error.status_code == 404 and (request.method, request.scope["path"]) == ("OPTIONS", "*"):
        allowed = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
        return Response(status_code=204, headers={"Allow": allowed})  # of the server at all
    if error.status_code == 404:
        detail = "No call of this API has this path; see /docs"
    if error.status_code >= 500:
        detail = HTTPStatus(error.status_code).phrase
    problem = Problem(code, detail, status=error.status_code, headers=headers)
    return problem.response(request.state.request_id)


def _allowed(request: Request) -> Iterator[str]:
    """Every method some call has at this path; the framework names those of the first call only."""
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        scope = {**request.scope, "method": method}
        if any(
            route.matches(scope)[0] is Match.FULL and (method == "GET" or not isinstance(route, Mount))  # of files
            for route in request.app.routes
        ):
            yield from ("GET", "HEAD") if method == "GET" else (method,)
    yield "OPTIONS"


async def _invalid_parameters(request: Request, error: Exception) -> Response:
    """Wrong query parameters, the only input FastAPI parses here."""
    assert isinstance(error, RequestValidationError)
    faults = [(pointer(*(str(part)[:100] for part in fault["loc"])), in_words(fault)) for fault in error.errors()]
    return invalid(faults).response(request.state.request_id)
