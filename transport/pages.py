"""Serves what `web/` builds: the start page, GraphiQL, and the files that they load.

Everything is told by headers to come from here and nowhere else (Content-Security-Policy), so a page with somebody
else's words in it cannot be made to run somebody else's script. Built files carry a digest in their name and are kept
by browsers for good; the pages themselves are asked for every time.
"""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from transport.http.preferences import weights
from transport.safe_headers import SAFE

DIST = Path(__file__).resolve().parent.parent / "web" / "dist"

NOT_BUILT = "Halaman belum dibangun: jalankan `make web`. (The pages are not built yet: run `make web`.)\n"

_BASE_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
START_POLICY = f"{_BASE_POLICY}; style-src 'self'; img-src 'self'"
# Monaco, the editor within GraphiQL, places each line by a style attribute and writes its theme into a <style> element
# of its own making; neither can carry a nonce. Its images are data: addresses. Scripts and workers stay as strict.
GRAPHIQL_POLICY = f"{_BASE_POLICY}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src 'self'"
# A worker goes by the policy that its own script came with.
_ASSET_POLICY = "default-src 'none'; script-src 'self'; frame-ancestors 'none'"

_FOR_GOOD = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_BUILT_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
}

Endpoint = Callable[[Request], Awaitable[Response]]


def page_routes(dist: Path = DIST) -> list[BaseRoute]:
    """The routes of all pages, for the application to put beside its own.

    `dist` is looked at on each request: pages built while the hub runs are served without a restart.
    """
    return [
        Route("/", _page(dist / "index.html", START_POLICY)),
        Route("/graphiql", _page(dist / "graphiql.html", GRAPHIQL_POLICY)),
        Route("/favicon.svg", _page(dist / "favicon.svg", _ASSET_POLICY)),
        Route("/assets/{name}", _asset(dist / "assets")),
    ]


def _page(file: Path, policy: str) -> Endpoint:
    async def page(request: Request) -> Response:
        return _file(request, file, policy, _ASK_AGAIN) or PlainTextResponse(
            NOT_BUILT, 503, _headers(policy, "no-store")
        )

    return page


def _asset(folder: Path) -> Endpoint:
    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        # What cannot be the name of a built file is not looked for: some names are errors to the system that has files.
        file = _file(request, folder / name, _ASSET_POLICY, _FOR_GOOD) if _BUILT_NAME.fullmatch(name) else None
        return file or PlainTextResponse("Not found\n", 404, _headers(_ASSET_POLICY, "no-store"))

    return asset


def _file(request: Request, file: Path, policy: str, caching: str) -> Response | None:
    """The file, in the smallest form that the client takes; None where there is none, or none of a kind that we build."""
    media_type = _MEDIA_TYPES.get(file.suffix)
    if media_type is None or not file.is_file():
        return None
    headers = {**_headers(policy, caching), "Vary": "Accept-Encoding"}
    liked = weights(request.headers.get("accept-encoding", ""))
    for encoding, suffix in _ENCODINGS:
        packed = file.with_name(file.name + suffix)
        if liked.get(encoding) and packed.is_file():
            return FileResponse(packed, headers={**headers, "Content-Encoding": encoding}, media_type=media_type)
    return FileResponse(file, headers=headers, media_type=media_type)


def _headers(policy: str, caching: str) -> dict[str, str]:
    return {
        **SAFE,
        "Content-Security-Policy": policy,
        "Referrer-Policy": "same-origin",
        "Cache-Control": caching,
    }
