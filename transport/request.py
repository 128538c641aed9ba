"""Reading a GraphQL request off HTTP: its parameters, whatever the method and content type."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request

from transport.door import BadRequest
from transport.settings import DoorSettings


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a GraphQL request, each of the right type; not yet parsed as GraphQL."""

    query: str
    operation_name: str | None = None
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None


def parameters_of(body: object) -> Parameters:
    """Check a decoded request. Raises BadRequest for a batch and for parameters missing or of the wrong type."""
    if isinstance(body, list):
        raise BadRequest("Send one operation a request: batches are not taken.")
    if not isinstance(body, dict):
        raise BadRequest("The request must be a JSON object with a `query`.")
    query = body.get("query")
    if not isinstance(query, str):
        raise BadRequest("`query` must be given and be a string.")
    name = body.get("operationName")
    if name is not None and not isinstance(name, str):
        raise BadRequest("`operationName` must be a string or null.")
    return Parameters(query, name, _map_of(body, "variables"), _map_of(body, "extensions"))


def _map_of(body: dict[str, Any], name: str) -> dict[str, Any] | None:
    value = body.get(name)
    if value is not None and not isinstance(value, dict):
        raise BadRequest(f"`{name}` must be an object or null.")
    return value


def parameters_of_query(query: QueryParams) -> Parameters:
    """Read the parameters of a GET: `variables` and `extensions` are JSON in the address."""
    body: dict[str, Any] = {name: query[name] for name in ("query", "operationName") if name in query}
    for name in ("variables", "extensions"):
        if query.get(name):
            body[name] = decode(query[name].encode(), f"`{name}` is not JSON.")
    return parameters_of(body)


def decode(text: bytes, complaint: str) -> Any:
    """Return JSON decoded. Raises BadRequest with `complaint`."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadRequest(complaint) from None


async def limited_body(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Read the body as it comes. Raises BadRequest (413) as soon as it is, or is announced to be, over the limit."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large("The body", limit, int(announced))
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise too_large("The body", limit, size)
        yield chunk


def too_large(what: str, limit: int, value: int) -> BadRequest:
    """Say that something is over a limit of bytes; the connection is closed, for the rest is not read."""
    refusal = BadRequest(f"{what} has more than {limit} bytes.", status=413, limit=limit, value=value)
    refusal.headers["connection"] = "close"
    return refusal


async def read_json(request: Request, settings: DoorSettings) -> Parameters:
    """Read a POST of JSON. Raises BadRequest."""
    body = b"".join([chunk async for chunk in limited_body(request, settings.body_bytes)])
    return parameters_of(decode(body, "The body is not JSON."))
