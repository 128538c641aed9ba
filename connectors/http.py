"""Asking an outside system over HTTP: bounded in time and memory, and every failure in the words of connectors/errors.py.

Nothing is followed: a redirect is a failure that names its target (Peta Jakarta's v1 addresses redirect and lose the
query string on the way). Retrying is the runner's.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime

import httpx

from connectors.config import SourceConfig
from connectors.errors import NotAuthorised, NotUnderstood, SourceFailure, SourceRefused, SourceUnavailable
from connectors.json_steps import LARGE, BrokenOff, read_json
from domain.records import JSON
from domain.sink import SourceError

USER_AGENT = "Simpul (Jakarta citizen-report hub)"
_RAW_CHUNK = 64 * 1024
_MEMBER = b"\x1f"  # what each member of a gzip begins with
_LONGEST_WAIT = 3_600.0  # what a source asks for beyond an hour is not obeyed


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer that was not an error: 200, 204, 304, or a status that the caller expected."""

    url: str
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def unchanged(self) -> bool:
        """The source says that nothing changed since the etag that was shown."""
        return self.status == httpx.codes.NOT_MODIFIED

    @property
    def empty(self) -> bool:
        """No body at all: Peta Jakarta v2 answers 204 where others would answer an error."""
        return not self.body.strip()

    @property
    def _charset(self) -> str | None:
        told = Message()
        told["Content-Type"] = self.headers.get("Content-Type", "")
        return told.get_content_charset()

    async def json(self, unread: str | None = None) -> JSON:
        """The body as JSON, whatever its Content-Type says; None for an empty one. A large one is read in a thread.

        One that is no UTF-8 is read in the charset that the Content-Type names. `unread` is that of `read_json`.
        """
        if self.empty:
            return None
        if self.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
            raise NotUnderstood(f"{self.url} answered HTML or XML where JSON was expected")
        try:
            if len(self.body) > LARGE:
                return await asyncio.to_thread(read_json, self.body, unread, self._charset)
            return read_json(self.body, charset=self._charset)
        except BrokenOff as fault:
            raise SourceUnavailable(f"{self.url}: {fault}", SourceError.BROKEN_OFF) from fault
        except ValueError as fault:
            raise NotUnderstood(f"{self.url} answered no JSON: {fault}") from fault


class HttpClient:
    """One source's connections. Opens them on first use; `transport` takes the network's place in tests."""

    def __init__(self, config: SourceConfig, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._config = config
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    async def get(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        also: Collection[int] = (),
        max_bytes: int | None = None,
    ) -> Answer:
        """Asks once. `also` names statuses that are answers here, not errors. Raises SourceFailure."""
        request = self._opened().build_request("GET", url, params=params, headers=headers)
        return await self._ask(request, also, max_bytes)

    async def post(
        self, url: str, body: bytes, content_type: str, *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Posts once, for requests that change nothing over there. Raises SourceFailure."""
        sent = {"Content-Type": content_type, **(headers or {})}
        return await self._ask(self._opened().build_request("POST", url, content=body, headers=sent), (), None)

    async def send(self, request_url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Posts once and lets httpx's own errors and every status through: for submissions, where sent or not matters.

        On a connection of its own: one kept open, that the other side closed just then, would look like a lost answer.
        """
        async with asyncio.timeout(self._config.timeout_seconds), self._new(keep_alive=0) as client:
            request = client.build_request("POST", request_url, content=body, headers=dict(headers))
            response = await _sent(client, request)
            try:
                whole = await _body(response, self._config.max_bytes)
            finally:
                await response.aclose()
        return Answer(_without_query(request.url), response.status_code, response.headers, whole)

    async def aclose(self) -> None:
        """Closes the connections; the next request would open new ones."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = self._new(keep_alive=4)
        return self._client

    def _new(self, keep_alive: int) -> httpx.AsyncClient:
        config = self._config
        return httpx.AsyncClient(
            transport=self._transport,
            timeout=httpx.Timeout(config.read_timeout_seconds, connect=config.connect_timeout_seconds),
            limits=httpx.Limits(max_connections=8, max_keepalive_connections=keep_alive, keepalive_expiry=2),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
            proxy=config.proxy if self._transport is None else None,
            trust_env=False,
        )

    async def _ask(self, request: httpx.Request, also: Collection[int], max_bytes: int | None) -> Answer:
        address = _without_query(request.url)
        try:
            async with asyncio.timeout(self._config.timeout_seconds):
                response = await self._opened().send(request, stream=True)
                try:
                    body = await read_body(response, max_bytes or self._config.max_bytes, also)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.HTTPError, UnicodeError) as fault:  # httpx reads where it is redirected to
            raise failure_of(fault, address) from fault
        return Answer(address, response.status_code, response.headers, body)


async def _sent(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """The answer's head; one that redirects to no address is an answer that cannot be read, and no fault of ours."""
    try:
        return await client.send(request, stream=True)
    except UnicodeError as fault:
        raise NotUnderstood(f"{_without_query(request.url)} redirects to no address") from fault


def failure_of(fault: Exception, address: str) -> SourceFailure:
    """What a fault of the network means in our closed set.

    Refused is what fails to connect. A connection that was there and is reset breaks off the answer, begun or not: one that
    is kept for the next request may also belong to the answer before.
    """
    words = f"{address}: {type(fault).__name__} {fault}".rstrip()
    match fault:
        case TimeoutError() | httpx.TimeoutException():
            return SourceUnavailable(words, SourceError.TIMED_OUT)
        case httpx.ConnectError() | httpx.ProxyError():
            return SourceUnavailable(words, SourceError.REFUSED)
        case httpx.RemoteProtocolError() if not _closed_early(fault):
            return NotUnderstood(words)
        case httpx.RemoteProtocolError() | httpx.NetworkError():
            return SourceUnavailable(words, SourceError.BROKEN_OFF)
        case _:
            return NotUnderstood(words)


def _closed_early(fault: httpx.RemoteProtocolError) -> bool:
    """h11 and httpcore have one class for an answer that stops and one that is no HTTP; only their words tell which."""
    words = str(fault)
    return "disconnected" in words or "closed connection" in words


async def read_body(response: httpx.Response, limit: int, also: Collection[int] = ()) -> bytes:
    """The decoded body of a streamed answer, of at most `limit` bytes. Raises SourceFailure for a status of error."""
    _refuse_errors(response, also)
    return await _body(response, limit)


def _refuse_errors(response: httpx.Response, also: Collection[int]) -> None:
    status = response.status_code
    if status in (200, 204, 304) or status in also:
        return
    words = f"{_without_query(response.url)} answered {status}"
    if status in (401, 403):
        raise NotAuthorised(words)
    if status in (408, 425, 429):
        raise SourceUnavailable(words, SourceError.REJECTED, retry_after(response.headers))
    if status >= 500:
        raise SourceUnavailable(words, SourceError.SERVER_ERROR, retry_after(response.headers))
    if 300 <= status < 400:
        raise NotUnderstood(f"{words}, redirecting to {_target(response.headers.get('Location', ''))}")
    if status >= 400:
        raise SourceRefused(words)
    raise NotUnderstood(words)


def retry_after(headers: httpx.Headers) -> float | None:
    """Seconds that the source asks us to wait (RFC 9110, 10.2.3: a number or a date), an hour at most."""
    told = headers.get("Retry-After", "").strip()
    if told.isdecimal():
        return min(float(told[:9]), _LONGEST_WAIT)
    try:
        date = parsedate_to_datetime(told)
    except (ValueError, OverflowError):  # a year of ten digits is no ValueError
        return None
    zoned = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max((zoned - datetime.now(UTC)).total_seconds(), 0.0), _LONGEST_WAIT)


async def _body(response: httpx.Response, limit: int) -> bytes:
    """The decoded body. Stops at the limit, also within a chunk that a small gzip stream blows up."""
    told = response.headers.get("Content-Length", "")
    if told.isdecimal() and len(told) < 19 and int(told) > limit:
        raise _too_large(response, limit)
    pieces, size = (
        [],
        0,
    )  # joined at the end: a buffer that grows is copied over and over, for an answer that may be refused
    async for piece in _decoded(response, limit):
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise _too_large(response, limit)
    return b"".join(pieces)


async def _decoded(response: httpx.Response, limit: int) -> AsyncIterator[bytes]:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise NotUnderstood(f"{_without_query(response.url)} answered in the encoding {encoding!r}")
    if "gzip" not in encoding:
        async for piece in response.aiter_raw(_RAW_CHUNK):
            yield piece
        return
    async for piece in _inflated(response, limit):
        yield piece


async def _inflated(response: httpx.Response, limit: int) -> AsyncIterator[bytes]:
    """Every member of a gzip body, one after the other (RFC 1952, 2.2); what follows and is none is left out."""
    inflater = _inflater()
    begun = False
    try:
        async for piece in response.aiter_raw(_RAW_CHUNK):
            begun, rest = True, piece
            while rest:
                if inflater.eof and not rest.startswith(_MEMBER):
                    return
                inflater = _inflater() if inflater.eof else inflater
                yield inflater.decompress(rest, limit + 1)
                rest = inflater.unused_data
    except zlib.error as fault:
        raise NotUnderstood(f"{_without_query(response.url)} answered broken gzip: {fault}") from fault
    if begun and not inflater.eof:
        raise SourceUnavailable(f"{_without_query(response.url)}: gzip ends too early", SourceError.BROKEN_OFF)


def _inflater() -> "zlib._Decompress":
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)


def _too_large(response: httpx.Response, limit: int) -> SourceUnavailable:
    return SourceUnavailable(f"{_without_query(response.url)} answered more than {limit} bytes", SourceError.TOO_LARGE)


def _without_query(url: httpx.URL) -> str:
    """An address for the log: a query, a fragment or a user part may hold a key."""
    return str(url.copy_with(query=None, fragment=None, username=None, password=None))


def _target(location: str) -> str:
    """Where a redirect points, for the log."""
    try:
        return repr(_without_query(httpx.URL(location))) if location else "nowhere"
    except (httpx.InvalidURL, UnicodeError):
        return "no address"
