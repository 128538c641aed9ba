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
    body_seconds: float = 30.0
    """So long without another byte of its body, a request is given up with 408; the whole body may take twenty times that."""
    batch_operations: int = 1
    """The most operations that one request may bring; 1: no batches."""
    spool_bytes: int = 1_000_000
    """An uploaded file larger than this waits on disk instead of in memory."""
    init_seconds: float = 5.0
    """A socket that has not sent connection_init by then is closed with 4408."""
    ping_seconds: float = 10.0
    """How often a socket or an event stream hears of the positions reached."""
    operations_per_socket: int = 100
    """Operations that may run on one socket at a time."""
    sockets_per_client: int = 1_000
    """Sockets that one client's address may have open: many phones share one, behind their carrier's."""
    streams_per_client: int = 1_000
    """Event streams that one client's address may have open."""
    idle_seconds: float = 600.0
    """A socket on which nothing runs for so long is closed with 1000."""
    expiry_warning_seconds: float = 60.0
    """So long before a token runs out, subscribers are told."""
    lag_bytes: int = 65_536
    """A reader that has not taken so much of what was written to him lags behind."""
    lag_seconds: float = 30.0
    """A reader that lags behind for so long is closed: sockets with 1013, answers are broken off."""
    head_bytes: int = 65_536
    """The most that the head of a request may have, its address included."""
    head_seconds: float = 10.0
    """A connection that has not sent the whole head of a request by then is closed."""
    origins: tuple[str, ...] = ()
    """Other sites whose pages may open sockets; "*" for all."""
    cost_bucket: float = 50_000.0
    """What one client may spend at once (transport/operations/throttle.py)."""
    cost_per_second: float = 1_000.0
    """How much of it comes back each second."""
    trusted_cost_bucket: float = 200_000.0
    """What staff and partners may spend at once, each."""
    trusted_cost_per_second: float = 5_000.0
    """How much of that comes back each second."""
    answer_seconds: float = 1.0
    """So long what nobody in particular was told may be told again; 0: never (transport/operations/sharing.py)."""
    join_queries: bool = True
    """Whether equal queries that are asked at the same time share one execution."""
    cost_at_once: int = 1_000
    """What the queries of one client may cost that are worked on at once, and likewise its events (transport/operations/turns.py)."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks whose X-Forwarded-For is believed."""
