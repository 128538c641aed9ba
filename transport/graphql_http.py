"""GraphQL over HTTP: one request, one answer (or, where the client accepts events, a stream of them)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from execution import Answer, Prepared, RequestRefused
from transport import answers
from transport.clients import address_of
from transport.compression import PLAIN, Codings, coding_of, codings, compress
from transport.documents import DocumentRefused
from transport.door import BadRequest, Credentials, RequestInfo, Viewer, Way, credentials_of
from transport.entity_tags import EntityTags, is_known
from transport.graphql_sse import EventStreams
from transport.multipart import Uploads, read_multipart
from transport.request import Batch, Parameters, parameters_of, parameters_of_query, read_json
from transport.running import Operations
from transport.settings import DoorSettings

METHODS = "GET, HEAD, POST, OPTIONS"
READ = f"{answers.JSON}, multipart/form-data"
PREFLIGHT_HEADERS = ("apollo-require-preflight", "x-apollo-operation-name", "graphql-require-preflight")
"""A page elsewhere cannot send any of these without asking first (CORS); forms need one, as Apollo's servers want it."""


@dataclass(slots=True)
class Asking:
    """One HTTP request on its way: filled in as it is understood, so that a refusal says as much as is known by then."""

    request: Request
    accepted: answers.Accepted = answers.WHATEVER
    codings: Codings = PLAIN
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

    def __init__(self, operations: Operations, settings: DoorSettings, streams: EventStreams, tags: EntityTags) -> None:
        self._operations = operations
        self._hub = operations.hub
        self._settings = settings
        self._streams = streams
        self._tags = tags

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request as an ASGI application."""
        asking = Asking(Request(scope, receive, send))
        with Uploads() as uploads:
            try:
                response = await self._respond(asking, uploads)
            except ClientDisconnect:
                return
            except Exception as error:  # noqa: BLE001  the outermost edge: what nobody foresaw is logged and masked here
                response = await self._refuse(asking, error)
            await response(scope, receive, send)

    async def _respond(self, asking: Asking, uploads: Uploads) -> Response:
        request = asking.request
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"allow": METHODS})
        if request.method not in ("GET", "HEAD", "POST"):
            raise _method_not_allowed("GraphQL is asked with GET or POST.", METHODS)
        asking.accepted = answers.accepted(request.headers)
        asking.codings = codings(request.headers)
        asking.credentials = credentials_of(request.headers, address_of(request))
        asked = await self._read(request, uploads)
        viewer = await self._hub.identify(asking.credentials)
        if isinstance(asked, Batch):
            return await self._answer_batch(asking, viewer, asked)
        return await self._run(asking, viewer, asked)

    async def _read(self, request: Request, uploads: Uploads) -> Parameters | Batch:
        if request.method != "POST":
            return parameters_of_query(request.query_params)
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise _not_read("Send the body as it is, not compressed.", "accept-encoding", "identity")
        content_type, charset = _content_type(request)
        if content_type == answers.JSON and charset == "utf-8":
            return await read_json(request, self._settings)
        if content_type == "multipart/form-data":
            if not any(request.headers.get(name, "").strip() for name in PREFLIGHT_HEADERS):
                raise BadRequest("A multipart request needs the header GraphQL-Require-Preflight: 1 (or Apollo's).")
            return await read_multipart(request, self._settings, uploads)
        raise _not_read(f"POST {answers.JSON} in UTF-8, or multipart/form-data with files.", "accept", READ)

    async def _run(self, asking: Asking, viewer: Viewer, parameters: Parameters) -> Response:
        try:
            prepared = self._prepare(asking, viewer, parameters)
        except (RequestRefused, DocumentRefused) as error:
            if asking.accepted.stream_first:
                return self._streams.refusing(self._hub.engine.refusal(error), private=asking.credentials.shown)
            raise
        if prepared.kind == "subscription" and not asking.accepted.stream:
            raise BadRequest(f"A subscription needs Accept: {answers.EVENT_STREAM}, or a WebSocket.", status=406)
        if prepared.kind == "subscription" or asking.accepted.stream_first:
            if asking.request.method == "HEAD":
                raise _method_not_allowed("An event stream is asked for with GET or POST.", "GET, POST")
            if not asking.codings.plain:
                raise BadRequest("An event stream is never compressed: accept identity.", status=406)
            return self._streams.running(prepared, viewer, asking.info(prepared, "sse"))
        answer = await self._operations.run(prepared, viewer, asking.info(prepared, "http")).answer()
        return await self._answer(asking, answer)

    def _prepare(self, asking: Asking, viewer: Viewer, parameters: Parameters) -> Prepared:
        prepared = self._operations.prepare(parameters, viewer, asking.credentials.client_address)
        if prepared.kind == "mutation" and asking.request.method != "POST":
            raise _method_not_allowed("A mutation is asked with POST.", "POST")
        return prepared

    async def _answer(self, asking: Asking, answer: Answer) -> Response:
        payload, headers = answer.payload(), {}
        if asking.request.method != "POST" and not asking.credentials.shown and not answer.errors:
            data = answers.encode(answer.data)
            payload["data"] = orjson.Fragment(data)  # encoded once, for the tag and for the body
            headers["etag"] = self._tags.of(data, answer.extensions, asking.media_type)
            if is_known(headers["etag"], ", ".join(asking.request.headers.getlist("if-none-match"))):
                return Response(status_code=304, headers={**_lasting_headers(asking), **headers})
        return await _reply(asking, payload, 200, headers)

    async def _answer_batch(self, asking: Asking, viewer: Viewer, batch: Batch) -> Response:
        """Run the operations one after another; each has its own answer or its own errors, in the order of the requests."""
        if asking.accepted.single is None:
            raise BadRequest("A batch is answered in one body, not with events.", status=406)
        return await _reply(asking, [await self._one_of(asking, viewer, each) for each in batch.requests], 200)

    async def _one_of(self, asking: Asking, viewer: Viewer, request: dict[str, Any]) -> dict[str, Any]:
        try:
            prepared = self._operations.prepare(parameters_of(request), viewer, asking.credentials.client_address)
            if prepared.kind == "subscription":
                raise BadRequest("A subscription cannot be in a batch.")
            return (await self._operations.run(prepared, viewer, asking.info(prepared, "http")).answer()).payload()
        except Exception as error:  # noqa: BLE001  the edge of an operation: whatever it is, its place in the list tells it
            return {"errors": self._hub.engine.refusal(error).errors}

    async def _refuse(self, asking: Asking, error: Exception) -> Response:
        refused = self._hub.engine.refusal(error)
        # who takes nothing but events can tell a refusal by its status alone
        status = answers.refusal_status(refused.code, asking.accepted.single or answers.GRAPHQL_JSON)
        headers = {}
        if isinstance(error, BadRequest):
            status, headers = error.status, error.headers
        headers = {**headers, **_hints(status, refused)}
        return await _reply(asking, {"errors": refused.errors}, status, headers, refusal=True)


async def _reply(
    asking: Asking, payload: Any, status: int, headers: Mapping[str, str] = {}, *, refusal: bool = False
) -> Response:
    body = answers.encode(payload)
    coding = coding_of(len(body), asking.codings)
    sent = {
        "content-type": f"{asking.media_type}; charset=utf-8",
        **_lasting_headers(asking, refusal=refusal),
        **headers,
    }
    if coding is not None:
        sent["content-encoding"] = coding
    return Response(await compress(body, coding), status_code=status, headers=sent)


def _lasting_headers(asking: Asking, *, refusal: bool = False) -> dict[str, str]:
    """Return the headers that a 304 repeats: who may keep the answer, and what it depends on."""
    private = asking.credentials.shown
    cache_control = answers.caching(asking.request.method, private=private, refusal=refusal)
    return {"cache-control": cache_control, "vary": answers.VARY}


def _hints(status: int, refused: RequestRefused) -> dict[str, str]:
    """Return the headers that go with a status: how to sign in, when to come back."""
    hints = {"www-authenticate": "Bearer"} if status == 401 else {}
    retry_after = refused.errors[0].get("extensions", {}).get("retryAfter")
    return hints if retry_after is None else {**hints, "retry-after": str(ceil(retry_after))}


def _method_not_allowed(message: str, allow: str) -> BadRequest:
    refusal = BadRequest(message, status=405)
    refusal.headers["allow"] = allow
    return refusal


def _not_read(message: str, header: str, taken: str) -> BadRequest:
    """Refuse a body of a form that is not read; the header tells which is (RFC 9110, 15.5.16)."""
    refusal = BadRequest(message, status=415)
    refusal.headers[header] = taken
    return refusal


def _content_type(request: Request) -> tuple[str, str]:
    """Return the content type and the charset (UTF-8 unless said otherwise), both in small letters; "" for two types."""
    told = request.headers.getlist("content-type")
    type_, *parameters = (told[0] if len(told) == 1 else "").lower().split(";")
    values = {name.strip(): value.strip().strip('"') for name, _, value in (p.partition("=") for p in parameters)}
    charset = values.get("charset", "utf-8")
    return type_.strip(), "utf-8" if charset == "utf8" else charset
