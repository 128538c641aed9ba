"""How an answer looks on the wire: which media type, which status, which headers.

Follows GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/): under application/graphql-response+json a
request that never ran is a 4xx, under application/json it is a 200; what is not a GraphQL request at all is a 4xx under
both. Where its editions differ, docs/decisions/http.md says which one holds and why.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from transport.door import API_KEY_HEADER, FOLLOW_TOKEN_HEADER, BadRequest
from transport.http.preferences import preferences, weight

GRAPHQL_JSON = "application/graphql-response+json"
JSON = "application/json"
EVENT_STREAM = "text/event-stream"

VARY = (
    f"Accept, Accept-Encoding, Accept-Language, Authorization, {API_KEY_HEADER.title()}, {FOLLOW_TOKEN_HEADER.title()}"
)
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
class Accepted:
    """What the client takes: one body of type `single` (None: it does not), and whether it takes event streams."""

    single: str | None
    stream: bool
    stream_first: bool
    """It takes both and likes event streams better, or takes nothing else."""


WHATEVER = Accepted(JSON, stream=False, stream_first=False)
"""What a client takes that says nothing."""


@lru_cache(500)
def accepted(accept: str) -> Accepted:
    """Read the Accept header, several of them joined (RFC 9110, 12.5.1). Raises BadRequest (406) when none of our types
    will do.

    Without a header, or when anything is taken, it is application/json, as older clients expect; between the two JSON
    types, both named and liked equally, it is the newer. Event streams must be named: nobody wants one by surprise.
    """
    ranges = _ranges(accept)
    if not ranges:
        return WHATEVER
    newer, older = _liking(ranges, GRAPHQL_JSON), _liking(ranges, JSON)
    single = GRAPHQL_JSON if newer > older or (newer == older and GRAPHQL_JSON in ranges) else JSON
    liking = max(newer, older)
    streaming = ranges.get(EVENT_STREAM, ranges.get("text/*", 0.0))
    if liking == streaming == 0:
        raise BadRequest(f"The answer can be had as {GRAPHQL_JSON}, {JSON} or {EVENT_STREAM}.", status=406)
    return Accepted(single if liking else None, streaming > 0, streaming > liking)


def _liking(ranges: Mapping[str, float], type_: str) -> float:
    """Return the quality of the most specific range that covers `type_`."""
    return next((ranges[name] for name in (type_, "application/*", "*/*") if name in ranges), 0.0)


def _ranges(header: str) -> dict[str, float]:
    """Return each media range with its quality; what asks for another charset than UTF-8 is as good as not taken."""
    ranges: dict[str, float] = {}
    for type_, parameters in preferences(header):
        in_utf8 = parameters.get("charset", "utf-8") in ("utf-8", "utf8")
        ranges[type_] = max(ranges.get(type_, 0.0), weight(parameters) if in_utf8 else 0.0)
    return ranges


def caching(method: str, *, private: bool, refusal: bool) -> str:
    """Say who may keep an answer, and for how long: nobody what was asked with a token, a mutation's or a refusal.

    What anybody may see may be kept by anybody who asks each time whether it still holds (entity_tags.py).
    """
    if private:
        return "private, no-store"
    return "no-cache" if method in ("GET", "HEAD") and not refusal else "no-store"


def refusal_status(code: str, media_type: str) -> int:
    """Return the status for a well-formed request that was refused before it ran."""
    status = STATUS_OF_CODE.get(code, 400)
    return 200 if status == 400 and media_type == JSON else status
