"""How an answer looks on the wire: which media type, which status, which headers.

Follows GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/, as of September 2025): under
application/graphql-response+json a request that never ran is a 4xx, under application/json it is a 200; what is not a
GraphQL request at all is a 4xx under both.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response

from transport.door import API_KEY_HEADER, FOLLOW_TOKEN_HEADER, BadRequest

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"
EVENT_STREAM = "text/event-stream"

VARY = f"Accept, Accept-Language, Authorization, {API_KEY_HEADER.title()}, {FOLLOW_TOKEN_HEADER.title()}"
STATUS_OF_CODE = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "RATE_LIMITED": 429,
    "COST_EXCEEDED": 429,
    "OVERLOADED": 503,
    "SOURCE_UNAVAILABLE": 503,
    "TIMEOUT": 504,
    "INTERNAL": 500,
}
"""What refuses a whole request before it ran, as HTTP calls it; everything else is 400."""


def encode(payload: Any) -> bytes:
    """Return `payload` as JSON."""
    return orjson.dumps(payload)


@dataclass(frozen=True, slots=True)
class _Range:
    type: str
    quality: float


def acceptable(headers: Headers) -> str:
    """Choose the media type of the answer from the Accept header. Raises BadRequest (406) when none of ours will do.

    Without a header, or when the client takes anything, it is application/json, as older clients expect.
    """
    ranges = _accepted(", ".join(headers.getlist("accept")))
    offers = (GRAPHQL_JSON, JSON, EVENT_STREAM)
    named = [(range_.quality, offer) for range_ in ranges for offer in offers if range_.type == offer]
    if named:
        best = max(quality for quality, _ in named)
        return next(offer for quality, offer in named if quality == best)
    if not ranges or any(range_.type in ("*/*", "application/*") for range_ in ranges):
        return JSON
    if any(range_.type == "text/*" for range_ in ranges):
        return EVENT_STREAM
    raise BadRequest(f"The answer can be had as {GRAPHQL_JSON}, {JSON} or {EVENT_STREAM}.", status=406)


def _accepted(header: str) -> list[_Range]:
    """Parse Accept (RFC 9110, 12.5.1): what has quality 0, or asks for another charset than UTF-8, is left out."""
    ranges = []
    for item in header.split(","):
        type_, *parameters = (part.strip().lower() for part in item.split(";"))
        values = {name.strip(): value.strip().strip('"') for name, _, value in (p.partition("=") for p in parameters)}
        quality = _quality(values.get("q", "1"))
        if type_ and quality > 0 and values.get("charset", "utf-8") in ("utf-8", "utf8"):
            ranges.append(_Range(type_, quality))
    return ranges


def _quality(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 0.0


def json_response(
    payload: Any, *, status: int, media_type: str, private: bool, headers: Mapping[str, str] = {}
) -> Response:
    """Build the response of one answer. What was asked with a token is kept by nobody on the way."""
    cache = "private, no-store" if private else "no-cache"
    sent = {"content-type": f"{media_type}; charset=utf-8", "cache-control": cache, "vary": VARY, **headers}
    return Response(encode(payload), status_code=status, headers=sent)


def refusal_status(code: str, media_type: str) -> int:
    """Return the status for a well-formed request that was refused before it ran."""
    status = STATUS_OF_CODE.get(code, 400)
    return 200 if status == 400 and media_type == JSON else status
