"""Reading a GraphQL request off HTTP: its parameters, whatever the method and content type."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request

from transport.door import BadRequest
from transport.settings.door_limits import DoorSettings

_PATIENCE = 20
"""A whole body may take as many times `body_seconds`: who sends a byte now and then holds a connection no longer."""


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a GraphQL request, each of the right type; not yet parsed as GraphQL."""

    query: str | None
    """None: the document is named by its hash (transport/operations/documents.py)."""
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None
    document_id: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Several requests in one body, each still to be checked: what is wrong with one is told of that one alone."""

    requests: list[dict[str, Any]]


def asked_of(body: object, settings: DoorSettings) -> Parameters | Batch:
    """Check a decoded body. Raises BadRequest, also for a batch where, or larger than, none is taken."""
    return _batch_of(body, settings.batch_operations) if isinstance(body, list) else parameters_of(body)


def _batch_of(body: list[Any], most: int) -> Batch:
    if most <= 1:
        raise _no_batch()
    if not body or not all(isinstance(entry, dict) for entry in body):
        raise BadRequest("A batch must be a list of JSON objects, at least one.")
    if len(body) > most:
        raise BadRequest(
            f"A batch may have at most {most} operations; these are {len(body)}.",
            limited="batch_operations",
            limit=most,
            value=len(body),
        )
    return Batch(body)


def _no_batch() -> BadRequest:
    return BadRequest("Send one operation a request: batches are not taken.")


def parameters_of(body: object) -> Parameters:
    """Check a decoded request. Raises BadRequest for a batch and for parameters missing or of the wrong type."""
    if isinstance(body, list):
        raise _no_batch()
    if not isinstance(body, dict):
        raise BadRequest("The request must be a JSON object with a `query`.")
    extensions = _map_of(body, "extensions")
    document_id = _text_of(body, "documentId")
    named = bool(document_id) or (extensions or {}).get("persistedQuery") is not None
    query = body.get("query")
    if not isinstance(query, str) and not (query is None and named):
        raise BadRequest("`query` must be given and be a string.")
    return Parameters(query, _text_of(body, "operationName"), _map_of(body, "variables"), extensions, document_id)


def _text_of(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"`{name}` must be a string or null.")
    return value


def _map_of(body: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise BadRequest(f"`{name}` must be an object or null.")
    return value


def parameters_of_query(query: QueryParams) -> Parameters:
    """Read the parameters of a GET: `variables` and `extensions` are JSON in the address. Raises BadRequest.

    One that is given twice is refused: caches, logs and we might each take another one of them.
    """
    body: dict[str, Any] = {}
    for name in ("query", "operationName", "documentId", "variables", "extensions"):
        values = query.getlist(name)
        if len(values) > 1:
            raise BadRequest(f"`{name}` is in the address more than once.")
        if values:
            body[name] = values[0]
    for name in ("variables", "extensions"):
        if name in body:
            body[name] = decode(body[name].encode(), f"`{name}` is not JSON.") if body[name] else None
    return parameters_of(body)


def decode(text: bytes, complaint: str) -> Any:
    """Return JSON decoded. Raises BadRequest with `complaint`."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadRequest(complaint) from None


async def limited_body(
    request: Request, limit: int, seconds: float, limited: str = "body_bytes"
) -> AsyncIterator[bytes]:
    """Read the body as it comes. Raises BadRequest: 413 as soon as it is, or is announced to be, over `limit` bytes,
    which is the setting `limited`; 408 when nothing more of it comes for `seconds`.
    """
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large("The body", limited, limit, int(announced))
    size = 0
    async for chunk in _in_time(request, seconds):
        size += len(chunk)
        if size > limit:
            raise too_large("The body", limited, limit, size)
        yield chunk


async def _in_time(request: Request, seconds: float) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    end = clock() + _PATIENCE * seconds
    pieces = request.stream()
    while True:
        try:
            async with asyncio.timeout_at(min(clock() + seconds, end)):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise _too_slow(seconds) from None
        if piece is None:
            return
        yield piece


def _too_slow(seconds: float) -> BadRequest:
    words = f"The body did not come: nothing more of it for {seconds:g} seconds."
    refusal = BadRequest(words, status=408, limited="body_seconds", limit=seconds, value=seconds)
    refusal.headers["connection"] = "close"
    return refusal


def too_large(what: str, limited: str, limit: int, value: int) -> BadRequest:
    """Say that something is over a limit of bytes, the setting `limited`; the rest is not read (see transport/server/lingering.py)."""
    return BadRequest(f"{what} has more than {limit} bytes.", status=413, limited=limited, limit=limit, value=value)


async def read_json(request: Request, settings: DoorSettings) -> Parameters | Batch:
    """Read a POST of JSON. Raises BadRequest."""
    body = b"".join([chunk async for chunk in limited_body(request, settings.body_bytes, settings.body_seconds)])
    return asked_of(decode(body, "The body is not JSON."), settings)
