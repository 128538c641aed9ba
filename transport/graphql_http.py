"""GraphQL over HTTP: one request, one answer (or, where the client accepts events, a stream of them)."""

from dataclasses import dataclass, field
from math import ceil

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from execution import Prepared, RequestRefused
from transport import answers
from transport.door import BadRequest, Credentials, RequestInfo, Viewer, Way, credentials_of
from transport.graphql_sse import EventStreams
from transport.multipart import Uploads, read_multipart
from transport.request import Parameters, parameters_of_query, read_json
from transport.running import Operations
from transport.settings import DoorSettings

PREFLIGHT_HEADERS = ("apollo-require-preflight", "x-apollo-operation-name", "graphql-require-preflight")
"""A page elsewhere cannot send any of these without asking first (CORS); forms need one, as Apollo's servers want it."""


@dataclass(slots=True)
class Asking:
    """One HTTP request on its way: filled in as it is understood, so that a refusal says as much as is known by then."""

    request: Request
    accepted: answers.Accepted = answers.WHATEVER
    credentials: Credentials = field(default_factory=Credentials)

    @property
    def media_type(self) -> str:
        """The type of an answer in one body, refusals included."""
        return self.accepted.single or answers.JSON

    def info(self, prepared: Prepared, way: Way) -> RequestInfo:
        """Say what resolvers may know of the request."""
        headers = self.request.headers
        return RequestInfo(
            kind=prepared.kind,
            way=way,
            accept_language=headers.get("accept-language"),
            client_address=self.credentials.client_address,
            follow_tokens=self.credentials.follow_tokens,
            headers=headers,
            last_event_id=headers.get("last-event-id"),
            private=self.credentials.shown,
        )


class GraphQLOverHTTP:
    """Answers GET and POST on the GraphQL path; event streams are handed to `EventStreams`."""

    def __init__(self, operations: Operations, settings: DoorSettings, streams: EventStreams) -> None:
        self._operations = operations
        self._hub = operations.hub
        self._settings = settings
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request as an ASGI application."""
        asking = Asking(Request(scope, receive, send))
        with Uploads() as uploads:
            try:
                response = await self._respond(asking, uploads)
            except ClientDisconnect:
                return
            except Exception as error:  # noqa: BLE001  the outermost edge: what nobody foresaw is logged and masked here
                response = self._refuse(asking, error)
            await response(scope, receive, send)

    async def _respond(self, asking: Asking, uploads: Uploads) -> Response:
        request = asking.request
        if request.method not in ("GET", "POST"):
            raise _method_not_allowed("GraphQL is asked with GET or POST.", "GET, POST")
        asking.accepted = answers.accepted(request.headers)
        address = request.client.host if request.client else None
        asking.credentials = credentials_of(request.headers, address)
        parameters = await self._read(request, uploads)
        viewer = await self._hub.identify(asking.credentials)
        try:
            prepared = self._prepare(asking, parameters)
        except RequestRefused as refused:
            if asking.accepted.stream_first:
                return self._streams.refusing(refused, private=asking.credentials.shown)
            raise
        if prepared.kind == "subscription" and not asking.accepted.stream:
            raise BadRequest(f"A subscription needs Accept: {answers.EVENT_STREAM}, or a WebSocket.", status=406)
        if prepared.kind == "subscription" or asking.accepted.stream_first:
            return self._streams.running(prepared, viewer, asking.info(prepared, "sse"))
        return await self._answer(asking, viewer, prepared)

    async def _read(self, request: Request, uploads: Uploads) -> Parameters:
        if request.method == "GET":
            return parameters_of_query(request.query_params)
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise BadRequest("Send the body as it is, not compressed.", status=415)
        content_type, charset = _content_type(request)
        if content_type == answers.JSON and charset == "utf-8":
            return await read_json(request, self._settings)
        if content_type == "multipart/form-data":
            if not any(request.headers.get(name, "").strip() for name in PREFLIGHT_HEADERS):
                raise BadRequest("A multipart request needs the header GraphQL-Require-Preflight: 1 (or Apollo's).")
            return await read_multipart(request, self._settings, uploads)
        raise BadRequest(f"POST {answers.JSON} in UTF-8, or multipart/form-data with files.", status=415)

    def _prepare(self, asking: Asking, parameters: Parameters) -> Prepared:
        prepared = self._operations.prepare(parameters)
        if prepared.kind == "mutation" and asking.request.method == "GET":
            raise _method_not_allowed("A mutation is asked with POST.", "POST")
        return prepared

    async def _answer(self, asking: Asking, viewer: Viewer, prepared: Prepared) -> Response:
        info = asking.info(prepared, "http")
        answer = await self._operations.run(prepared, viewer, info).answer()
        return answers.json_response(answer.payload(), status=200, media_type=asking.media_type, private=info.private)

    def _refuse(self, asking: Asking, error: Exception) -> Response:
        refused = self._hub.engine.refusal(error)
        status = answers.refusal_status(refused.code, asking.media_type)
        headers = {}
        if isinstance(error, BadRequest):
            status, headers = error.status, error.headers
        return answers.json_response(
            {"errors": refused.errors},
            status=status,
            media_type=asking.media_type,
            private=asking.credentials.shown or status == 401,
            headers={**headers, **_hints(status, refused)},
        )


def _hints(status: int, refused: RequestRefused) -> dict[str, str]:
    """Return the headers that go with a status: how to sign in, when to come back."""
    hints = {"www-authenticate": "Bearer"} if status == 401 else {}
    retry_after = refused.errors[0].get("extensions", {}).get("retryAfter")
    return hints if retry_after is None else {**hints, "retry-after": str(ceil(retry_after))}


def _method_not_allowed(message: str, allow: str) -> BadRequest:
    refusal = BadRequest(message, status=405)
    refusal.headers["allow"] = allow
    return refusal


def _content_type(request: Request) -> tuple[str, str]:
    """Return the content type and the charset (UTF-8 unless said otherwise), both in small letters."""
    type_, *parameters = request.headers.get("content-type", "").lower().split(";")
    values = {name.strip(): value.strip().strip('"') for name, _, value in (p.partition("=") for p in parameters)}
    charset = values.get("charset", "utf-8")
    return type_.strip(), "utf-8" if charset == "utf8" else charset
