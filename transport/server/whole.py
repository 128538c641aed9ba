"""An extension of ASGI between our server and our door: a request whose body is all there is taken, and answered, in one
piece each, without the messages that carry bodies of any length.
"""

from typing import Protocol

from starlette.types import Scope

EXTENSION = "simpul.whole"


class Whole(Protocol):
    """One request. It must be answered through this or through ASGI's messages, not both."""

    def body(self) -> bytes | None:
        """Take the body; None where it is not all there: then `receive` has it."""

    async def answer(self, status: int, lines: bytes, body: bytes) -> None:
        """Write an answer; `lines` are its headers as they are written, its length among them."""


def whole_of(scope: Scope) -> Whole | None:
    """Return the extension, where the server has it and nobody between it and the door has to see the answer."""
    extensions = scope.get("extensions")
    whole: Whole | None = extensions.get(EXTENSION) if extensions else None
    return whole
