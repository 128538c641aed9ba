"""Serves photos: `GET /photos/{address}` and `…/thumbnail`. An address that is unknown, was replaced, is hidden or not signed looks alike.

Always whole: a photo is small, and a Range is passed over as HTTP allows. Wherever the bytes lie, they come from here,
so that an address ends the moment its report's visibility changes.
"""

import logging
import re
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from domain.photo import KEPT_CONTENT_TYPES
from domain.vocabulary import ReportVisibility
from resolvers.context import HubParts
from resolvers.photos import signature_holds
from storage.photos.store import PhotoNotFound, PhotoStoreUnavailable
from storage.reports.photos.reading import ServedPhoto, photo_at
from transport.http.entity_tags import is_known

_ADDRESS = re.compile(r"[A-Za-z0-9_-]{24}")
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Disposition": "inline",
    "Accept-Ranges": "none",
}
_PUBLIC, _PRIVATE = "public, max-age=300", "private, no-store"
_RETRY_SECONDS = 30

log = logging.getLogger(__name__)


def photo_routes(parts: HubParts) -> list[BaseRoute]:
    """The routes of photos and their thumbnails."""

    async def photo(request: Request) -> Response:
        return await _serve(parts, request, thumbnail=False)

    async def thumbnail(request: Request) -> Response:
        return await _serve(parts, request, thumbnail=True)

    return [Route("/photos/{address}", photo), Route("/photos/{address}/thumbnail", thumbnail)]


async def _serve(parts: HubParts, request: Request, *, thumbnail: bool) -> Response:
    address = request.path_params["address"]
    found = await parts.store.read(photo_at, address) if _ADDRESS.fullmatch(address) else None
    if found is None or not _may_have(parts, found, address, request.query_params):
        return _not_found()
    etag = f'"{address}{"-t" if thumbnail else ""}"'  # a new picture or a new audience always has a new address
    public = found.visibility == ReportVisibility.PUBLIC and not found.hidden
    headers = {**_SAFE, "Cache-Control": _PUBLIC if public else _PRIVATE, "ETag": etag}
    if is_known(etag, ", ".join(request.headers.getlist("if-none-match"))):
        return Response(status_code=304, headers=headers)
    key, media_type = (found.thumbnail_key, found.thumbnail_type) if thumbnail else (found.file_key, found.content_type)
    if media_type not in KEPT_CONTENT_TYPES:  # never HTML or SVG, whoever came to write that column
        return _not_found()
    try:
        return await _bytes(parts, key, {**headers, "Content-Type": media_type}, head=request.method == "HEAD")
    except PhotoNotFound:
        return _not_found()
    except PhotoStoreUnavailable as error:
        log.error("a photo could not be read: %s", error)
        return _unavailable()


async def _bytes(parts: HubParts, key: str, headers: Mapping[str, str], *, head: bool) -> Response:
    if head:
        length = await parts.photos.size(key)
        return Response(headers={**headers, "Content-Length": str(length)})
    opened = await parts.photos.open(key)
    return StreamingResponse(opened.pieces, headers={**headers, "Content-Length": str(opened.size)})


def _may_have(parts: HubParts, found: ServedPhoto, address: str, query: Mapping[str, str]) -> bool:
    if found.visibility == ReportVisibility.PUBLIC and not found.hidden:
        return True
    if found.visibility == ReportVisibility.ERASED:
        return False
    return signature_holds(parts.secret, address, query.get("expires", ""), query.get("signature", ""))


def _not_found() -> Response:
    return PlainTextResponse(
        "There is no photo here.\n", status_code=404, headers={**_SAFE, "Cache-Control": "no-store"}
    )


def _unavailable() -> Response:
    headers = {**_SAFE, "Cache-Control": "no-store", "Retry-After": str(_RETRY_SECONDS)}
    return PlainTextResponse("Photos cannot be read just now: try again soon.\n", status_code=503, headers=headers)
