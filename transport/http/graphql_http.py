"""GraphQL over HTTP: one request, one answer (or, where the client accepts events, a stream of them)."""

from collections.abc import Mapping
from functools import lru_cache
from math import ceil
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from execution import Prepared, RequestRefused
from transport.door import (
    API_KEY_HEADER,
    FOLLOW_TOKEN_HEADER,
    BadRequest,
    Credentials,
    RequestInfo,
    Viewer,
    Way,
    credentials_of,
)
from transport.http import answers
from transport.http.compression import PLAIN, coding_of, compress
from transport.http.entity_tags import EntityTags, is_known
from transport.http.graphql_sse import EventStreams
from transport.http.head import Head
from transport.http.manner import Manner, content_type_of, manner_of
from transport.http.multipart import Uploads, read_multipart
from transport.http.replies import Common, RawHeaders, Reply, common, raw
from transport.http.request import (
    Batch,
    Parameters,
    asked_of,
    decode,
    parameters_of,
    parameters_of_query,
    read_json,
    too_large,
)
from transport.identity.clients import address_in
from transport.operations.documents import DocumentRefused
from transport.operations.running import Operations
from transport.operations.told import end_of
from transport.safe_headers import SAFE
from transport.server.whole import whole_of
from transport.settings.door_limits import DoorSettings

METHODS = "GET, HEAD, POST, OPTIONS"
READ = f"{answers.JSON}, multipart/form-data"
CREDENTIAL_HEADERS = frozenset(name.encode() for name in ("authorization", API_KEY_HEADER, FOLLOW_TOKEN_HEADER))
PREFLIGHT_HEADERS = ("apollo-require-preflight", "x-apollo-operation-name", "graphql-require-preflight")
"""A page elsewhere cannot send any of these without asking first (CORS); forms need one, as Apollo's servers want it."""


_NOTHING = Credentials()


@lru_cache(10_000)
def _nothing_from(address: str | None) -> Credentials:
    """Return the credentials of somebody at an address who shows none."""
    return Credentials(client_address=address)


class Asking:
    """One HTTP request on its way: filled in as it is understood, so that a refusal says as much as is known by then."""

    __slots__ = (
        "_head",
        "accepted",
        "codings",
        "credentials",
        "manner",
        "method",
        "receive",
        "scope",
        "send",
        "uploads",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.method: str = scope["method"]
        self._head: Head | None = None
        self.manner: Manner | None = None
        self.accepted = answers.WHATEVER
        self.codings = PLAIN
        self.credentials = _NOTHING
        self.uploads: Uploads | None = None

    @property
    def head(self) -> Head:
        """All headers."""
        if self._head is None:
            self._head = Head(self.scope)
        return self._head

    def understand(self) -> Manner:
        """Read in which manner it is asked. Raises BadRequest."""
        try:
            manner = self.manner = manner_of(self.scope["headers"])
        except BadRequest:  # what can be told of it is told in that manner all the same
            self.accepted = answers.accepted(self.head.preferences("accept"))
            raise
        self.accepted, self.codings = manner.accepted, manner.codings
        return manner

    @property
    def media_type(self) -> str:
        """The type of an answer in one body, refusals included."""
        return self.accepted.single or answers.JSON

    @property
    def request(self) -> Request:
        """The request as Starlette has it, for what reads its body piece by piece."""
        return Request(self.scope, self.receive, self.send)

    def info(self, prepared: Prepared, way: Way) -> RequestInfo:
        """Say what resolvers may know of the request."""
        manner, credentials = self.manner, self.credentials
        assert manner is not None, "it was understood before"
        return RequestInfo(
            kind=prepared.kind,
            way=way,
            accept_language=manner.accept_language,
            client_address=credentials.client_address,
            follow_tokens=credentials.follow_tokens,
            last_event_id=manner.last_event_id,
            private=credentials.shown,
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
        asking = Asking(scope, receive, send)
        try:
            try:
                response = await self._respond(asking)
            except ClientDisconnect:
                return
            except Exception as error:  # noqa: BLE001  the outermost edge: what nobody foresaw is logged and masked here
                response = await self._refuse(asking, error)
            await response(scope, receive, send)
        finally:
            if asking.uploads is not None:
                asking.uploads.close()

    async def _respond(self, asking: Asking) -> ASGIApp:
        if asking.method not in ("GET", "HEAD", "POST"):
            if asking.method == "OPTIONS":
                return Response(status_code=204, headers={"allow": METHODS, **SAFE})
            raise _method_not_allowed("GraphQL is asked with GET or POST.", METHODS)
        manner, address = asking.understand(), address_in(asking.scope)
        shows = not CREDENTIAL_HEADERS.isdisjoint([name for name, _ in asking.scope["headers"]])
        asking.credentials = credentials_of(asking.head, address) if shows else _nothing_from(address)
        at_once = self._read_at_once(asking) if manner.plain_json else None
        asked = at_once or await self._read(asking, plain_json=manner.plain_json)
        viewer = await self._hub.identify(asking.credentials)
        if isinstance(asked, Batch):
            return await self._answer_batch(asking, viewer, asked)
        return await self._run(asking, viewer, asked)

    def _read_at_once(self, asking: Asking) -> Parameters | Batch | None:
        """Read what most requests are, JSON that is all there; None for anything else."""
        whole = whole_of(asking.scope)
        if whole is None or asking.method != "POST":
            return None
        body = whole.body()
        if body is None:
            return None
        if len(body) > self._settings.body_bytes:
            raise too_large("The body", "body_bytes", self._settings.body_bytes, len(body))
        return asked_of(decode(body, "The body is not JSON."), self._settings)

    async def _read(self, asking: Asking, *, plain_json: bool) -> Parameters | Batch:
        if asking.method != "POST":
            return parameters_of_query(QueryParams(asking.scope["query_string"]))
        if asking.head.get("content-encoding", "identity").lower() != "identity":
            raise _not_read("Send the body as it is, not compressed.", "accept-encoding", "identity")
        if plain_json:
            return await read_json(asking.request, self._settings)
        if content_type_of(asking.head)[0] == "multipart/form-data":
            if not any(asking.head.get(name).strip() for name in PREFLIGHT_HEADERS):
                raise BadRequest("A multipart request needs the header GraphQL-Require-Preflight: 1 (or Apollo's).")
            asking.uploads = Uploads()
            return await read_multipart(asking.request, self._settings, asking.uploads)
        raise _not_read(f"POST {answers.JSON} in UTF-8, or multipart/form-data with files.", "accept", READ)

    async def _run(self, asking: Asking, viewer: Viewer, parameters: Parameters) -> ASGIApp:
        try:
            prepared = self._prepare(asking, viewer, parameters)
        except (RequestRefused, DocumentRefused) as error:
            if asking.accepted.stream_first:
                return self._streams.refusing(self._hub.engine.refusal(error), private=asking.credentials.shown)
            raise
        if prepared.kind == "subscription" and not asking.accepted.stream:
            raise BadRequest(f"A subscription needs Accept: {answers.EVENT_STREAM}, or a WebSocket.", status=406)
        if prepared.kind == "subscription" or asking.accepted.stream_first:
            if asking.method == "HEAD":
                raise _method_not_allowed("An event stream is asked for with GET or POST.", "GET, POST")
            if not asking.codings.plain:
                raise BadRequest("An event stream is never compressed: accept identity.", status=406)
            return self._streams.running(prepared, viewer, asking.info(prepared, "sse"))
        return await self._answer(asking, prepared, viewer)

    def _prepare(self, asking: Asking, viewer: Viewer, parameters: Parameters) -> Prepared:
        prepared = self._operations.prepare(parameters, viewer, asking.credentials.client_address)
        if prepared.kind == "mutation" and asking.method != "POST":
            raise _method_not_allowed("A mutation is asked with POST.", "POST")
        return prepared

    async def _answer(self, asking: Asking, prepared: Prepared, viewer: Viewer) -> Reply:
        told, cost = await self._operations.run(prepared, viewer, asking.info(prepared, "http")).told()
        tag: RawHeaders = ()
        if asking.method != "POST" and not asking.credentials.shown and not told.answer.errors:
            etag = told.tag(self._tags, asking.media_type)
            tag = raw((("etag", etag),))
            if is_known(etag, ", ".join(asking.head.every("if-none-match"))):
                return Reply(304, _lasting(asking), None, tag)
        extensions = told.answer.extensions
        end = end_of({**extensions, **cost} if extensions else cost)
        coding = coding_of(len(told.front) + len(end), asking.codings)
        return Reply(200, _with_body(asking, coding), await told.body(end, coding), tag)

    async def _answer_batch(self, asking: Asking, viewer: Viewer, batch: Batch) -> Reply:
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

    async def _refuse(self, asking: Asking, error: Exception) -> Reply:
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
) -> Reply:
    body = answers.encode(payload)
    coding = coding_of(len(body), asking.codings)
    more = raw(headers.items())
    return Reply(status, _with_body(asking, coding, refusal=refusal), await compress(body, coding), more)


def _with_body(asking: Asking, coding: str | None, *, refusal: bool = False) -> Common:
    return common(asking.method, asking.media_type, coding, private=asking.credentials.shown, refusal=refusal)


def _lasting(asking: Asking) -> Common:
    """Return the headers that a 304 repeats: who may keep the answer, and what it depends on."""
    return common(asking.method, None, None, private=asking.credentials.shown)


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
