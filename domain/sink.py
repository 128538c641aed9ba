"""Where the connectors' runner hands what it brings, and how it says how a source is doing. `storage` implements it; `server` joins the two."""

import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.records import JSON, Batch
from domain.vocabulary import SourceKind, SourceState


class LeaseLost(Exception):
    """Somebody else runs this source now; what was brought under the old lease is refused."""


def new_holder() -> str:
    """A name for this process that no other has, of at most 60 characters: leases are held under it."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{secrets.token_hex(4)}"


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run one source until `expires_at`, proved by a token that only grows (a fencing token)."""

    name: str
    holder: str
    token: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SourceDeclaration:
    """What is known of a source before it is ever asked; from the connector's manifest and the configuration."""

    code: str
    name: str
    kind: SourceKind
    profile: str | None
    reconstructed: bool
    licence: str | None
    poll_seconds: float
    enabled: bool = True


class SourceError(StrEnum):
    """The closed set of sentences that clients see as `Source.lastError`; the raw words go to the log."""

    TIMED_OUT = "The source did not answer in time."
    REFUSED = "The source refused the connection."
    SERVER_ERROR = "The source answered that it has an error of its own."
    NOT_UNDERSTOOD = "The source's answer could not be understood."
    TOO_LARGE = "The source's answer was larger than the limit."
    BROKEN_OFF = "The source's answer broke off."
    NOT_AUTHORISED = "The source refused our credentials."
    REJECTED = "The source rejected our request."
    INTERNAL = "The hub failed to take in what the source sent."


@dataclass(frozen=True, slots=True)
class Health:
    """How one run of a source ended, or that its state changed."""

    source: str
    state: SourceState
    at: datetime
    succeeded: bool
    error: SourceError | None = None
    next_attempt_at: datetime | None = None
    answers_request: bool = False
    """True for the end of a run that somebody asked for (`syncSource`): told to subscribers even without a change."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a batch."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    set_aside: int = 0


@dataclass(frozen=True, slots=True)
class WantedPhoto:
    """A photo that a report's source told of and whose bytes are not here yet."""

    key: int
    source: str
    url: str
    attempts: int


@dataclass(frozen=True, slots=True)
class StoredAside:
    """A record kept aside, as the runner gets it back to try again."""

    key: str
    source: str
    raw: str


class Sink(Protocol):
    """What the runner needs of the hub's store. Every write carries the lease and is refused with LeaseLost once it is old."""

    async def declare(self, sources: Sequence[SourceDeclaration]) -> None:
        """Makes the sources known; those that are not named any more become DISABLED."""

    async def acquire(self, name: str, holder: str, seconds: float) -> Lease | None:
        """Takes or prolongs the lease `name` for `holder`; None while another holds it."""

    async def release(self, lease: Lease) -> None:
        """Gives a lease back early, so that another process need not wait for its end."""

    async def checkpoint(self, source: str) -> Mapping[str, JSON] | None:
        """What was kept with the source's last batch; None before the first."""

    async def accept(self, batch: Batch, lease: Lease) -> Accepted:
        """Stores records, set-aside records and checkpoint in one transaction."""

    async def health(self, health: Health, lease: Lease) -> None:
        """Records how the source is doing; subscribers of `sources` hear of changes."""

    async def take_sync_requests(self, source: str) -> bool:
        """Whether somebody asked for a sync of this source since the last call."""

    async def wanted_photos(self, source: str, limit: int) -> Sequence[WantedPhoto]:
        """Photos to be fetched now, oldest first; those that failed wait their back-off."""

    async def photo_arrived(self, photo: WantedPhoto, data: bytes) -> None:
        """Prepares and keeps a photo's bytes; raises nothing for a broken one, which is recorded as such."""

    async def photo_failed(self, photo: WantedPhoto, *, final: bool) -> None:
        """The photo could not be fetched; with `final` it is not tried again."""

    async def aside_to_retry(self, source: str, limit: int) -> Sequence[StoredAside]:
        """Records kept aside that a person asked to try again."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A report as it is handed on to another system. `reference` is drawn for this forwarding alone and stands in the text."""

    reference: str
    text: str
    category: str
    address: str | None
    latitude: float | None
    longitude: float | None
    area_name: str | None
    confidential: bool
    anonymous: bool
    contact_name: str | None = None
    contact_phone: str | None = None
    contact_email: str | None = None


class SubmissionRefused(Exception):
    """The other system said no for good; the message is safe to show to staff."""


class SubmissionUnavailable(Exception):
    """The other system was certainly not reached, or said to come again: trying again is safe. `retry_after` in seconds, if it said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SubmissionUnknown(Exception):
    """The request went out and no answer came back: it may have arrived. Never sent again by itself."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The other system took it and gave it this number."""

    external_ref: str
    url: str | None = None


class Forwarder(Protocol):
    """Hands one report to one other system. Raises SubmissionRefused, SubmissionUnavailable or SubmissionUnknown, nothing else."""

    async def submit(self, submission: Submission) -> Submitted:
        """Sends it once."""
