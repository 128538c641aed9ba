"""A client's mistakes, each with the code that the contract gives it.

ClientError
├── BadUserInput        an argument is wrong; the words say which and how
├── InvalidCursor       not a cursor, or of another list
├── CursorExpired       list again: too old, another hub, epoch or class
├── Unauthenticated     a bad or expired token, or none where a person is needed
├── Forbidden           the viewer may see it but not do it
├── NotFound            of an argument that names what the viewer may not know of
├── RateLimited         too many too fast; retryAfter, limited, limit, value
├── Overloaded          the hub has too much to do; retryAfter
├── SourceUnavailable   another system that is needed for this does not answer; retryAfter
├── PhotosUnavailable   photos cannot be kept just now; retryAfter
├── CountTimeout        counting took longer than its limit
└── OutcomeUnknown      the answer was lost: retry with the same idempotencyKey
"""

from typing import Any


class ClientError(Exception):
    """An error that a client is meant to see; its text is the message."""

    code = "BAD_USER_INPUT"

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message)
        self.extensions: dict[str, Any] = extensions


class BadUserInput(ClientError):
    """An argument is wrong."""


class InvalidCursor(ClientError):
    """A cursor that is none, or belongs to another list."""

    code = "INVALID_CURSOR"


class CursorExpired(ClientError):
    """A cursor that cannot be resumed from any more."""

    code = "CURSOR_EXPIRED"

    def __init__(
        self, message: str = "This cursor is too old, of another hub or was given to another reader: list again."
    ) -> None:
        super().__init__(message)


class Unauthenticated(ClientError):
    """Nobody, or somebody whose token does not hold."""

    code = "UNAUTHENTICATED"


class Forbidden(ClientError):
    """The viewer may see it but not do it."""

    code = "FORBIDDEN"


class RateLimited(ClientError):
    """Too many too fast."""

    code = "RATE_LIMITED"

    def __init__(self, message: str, retry_after: float, **extensions: Any) -> None:
        super().__init__(message, retryAfter=retry_after, **extensions)


class Overloaded(ClientError):
    """The hub has too much to do just now."""

    code = "OVERLOADED"

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"The hub is busy: try again in {retry_after:g} s.", retryAfter=retry_after)


class PhotosUnavailable(ClientError):
    """Photos cannot be made safe or kept just now; nothing of the request was done."""

    code = "OVERLOADED"

    def __init__(self, retry_after: float = 30.0) -> None:
        super().__init__(
            f"Photos cannot be kept just now: send it again in {retry_after:g} s, or without photos.",
            retryAfter=retry_after,
        )


class SourceUnavailable(ClientError):
    """Another system, without which this cannot be done, does not answer."""

    code = "SOURCE_UNAVAILABLE"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message, retryAfter=retry_after)


class CountTimeout(ClientError):
    """Counting took longer than its limit; the rest of the answer stands."""

    code = "COUNT_TIMEOUT"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Counting took longer than {seconds:g} s: narrow the filter, or leave totalCount out.")


class OutcomeUnknown(ClientError):
    """The answer was lost."""

    code = "OUTCOME_UNKNOWN"

    def __init__(self) -> None:
        super().__init__("It is not known whether this was done: send it again with the same idempotencyKey.")
