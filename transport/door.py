"""What the door asks of the hub behind it, and what it tells the hub of whoever knocks.

`transport/hub.py` implements `Hub`; the transports know nothing else of the house. A refusal that is meant for the client is any
exception of the shape `execution.ClientMistake`.
"""

from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from starlette.datastructures import Headers

from execution import Engine, Kind
from transport.http.head import Head

Way = Literal["http", "sse", "websocket"]

API_KEY_HEADER = "simpul-api-key"
FOLLOW_TOKEN_HEADER = "simpul-follow-token"
MOST_FOLLOW_TOKENS = 20


class BadRequest(Exception):
    """What came in is wrong in itself; `status` is what HTTP calls it. Has the shape of `execution.ClientMistake`."""

    def __init__(self, message: str, *, status: int = 400, code: str = "BAD_USER_INPUT", **extensions: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.extensions: dict[str, Any] = extensions
        self.headers: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody showed to say who he is. None of it has been checked."""

    bearer: str | None = None
    api_key: str | None = None
    follow_tokens: tuple[str, ...] = ()
    client_address: str | None = None

    @property
    def shown(self) -> bool:
        """Whether anything was shown: then the answer is private."""
        return self.bearer is not None or self.api_key is not None or bool(self.follow_tokens)


@dataclass(slots=True)
class RequestInfo:
    """One operation's request, as far as resolvers may care."""

    kind: Kind
    way: Way
    accept_language: str | None = None
    client_address: str | None = None
    follow_tokens: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    last_event_id: str | None = None
    """Where an event stream broke off: goes before the operation's `after`, which is where it began."""
    private: bool = False
    """A token was shown: the answer is for this client alone."""


class Viewer(Protocol):
    """Who asks. The transports only look at when that ceases to be true."""

    @property
    def expires_at(self) -> datetime | None:
        """When the token runs out, with its time zone; None for never."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose allowance an operation is drawn from: a person's or a partner's; without a name the address's."""

    name: str | None = None
    trusted: bool = False
    """Staff and partners have a larger one."""


@dataclass(frozen=True, slots=True)
class News:
    """What the hub hears of the store's changes, for answers that are given more than once. Both count up.

    `commits`: whatever is written, as soon as this process knows. `hidden`: that something which answers told may be
    hidden now. `harmless` are the mutations (names of root fields) that never hide anything; of all others it is
    assumed when they end in this process.
    """

    commits: Callable[[], int] = lambda: 0
    hidden: Callable[[], int] = lambda: 0
    harmless: frozenset[str] = frozenset()


class Hub(Protocol):
    """The hub as the door sees it."""

    @property
    def engine(self) -> Engine:
        """Runs operations of the served schema."""

    @property
    def news(self) -> News:
        """What is heard of changes."""

    async def identify(self, credentials: Credentials) -> Viewer:
        """Find who shows these. Raises UNAUTHENTICATED for a bad or expired token; nothing shown is nobody, no error."""

    async def until_revoked(self, viewer: Viewer) -> str:
        """Wait until the viewer's token or key is revoked, and return words for it; wait for ever where it never is."""

    def account_of(self, viewer: Viewer) -> Account:
        """Tell whose allowance the viewer's operations are drawn from."""

    def anybody_like(self, viewer: Viewer) -> Viewer:
        """Return the viewer as one of its class, whom nothing is told that is for the very person."""

    def sharing(self, viewer: Viewer, request: RequestInfo, *, personal: bool) -> Hashable | None:
        """Tell who is answered the same: equal for them, None where an answer is shared with nobody.

        `personal`: the answer depends on the very person.
        """

    def operation(self, viewer: Viewer, request: RequestInfo) -> AbstractAsyncContextManager[Any]:
        """Give the context that one operation, or one event of a stream, runs in: one snapshot of the store."""


def credentials_of(headers: Headers | Head, client_address: str | None) -> Credentials:
    """Read what a request shows. Raises BadRequest for another scheme than Bearer, or too many follow tokens."""
    bearer, key = headers.get("authorization", ""), headers.get(API_KEY_HEADER, "")
    follow_tokens = headers.get(FOLLOW_TOKEN_HEADER, "")
    return Credentials(
        bearer=bearer_token(bearer) if bearer else None,
        api_key=key or None,
        follow_tokens=follow_tokens_of(follow_tokens.split(",")) if follow_tokens else (),
        client_address=client_address,
    )


def bearer_token(authorization: str | None) -> str | None:
    """Return the token of `Bearer <token>` (RFC 6750), None for none. Raises BadRequest (401) for anything else."""
    if not authorization:
        return None
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise BadRequest("Authorization must be: Bearer <token>.", status=401, code="UNAUTHENTICATED")
    return token.strip()


def follow_tokens_of(shown: list[str]) -> tuple[str, ...]:
    """Return the follow tokens, blanks left out. Raises BadRequest for more than twenty."""
    tokens = tuple(token.strip() for token in shown if token.strip())
    if len(tokens) > MOST_FOLLOW_TOKENS:
        message = f"At most {MOST_FOLLOW_TOKENS} follow tokens may be shown at once; these are {len(tokens)}."
        raise BadRequest(message, limited="follow_tokens", limit=MOST_FOLLOW_TOKENS, value=len(tokens))
    return tokens


def seconds_left(viewer: Viewer) -> float | None:
    """Return how long the viewer's token still holds, never less than nothing; None for ever."""
    if viewer.expires_at is None:
        return None
    return max((viewer.expires_at - datetime.now(UTC)).total_seconds(), 0.0)
