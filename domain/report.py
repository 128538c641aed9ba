"""A report's states, and what may be done in each; its clocks. What is not here cannot happen to a report."""

from dataclasses import dataclass
from enum import IntFlag

from domain.time import DAY, MINUTE
from domain.vocabulary import OPEN_STATUSES, RESOLVED_STATUSES, ReportAction, ReportStatus

TEXT_LENGTH = 5_000
TITLE_LENGTH = 200
ADDRESS_LENGTH = 500
NOTE_LENGTH = 2_000
COMMENT_LENGTH = 2_000
PHOTOS_PER_REPORT = 5
AHEAD_TOLERATED = 15 * MINUTE
"""A `reportedAt` so far ahead is a clock that runs fast; further ahead is IN_THE_FUTURE."""
OLDEST_REPORTED = 30 * DAY
KEYS_KEPT = 40 * DAY
"""How long idempotency keys, and the facets that cursors resume by, are kept."""
MAX_FLOOD_DEPTH_CM = 1_000


class ByHand(IntFlag):
    """What staff or the reporter set themselves: a later fetch from the source never overwrites it."""

    CATEGORY = 1
    PLACE = 2
    STATUS = 4
    VISIBILITY = 8


_ENDED = frozenset({ReportStatus.CLOSED, ReportStatus.REJECTED, ReportStatus.DUPLICATE, ReportStatus.WITHDRAWN})

_ALLOWED: dict[ReportAction, frozenset[ReportStatus]] = {
    ReportAction.ADD_PHOTOS: OPEN_STATUSES | RESOLVED_STATUSES,
    ReportAction.SUPPORT: OPEN_STATUSES,
    ReportAction.COMMENT: frozenset(ReportStatus) - {ReportStatus.WITHDRAWN},
    ReportAction.WITHDRAW: OPEN_STATUSES,
    ReportAction.SET_CONFIDENTIAL: frozenset(ReportStatus),  # also of what is withdrawn: everybody sees it still
    ReportAction.FORWARD: OPEN_STATUSES,
}

_STEPS: dict[ReportStatus, frozenset[ReportStatus]] = {
    ReportStatus.SUBMITTED: frozenset(ReportStatus) - {ReportStatus.SUBMITTED},
    ReportStatus.VERIFIED: frozenset(ReportStatus) - {ReportStatus.SUBMITTED, ReportStatus.VERIFIED},
    ReportStatus.ASSIGNED: frozenset(ReportStatus) - {ReportStatus.SUBMITTED, ReportStatus.ASSIGNED},
    ReportStatus.IN_PROGRESS: frozenset(
        {
            ReportStatus.VERIFIED,
            ReportStatus.ASSIGNED,
            ReportStatus.RESOLVED,
            ReportStatus.CLOSED,
            ReportStatus.REJECTED,
            ReportStatus.DUPLICATE,
            ReportStatus.WITHDRAWN,
        }
    ),
    ReportStatus.RESOLVED: frozenset({ReportStatus.CLOSED, ReportStatus.IN_PROGRESS, ReportStatus.VERIFIED}),
    ReportStatus.CLOSED: frozenset({ReportStatus.VERIFIED, ReportStatus.IN_PROGRESS}),
    ReportStatus.REJECTED: frozenset({ReportStatus.VERIFIED}),
    ReportStatus.DUPLICATE: frozenset({ReportStatus.VERIFIED}),
    ReportStatus.WITHDRAWN: frozenset(),
}


def allowed_actions(status: str) -> list[ReportAction]:
    """What the state of a report allows, whoever asks; in the order of the enum."""
    return [action for action in ReportAction if status in _ALLOWED.get(action, frozenset())]


def may_become(status: str, to: str) -> bool:
    """Whether a report may go from one state to another."""
    return ReportStatus(to) in _STEPS[ReportStatus(status)]


def ended(status: str) -> bool:
    """Whether nothing more is expected of anybody."""
    return ReportStatus(status) in _ENDED


@dataclass(frozen=True, slots=True)
class Clocks:
    """A report's deadlines and what became of them; microseconds, None: no such deadline, or not yet."""

    respond_by: int | None = None
    resolve_by: int | None = None
    responded_at: int | None = None
    resolved_at: int | None = None

    @property
    def due_at(self) -> int | None:
        """The next unmet deadline."""
        unmet = [
            by
            for by, met in ((self.respond_by, self.responded_at), (self.resolve_by, self.resolved_at))
            if by is not None and met is None
        ]
        return min(unmet, default=None)


def clocks_from(received_at: int, respond_minutes: int | None, resolve_minutes: int | None) -> Clocks:
    """The deadlines of a report that came in at `received_at`, by its category's minutes."""
    return Clocks(
        None if respond_minutes is None else received_at + respond_minutes * MINUTE,
        None if resolve_minutes is None else received_at + resolve_minutes * MINUTE,
    )


def clocks_after(clocks: Clocks, before: str, status: str, at: int) -> Clocks:
    """The clocks once a report that was `before` became `status`: leaving SUBMITTED answers it (what
    came answered already has no time for that), an end or RESOLVED solves it.

    Reopened, it has no solution any more, but its answer stays.
    """
    responded = clocks.responded_at
    if responded is None and before == ReportStatus.SUBMITTED and status != ReportStatus.SUBMITTED:
        responded = at
    solved = status in RESOLVED_STATUSES or ended(status)
    resolved = (clocks.resolved_at or at) if solved else None
    return Clocks(clocks.respond_by, clocks.resolve_by, responded, resolved)
