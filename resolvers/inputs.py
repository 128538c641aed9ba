"""What mutations are given, as the contract has it. None: left out or null. Ids are public ones, times carry a zone."""

from dataclasses import dataclass
from datetime import datetime

from domain.vocabulary import ForwardingOutcome, PhotoPhase, ReportStatus
from resolvers.uploads import UploadedFile


@dataclass(frozen=True, slots=True)
class GivenPoint:
    """Coordinates in degrees as they were typed: they may be out of any range."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenContact:
    """How to reach the reporter; kept encrypted and never read back."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitReport:
    """A new report."""

    text: str
    category: str
    title: str | None = None
    address: str | None = None
    photos: tuple[UploadedFile, ...] | None = None
    location: GivenPoint | None = None
    area: str | None = None
    anonymous: bool = False
    confidential: bool = False
    contact: GivenContact | None = None
    forward_contact: bool = False
    flood_depth_cm: int | None = None
    source_ref: str | None = None
    reported_at: datetime | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPhotos:
    """Photos for a report that is there."""

    report_id: str
    photos: tuple[UploadedFile, ...]
    phase: PhotoPhase = PhotoPhase.BEFORE
    follow_token: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportReport:
    """Support for a report."""

    report_id: str
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsupportReport:
    """Support taken back."""

    report_id: str
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentOnReport:
    """A comment."""

    report_id: str
    text: str
    follow_token: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawReport:
    """A report taken back by its reporter."""

    report_id: str
    note: str | None = None
    follow_token: str | None = None
    idempotency_key: str | None = None
    if_unchanged_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetConfidential:
    """A report made confidential, or public again."""

    report_id: str
    confidential: bool
    follow_token: str | None = None
    idempotency_key: str | None = None
    if_unchanged_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardToLapor:
    """A report to be handed to LAPOR."""

    report_id: str
    note: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleForwarding:
    """What became of a forwarding of which nobody knew."""

    forwarding_id: str
    outcome: ForwardingOutcome
    external_ref: str | None = None
    note: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAgencyStatus:
    """How far a partner agency is."""

    report_id: str
    status: ReportStatus
    at: datetime | None = None
    note: str | None = None
    agency_ref: str | None = None
    idempotency_key: str | None = None
    if_unchanged_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSource:
    """A source to be read now; `source` is its code."""

    source: str
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySetAside:
    """Records to be tried again."""

    ids: tuple[str, ...]
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeAccess:
    """Whose tokens, or which token or API key, no longer hold; `agency` is a code."""

    subject: str | None = None
    token_id: str | None = None
    agency: str | None = None
    issued_before: datetime | None = None
    idempotency_key: str | None = None
