"""What mutations come to: ids of the rows they made or touched, read afresh for the answer, and the client's mistakes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from resolvers.user_errors import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """`report_id`: the report as it now is, also beside faults, where the viewer may see it."""

    report_id: int | None = None
    faults: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted(Done):
    """`follow_token` is shown to the submitter alone, and again only to a retry with its key."""

    follow_token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotosAdded(Done):
    """The photos in the order they were given."""

    photo_ids: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Commented(Done):
    """The comment that was made."""

    comment_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded(Done):
    """The hand-over that was begun or settled."""

    forwarding_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTold:
    """The source that was told to sync."""

    source_id: int | None = None
    faults: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """How many records could be mapped now, and how many still not."""

    mapped: int = 0
    still_aside: int = 0
    faults: Sequence[Fault] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRevoked:
    """Up to which moment, and how many API keys were ended by it."""

    issued_before: datetime | None = None
    api_keys_ended: int = 0
    faults: Sequence[Fault] = ()
