"""The messages of graphql-transport-ws, read and written to the letter.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md says what there is, and which close code means what.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal, cast

import orjson

from execution import FormattedError

SUBPROTOCOL = "graphql-transport-ws"

ClientType = Literal["connection_init", "ping", "pong", "subscribe", "complete"]
_CLIENT_TYPES = ("connection_init", "ping", "pong", "subscribe", "complete")


class CloseCode(IntEnum):
    """Why the hub closes a socket."""

    NORMAL = 1000
    RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_REQUEST = 4400
    UNAUTHORIZED = 4401
    FORBIDDEN = 4403
    SUBPROTOCOL_NOT_ACCEPTABLE = 4406
    INIT_TIMEOUT = 4408
    SUBSCRIBER_EXISTS = 4409
    TOO_MANY = 4429
    INTERNAL_ERROR = 4500


MOST_ID_CHARACTERS = 255
"""An operation's id is kept while it runs, and told with each answer and ping."""


class ProtocolError(Exception):
    """The socket is to be closed with this code and reason."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def fitting(reason: str) -> str:
    """Return as much of a reason as a closing frame may hold: 123 bytes (RFC 6455, 5.5)."""
    return reason.encode()[:123].decode("utf-8", "ignore")


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a client: `id` is set for subscribe and complete, `payload` is an object or None.

    `size` is the characters that it came in.
    """

    type: ClientType
    id: str
    payload: dict[str, Any] | None
    size: int


def read(text: str | None) -> Message:
    """Read one frame (None: it was binary). Raises ProtocolError (4400) for whatever the protocol does not know."""
    if text is None:
        raise _invalid("Messages are text, not binary")
    try:
        message = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _invalid("The message is not JSON") from None
    if not isinstance(message, dict):
        raise _invalid("The message is not an object")
    kind, payload = message.get("type"), message.get("payload")
    if kind not in _CLIENT_TYPES:
        raise _invalid("The message has no type that a client may send")
    if kind in ("subscribe", "complete") and not (isinstance(message.get("id"), str) and message["id"]):
        raise _invalid(f"{kind} needs an id")
    if kind in ("subscribe", "complete") and len(message["id"]) > MOST_ID_CHARACTERS:
        raise _invalid(f"An id has at most {MOST_ID_CHARACTERS} characters, not {len(message['id'])}")
    if payload is not None and not isinstance(payload, dict):
        raise _invalid(f"The payload of {kind} must be an object")
    return Message(cast(ClientType, kind), message.get("id", ""), payload, len(text))


def is_pong(data: bytes) -> bool:
    """Tell whether a frame is the answer to a ping, as most clients write it: nothing is to be done about it.

    Where it is not quite that, `read` says what is wrong.
    """
    if not data.startswith(b'{"type":"pong"'):
        return False
    try:
        return data == b'{"type":"pong"}' or read(data.decode()).type == "pong"
    except (ProtocolError, UnicodeDecodeError):
        return False


def _invalid(reason: str) -> ProtocolError:
    return ProtocolError(CloseCode.BAD_REQUEST, reason)


def _write(type_: str, **members: Any) -> bytes:
    return orjson.dumps({"type": type_, **members})


def connection_ack() -> bytes:
    """Return the message that lets a client subscribe."""
    return _write("connection_ack")


def ping(cursors: dict[str, str], expires_in: int | None = None) -> bytes:
    """Return a ping that tells, for each operation, the position written to this socket before it.

    `expires_in` are the seconds for which the token still holds, once that is to be told.
    """
    expiry = {} if expires_in is None else {"sessionExpiresInSeconds": expires_in}
    return _write("ping", payload={"cursors": cursors, **expiry})


def pong(payload: dict[str, Any] | None) -> bytes:
    """Return the reply to a ping, with the same payload."""
    return _write("pong") if payload is None else _write("pong", payload=payload)


def next_with(id_: str, body: bytes) -> bytes:
    """Return one answer of an operation whose payload is written already."""
    return b'{"type":"next","id":' + orjson.dumps(id_) + b',"payload":' + body + b"}"


def framed(message: bytes) -> bytes:
    """Return a message as one WebSocket frame of a server (RFC 6455, 5.2): whole, not masked, not compressed."""
    size = len(message)
    if size < 126:
        return b"\x81" + size.to_bytes(1) + message
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2) + message
    return b"\x81\x7f" + size.to_bytes(8) + message


def error(id_: str, errors: list[FormattedError]) -> bytes:
    """Return what ends an operation badly."""
    return _write("error", id=id_, payload=errors)


def complete(id_: str) -> bytes:
    """Return what ends an operation well."""
    return _write("complete", id=id_)
