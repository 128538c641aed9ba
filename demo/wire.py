"""What the servers share in writing HTTP: JSON as Node writes it, ETags as Express does, times in their odd forms."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from demo.clock import JAKARTA


def compact(value: Any) -> bytes:
    """JSON without spaces, non-ASCII as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer as Express writes JSON."""
    return Response(compact(value), status, headers, media_type="application/json; charset=utf-8")


def with_etag(request: Request, response: Response) -> Response:
    """Give an answer its weak ETag; turn it into a 304 without a body when the client has it already."""
    body = bytes(response.body)
    etag = f'W/"{len(body):x}-{hashlib.sha1(body, usedforsecurity=False).hexdigest()[:27]}"'
    known = request.headers.get("if-none-match", "")
    if response.status_code == 200 and etag in (part.strip() for part in known.split(",")):
        return Response(status_code=304, headers={"etag": etag})
    response.headers["etag"] = etag
    return response


def base_url(request: Request) -> str:
    """The address that this server was asked under, without a slash at its end."""
    return str(request.base_url).rstrip("/")


def utc_millis(moment: datetime) -> str:
    """2026-11-24T10:05:09.120Z: how JavaScript writes a time."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}Z"


def jakarta_without_zone(moment: datetime) -> str:
    """2026-11-24T17:05:09.12: Jakarta's wall clock, no zone, the fraction as short as PostgreSQL writes it."""
    local = moment.astimezone(JAKARTA)
    fraction = f".{local.microsecond:06}".rstrip("0").rstrip(".")
    return f"{local:%Y-%m-%dT%H:%M:%S}{fraction}"
