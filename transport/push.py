"""The way in for systems that push to us: `POST /push/{source}`, in the form that source's connector speaks."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from transport.door import BadRequest
from transport.http.request import limited_body
from transport.settings.door_limits import DoorSettings


@dataclass(frozen=True, slots=True)
class PushOutcome:
    """What the pusher is told. 200 means that it is stored and safe."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)


Receiver = Callable[[bytes, Mapping[str, str]], Awaitable[PushOutcome]]


def push_routes(receivers: Mapping[str, Receiver], settings: DoorSettings) -> list[BaseRoute]:
    """A route for every source that takes pushes; any other is not found. A push may have what a request's JSON may."""
    most, seconds = settings.body_bytes, settings.body_seconds

    async def push(request: Request) -> Response:
        receiver = receivers.get(request.path_params["source"])
        if receiver is None:
            return JSONResponse({"message": "No source of this name takes pushes."}, status_code=404)
        try:
            body = b"".join([piece async for piece in limited_body(request, most, seconds)])
        except BadRequest as error:
            return JSONResponse({"message": str(error)}, error.status, error.headers)
        outcome = await receiver(body, dict(request.headers))
        return JSONResponse(dict(outcome.body), status_code=outcome.status, headers=dict(outcome.headers))

    return [Route("/push/{source}", push, methods=["POST"])]
