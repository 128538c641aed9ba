"""The hub's whole site: GraphQL, the pages, the schema's text, whether it is well."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from schema.root import printed
from storage.events.appending import read_head
from storage.store import Store
from transport.door import BadRequest
from transport.graphql_app import GraphQLDoor
from transport.http.compression import coding_of, codings, compress
from transport.http.head import Head
from transport.pages import page_routes
from transport.safe_headers import SafeHeaders

log = logging.getLogger("simpul.site")

TOLD_TO_PAGES = ("ETag", "Retry-After", "WWW-Authenticate")
"""Headers of an answer that a page of an allowed site may read."""


def site(door: GraphQLDoor, store: Store, others: Sequence[BaseRoute] = (), *, origins: Sequence[str] = ()) -> ASGIApp:
    """One application of all paths. `origins` are other sites whose pages may query the hub (CORS); "*" for all."""
    path = door.settings.path
    application = Starlette(
        routes=[
            Route(path, door, methods=None),
            WebSocketRoute(path, door),
            Route("/schema.graphql", _schema()),
            Route("/healthz", _health(store)),
            *others,
            *page_routes(),
        ],
        exception_handlers={Exception: _failed},
        middleware=[Middleware(CORSMiddleware, **_cors(origins))] if origins else [],
    )
    application.router.redirect_slashes = False  # it would lead wherever the request says that its host is
    rest = SafeHeaders(application)
    return rest if origins else _GraphQLFirst(door, rest)


class _GraphQLFirst:
    """An application that leads straight to GraphQL, past all that other paths need, and everything else to `rest`."""

    def __init__(self, door: GraphQLDoor, rest: ASGIApp) -> None:
        self._path = door.settings.path
        self._graphql = door.http
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one socket."""
        first = scope["type"] == "http" and scope["path"] == self._path
        await (self._graphql if first else self._rest)(scope, receive, send)


def _cors(origins: Sequence[str]) -> dict[str, Any]:
    """No cookies are ever used, so no credentials are allowed; tokens go in headers, and any header may be sent."""
    return {
        "allow_origins": origins,
        "allow_methods": ["GET", "HEAD", "POST"],
        "allow_headers": ["*"],
        "expose_headers": TOLD_TO_PAGES,
        "max_age": 600,
    }


def _schema() -> Callable[[Request], Awaitable[Response]]:
    ready: dict[str | None, bytes] = {}

    async def schema(request: Request) -> Response:
        """The schema's text, for tools."""
        text = printed().encode()
        try:
            coding = coding_of(len(text), codings(Head(request.scope).preferences("accept-encoding")))
        except BadRequest as error:
            return PlainTextResponse(f"{error}\n", error.status)
        if coding not in ready:
            ready[coding] = await compress(text, coding)
        headers = {"Cache-Control": "public, max-age=60", "Vary": "Accept-Encoding"}
        if coding is not None:
            headers["Content-Encoding"] = coding
        return PlainTextResponse(ready[coding], headers=headers)

    return schema


def _health(store: Store) -> Callable[[Request], Awaitable[Response]]:
    async def health(_: Request) -> Response:
        """200 while the store answers: for balancers and operators."""
        try:
            await store.read(read_head)
        except Exception:
            log.exception("the store does not answer")
            return JSONResponse({"status": "unavailable"}, 503, {"Cache-Control": "no-store"})
        return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})

    return health


async def _failed(request: Request, error: Exception) -> Response:
    """The hub's own failure outside GraphQL: logged by the server, and nothing of it shown."""
    return PlainTextResponse("Something went wrong in the hub.", status_code=500)
