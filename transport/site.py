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

from schema.root import printed
from storage.event_log import read_head
from storage.store import Store
from transport.graphql_app import GraphQLDoor
from transport.pages import page_routes

log = logging.getLogger("simpul.site")


def site(
    door: GraphQLDoor, store: Store, others: Sequence[BaseRoute] = (), *, origins: Sequence[str] = ()
) -> Starlette:
    """One application of all paths. `origins` are other sites whose pages may query the hub (CORS)."""
    path = door.settings.path
    return Starlette(
        routes=[
            Route(path, door, methods=None),
            WebSocketRoute(path, door),
            Route("/schema.graphql", _schema),
            Route("/healthz", _health(store)),
            *others,
            *page_routes(),
        ],
        exception_handlers={Exception: _failed},
        middleware=[Middleware(CORSMiddleware, **_cors(origins))] if origins else [],
    )


def _cors(origins: Sequence[str]) -> dict[str, Any]:
    """No cookies are ever used, so no credentials are allowed; tokens go in headers."""
    return {"allow_origins": origins, "allow_methods": ["GET", "POST"], "allow_headers": ["*"], "max_age": 600}


async def _schema(_: Request) -> Response:
    """The schema's text, for tools."""
    return PlainTextResponse(printed(), headers={"Cache-Control": "public, max-age=60"})


def _health(store: Store) -> Callable[[Request], Awaitable[Response]]:
    async def health(_: Request) -> Response:
        """200 while the store answers: for balancers and operators."""
        try:
            await store.read(read_head)
        except Exception:
            log.exception("the store does not answer")
            return JSONResponse({"status": "unavailable"}, status_code=503)
        return JSONResponse({"status": "ok"})

    return health


async def _failed(request: Request, error: Exception) -> Response:
    """The hub's own failure outside GraphQL: logged by the server, and nothing of it shown."""
    return PlainTextResponse("Something went wrong in the hub.", status_code=500)
