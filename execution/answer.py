"""What an operation is answered."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from execution.errors import FormattedError


@dataclass(slots=True)
class Answer:
    """The response to an operation that ran: `data` is None when a null went all the way up.

    `spent` is what it cost. It is not changed once it is made: `encoded` keeps what was written of it.
    """

    data: dict[str, Any] | None
    errors: list[FormattedError] | None = None
    extensions: dict[str, Any] | None = None
    spent: int = 0
    _encoded: bytes | None = field(default=None, repr=False, compare=False)

    def payload(self) -> dict[str, Any]:
        """Return the response map of the GraphQL specification, errors first so that a reader sees them."""
        payload: dict[str, Any] = {"errors": self.errors} if self.errors else {}
        payload["data"] = self.data
        if self.extensions:
            payload["extensions"] = self.extensions
        return payload

    def encoded(self) -> bytes:
        """Return `data` as JSON, written once."""
        if self._encoded is None:
            self._encoded = orjson.dumps(self.data)
        return self._encoded
