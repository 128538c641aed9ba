"""The limits of the door. Times are in seconds, sizes in bytes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """How much the door takes in, and how long it waits. Each has a sound default."""

    path: str = "/graphql"
    body_bytes: int = 1_000_000
    """The most that a JSON body, or the `operations` and `map` of a multipart one, may have."""
    upload_bytes: int = 12_000_000
    """The most that one uploaded file may have: somewhat above what a photo may have, which is told as a user error."""
    upload_count: int = 10
    """The most files in one request: above what a report may have, for the same reason."""
    multipart_bytes: int = 64_000_000
    """The most that a whole multipart body may have."""
    spool_bytes: int = 1_000_000
    """An uploaded file larger than this waits on disk instead of in memory."""
    init_seconds: float = 5.0
    """A socket that has not sent connection_init by then is closed with 4408."""
    ping_seconds: float = 10.0
    """How often a socket or an event stream hears of the positions reached."""
    operations_per_socket: int = 100
