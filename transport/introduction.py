"""Who a socket's client says he is: browsers can set no headers on a socket, so it comes with connection_init."""

from typing import Any

from starlette.requests import HTTPConnection

from transport.clients import address_of
from transport.door import BadRequest, Credentials, bearer_token, credentials_of, follow_tokens_of


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
