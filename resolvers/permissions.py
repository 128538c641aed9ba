"""What a role may see and do, decided here and nowhere else.

`visibility_of` says what a viewer sees; storage turns that into the one SQL fragment that every statement on reports
carries. `may` says what a viewer may do; `actions_on` what it may do to one report now.
"""

from collections.abc import Iterable
from enum import StrEnum

from domain.report import allowed_actions
from domain.visibility import Visibility
from domain.vocabulary import ReportAction, Role
from resolvers.errors import Forbidden, Unauthenticated
from resolvers.viewer import Viewer

STAFF = frozenset({Role.RESPONDER, Role.DISPATCHER, Role.ADMIN})
DISPATCH = frozenset({Role.DISPATCHER, Role.ADMIN})


class Deed(StrEnum):
    """What is not about one report's state but about who somebody is."""

    FILTER_AS_STAFF = "use this filter"
    SEE_HIDDEN_PHOTOS = "see hidden photos"
    SEE_SET_ASIDE = "see records set aside"
    FORWARD = "forward a report"
    SETTLE = "settle a forwarding"
    RECORD_AGENCY_STATUS = "record an agency's status"
    SYNC_SOURCE = "sync a source"
    RETRY_SET_ASIDE = "retry records set aside"


_DEEDS = {
    Deed.FILTER_AS_STAFF: STAFF,
    Deed.SEE_HIDDEN_PHOTOS: STAFF,
    Deed.SEE_SET_ASIDE: frozenset({Role.ADMIN}),
    Deed.FORWARD: DISPATCH,
    Deed.SETTLE: DISPATCH,
    Deed.RECORD_AGENCY_STATUS: frozenset({Role.PARTNER}),
    Deed.SYNC_SOURCE: frozenset({Role.ADMIN}),
    Deed.RETRY_SET_ASIDE: frozenset({Role.ADMIN}),
}


def visibility_of(viewer: Viewer, followed: Iterable[int] = ()) -> Visibility:
    """What a viewer sees; `followed` are the reports whose follow tokens it showed."""
    return Visibility(viewer.role, viewer.agency_id, viewer.scopes, viewer.person_id, frozenset(followed))


def may(viewer: Viewer, deed: Deed) -> bool:
    """Whether the viewer's role allows a deed."""
    return viewer.role in _DEEDS[deed]


def require(viewer: Viewer, deed: Deed) -> None:
    """Raises Unauthenticated (nobody) or Forbidden (somebody else) unless the deed is allowed."""
    if may(viewer, deed):
        return
    if viewer.anonymous:
        raise Unauthenticated(f"Sign in to {deed}.")
    raise Forbidden(f"Your role may not {deed}.")


def actions_on(viewer: Viewer, *, status: str, mine: bool, agency_id: int | None) -> list[ReportAction]:
    """What this viewer may do to a report now, in the order of the enum."""
    of_its_agency = agency_id is not None and agency_id == viewer.agency_id
    return [
        action for action in allowed_actions(status) if _may_do(viewer, action, mine=mine, of_its_agency=of_its_agency)
    ]


def _may_do(viewer: Viewer, action: ReportAction, *, mine: bool, of_its_agency: bool) -> bool:
    if action is ReportAction.SUPPORT:
        return not mine
    if action is ReportAction.FORWARD:
        return may(viewer, Deed.FORWARD)
    if action in (ReportAction.COMMENT, ReportAction.ADD_PHOTOS):
        return mine or viewer.role in STAFF or (viewer.role is Role.PARTNER and of_its_agency)
    if action is ReportAction.WITHDRAW:
        return mine
    return mine or viewer.role in DISPATCH  # SET_CONFIDENTIAL
