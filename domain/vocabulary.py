"""The closed sets of words that the whole hub shares; the names are those of the public contract."""

from enum import StrEnum


class ReportStatus(StrEnum):
    """How far a report is. DUPLICATE and WITHDRAWN are ends like CLOSED and REJECTED."""

    SUBMITTED = "SUBMITTED"
    VERIFIED = "VERIFIED"
    ASSIGNED = "ASSIGNED"
    IN_PROGRESS = "IN_PROGRESS"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"
    REJECTED = "REJECTED"
    DUPLICATE = "DUPLICATE"
    WITHDRAWN = "WITHDRAWN"


OPEN_STATUSES = frozenset(
    {ReportStatus.SUBMITTED, ReportStatus.VERIFIED, ReportStatus.ASSIGNED, ReportStatus.IN_PROGRESS}
)
RESOLVED_STATUSES = frozenset({ReportStatus.RESOLVED, ReportStatus.CLOSED})


class ReportVisibility(StrEnum):
    """PUBLIC: everybody's. CONFIDENTIAL (*rahasia*): its reporter's, its agency's, dispatchers' and admins'. ERASED: nobody's."""

    PUBLIC = "PUBLIC"
    CONFIDENTIAL = "CONFIDENTIAL"
    ERASED = "ERASED"


class LocationPrecision(StrEnum):
    """How exactly a viewer knows the place."""

    EXACT = "EXACT"
    FUZZED = "FUZZED"
    AREA = "AREA"
    UNKNOWN = "UNKNOWN"


class PhotoPhase(StrEnum):
    """Taken when the report was made, or after the work was done."""

    BEFORE = "BEFORE"
    AFTER = "AFTER"


class PhotoState(StrEnum):
    """Whether a photo's bytes are here: they are fetched afterwards where a source tells of one."""

    READY = "READY"
    WANTED = "WANTED"
    BROKEN = "BROKEN"


class ReportAction(StrEnum):
    """What a viewer may do to a report."""

    ADD_PHOTOS = "ADD_PHOTOS"
    SUPPORT = "SUPPORT"
    COMMENT = "COMMENT"
    WITHDRAW = "WITHDRAW"
    SET_CONFIDENTIAL = "SET_CONFIDENTIAL"
    FORWARD = "FORWARD"
    UPDATE = "UPDATE"
    VERIFY = "VERIFY"
    REJECT = "REJECT"
    MERGE = "MERGE"
    SPLIT = "SPLIT"
    ASSIGN = "ASSIGN"
    ACCEPT = "ACCEPT"
    DECLINE = "DECLINE"
    START = "START"
    RESOLVE = "RESOLVE"
    CLOSE = "CLOSE"
    REOPEN = "REOPEN"
    RATE = "RATE"
    HIDE = "HIDE"


class EventKind(StrEnum):
    """What an entry of the event log tells. FLOOD_STATE entries are told as flood-area changes, never as report events."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    STATUS_CHANGED = "STATUS_CHANGED"
    COMMENTED = "COMMENTED"
    COMMENT_HIDDEN = "COMMENT_HIDDEN"
    PHOTO_ADDED = "PHOTO_ADDED"
    PHOTO_HIDDEN = "PHOTO_HIDDEN"
    SUPPORTED = "SUPPORTED"
    UNSUPPORTED = "UNSUPPORTED"
    MERGED = "MERGED"
    SPLIT = "SPLIT"
    FORWARDED = "FORWARDED"
    VISIBILITY_CHANGED = "VISIBILITY_CHANGED"
    ASSIGNED = "ASSIGNED"
    OFFERED = "OFFERED"
    DECLINED = "DECLINED"
    OFFER_EXPIRED = "OFFER_EXPIRED"
    AT_RISK = "AT_RISK"
    BREACHED = "BREACHED"
    ESCALATED = "ESCALATED"
    RATED = "RATED"
    ERASED = "ERASED"
    FLOOD_STATE = "FLOOD_STATE"


REPORT_EVENT_KINDS = frozenset(EventKind) - {EventKind.FLOOD_STATE}
STAFF_ONLY_KINDS = frozenset({EventKind.OFFERED, EventKind.DECLINED, EventKind.OFFER_EXPIRED, EventKind.AT_RISK})


class FloodState(StrEnum):
    """Peta Jakarta's states: 1 unknown depth, 2 minor (10–70 cm), 3 moderate (71–150 cm), 4 severe (over 150 cm)."""

    NONE = "NONE"
    CAUTION = "CAUTION"
    MINOR = "MINOR"
    MODERATE = "MODERATE"
    SEVERE = "SEVERE"

    @property
    def rank(self) -> int:
        """0 for NONE to 4 for SEVERE: the number that Peta Jakarta uses."""
        return list(FloodState).index(self)

    @classmethod
    def of_rank(cls, rank: int) -> "FloodState":
        """The state of a number 0 to 4; raises ValueError for any other."""
        found = _OF_RANK.get(rank)
        if found is None:
            raise ValueError(f"no flood state {rank}")
        return found


_OF_RANK = dict(enumerate(FloodState))


class LaporStatus(StrEnum):
    """LAPOR's states as the hub reads them; its other words stay in `sourceStatus`."""

    UNVERIFIED = "UNVERIFIED"
    VERIFIED = "VERIFIED"
    DISPOSED = "DISPOSED"
    IN_PROGRESS = "IN_PROGRESS"
    DONE = "DONE"
    CLOSED = "CLOSED"
    REJECTED = "REJECTED"


class SourceKind(StrEnum):
    """What sort of system a source is."""

    HUB = "HUB"
    CITIZEN_APP = "CITIZEN_APP"
    FLOOD_MAP = "FLOOD_MAP"
    COMPLAINT_SYSTEM = "COMPLAINT_SYSTEM"
    PARTNER = "PARTNER"
    REFERENCE = "REFERENCE"


class SourceState(StrEnum):
    """How a connector is doing. DEGRADED: failing, but not for long, or only in part."""

    UP = "UP"
    DEGRADED = "DEGRADED"
    DOWN = "DOWN"
    DISABLED = "DISABLED"


class ForwardingState(StrEnum):
    """What became of one hand-over. UNKNOWN is never sent again by itself."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class ForwardingOutcome(StrEnum):
    """How a dispatcher settles an unknown forwarding."""

    ARRIVED = "ARRIVED"
    SEND_AGAIN = "SEND_AGAIN"
    GIVE_UP = "GIVE_UP"


class Role(StrEnum):
    """Who somebody is to the hub."""

    ANONYMOUS = "ANONYMOUS"
    CITIZEN = "CITIZEN"
    RESPONDER = "RESPONDER"
    DISPATCHER = "DISPATCHER"
    PARTNER = "PARTNER"
    ADMIN = "ADMIN"


class Scope(StrEnum):
    """What an API key may be used for; who comes with a key may do nothing else, whatever his role allows."""

    REPORTS_READ = "reports:read"
    REPORTS_SUBMIT = "reports:submit"
    REPORTS_ACT = "reports:act"
    STATUS_RECORD = "status:record"


class Locale(StrEnum):
    """The hub's languages."""

    ID = "ID"
    EN = "EN"
