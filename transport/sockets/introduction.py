"""Who a socket's client says he is: browsers can set no headers on a socket, so it comes with connection_init."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection

from execution import Prepared
from transport.door import (
    BadRequest,
    Credentials,
    Hub,
    RequestInfo,
    Viewer,
    bearer_token,
    credentials_of,
    follow_tokens_of,
)
from transport.identity.clients import address_of
from transport.identity.session import Session
from transport.sockets.messages import CloseCode, ProtocolError


@dataclass(frozen=True, slots=True)
class Introduced:
    """A client who has said who he is, and for how long that holds."""

    viewer: Viewer
    credentials: Credentials
    language: str | None
    session: Session

    def info(self, prepared: Prepared) -> RequestInfo:
        """Return what an operation of his comes with."""
        return RequestInfo(
            kind=prepared.kind,
            way="websocket",
            accept_language=self.language,
            client_address=self.credentials.client_address,
            follow_tokens=self.credentials.follow_tokens,
            private=self.credentials.shown,
        )


async def introduced(
    connection: HTTPConnection, payload: dict[str, Any], hub: Hub, warning_seconds: float
) -> Introduced:
    """Find out who introduces himself with `connection_init`. Raises BadRequest, and ProtocolError for who is not let in."""
    credentials, language = introduce(connection, payload)
    viewer = await _identified(hub, credentials)
    session = Session(hub, viewer, shown=credentials.shown, warning_seconds=warning_seconds)
    return Introduced(viewer, credentials, language, session)


async def _identified(hub: Hub, credentials: Credentials) -> Viewer:
    try:
        return await hub.identify(credentials)
    except Exception as error:
        refused = hub.engine.refusal(error)
        if refused.code == "INTERNAL":
            raise ProtocolError(CloseCode.INTERNAL_ERROR, "Internal server error") from error
        told = refused.errors[0]
        later = "retryAfter" in told.get("extensions", {})
        raise ProtocolError(CloseCode.TRY_AGAIN_LATER if later else CloseCode.FORBIDDEN, told["message"]) from error


def introduce(connection: HTTPConnection, payload: dict[str, Any]) -> tuple[Credentials, str | None]:
    """Return credentials and language: from connection_init's payload, else from the handshake's headers.

    The payload may have `authorization` ("Bearer …"), `apiKey`, `followTokens` (a list) and `locale`. Raises BadRequest.
    """
    address = address_of(connection)
    shaken = credentials_of(connection.headers, address)
    authorization = _text(payload, "authorization") or _text(payload, "Authorization")
    credentials = Credentials(
        bearer=bearer_token(authorization) or shaken.bearer,
        api_key=_text(payload, "apiKey") or shaken.api_key,
        follow_tokens=_follow_tokens(payload) or shaken.follow_tokens,
        client_address=address,
    )
    return credentials, _text(payload, "locale") or connection.headers.get("accept-language")


def _text(payload: dict[str, Any], name: str) -> str | None:
    value = payload.get(name)
    if value is not None and not isinstance(value, str):
        raise BadRequest(f"`{name}` in connection_init must be a string.")
    return value or None


def _follow_tokens(payload: dict[str, Any]) -> tuple[str, ...]:
    tokens = payload.get("followTokens")
    if tokens is None:
        return ()
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise BadRequest("`followTokens` in connection_init must be a list of strings.")
    return follow_tokens_of(tokens)
