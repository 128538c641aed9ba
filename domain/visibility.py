"""Who sees what, as a value: made from a viewer by the permissions, turned into SQL by storage, judged here in memory."""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache

from domain.roles import DISPATCH, OF_AN_AGENCY, STAFF
from domain.vocabulary import ReportVisibility, Role


@dataclass(frozen=True, slots=True)
class Visibility:
    """What one viewer may see of reports.

    All but `person_id` and `followed` make the *class* that lists, counts and streams go by. The person's own hidden
    reports (by account, or by follow tokens: `followed` are report ids) are added by id, in `mine` and nowhere else.
    """

    role: Role = Role.ANONYMOUS
    agency_id: int | None = None
    scopes: frozenset[str] = frozenset()
    person_id: int | None = None
    followed: frozenset[int] = field(default=frozenset())

    staff: bool = field(init=False, compare=False, repr=False)
    """Responders, dispatchers and admins: the city's own people."""
    true_places: bool = field(init=False, compare=False, repr=False)
    """Whether statements use true places; by role and never by row."""
    all_confidential: bool = field(init=False, compare=False, repr=False)
    """Dispatchers and admins see every confidential report."""
    confidential_of: int | None = field(init=False, compare=False, repr=False)
    """The agency whose confidential reports this viewer sees."""

    def __post_init__(self) -> None:
        """Work out what follows from the role, once: every statement asks for it."""
        put = object.__setattr__
        put(self, "staff", self.role in STAFF)
        put(self, "true_places", self.role in STAFF)
        put(self, "all_confidential", self.role in DISPATCH)
        put(self, "confidential_of", self.agency_id if self.role in OF_AN_AGENCY else None)

    @property
    def has_person(self) -> bool:
        """Whether `mine` means anything: somebody signed in, or one who shows follow tokens."""
        return self.person_id is not None or bool(self.followed)

    def sees(self, visibility: str | None, agency_id: int | None) -> bool:
        """Whether this class sees a report of such visibility that such an agency has; None: there is no report."""
        if visibility == ReportVisibility.PUBLIC:
            return True
        if visibility != ReportVisibility.CONFIDENTIAL:
            return False
        return self.all_confidential or (agency_id is not None and agency_id == self.confidential_of)

    def owns(self, report_id: int | None, reporter_id: int | None) -> bool:
        """Whether this person told the report."""
        return (reporter_id is not None and reporter_id == self.person_id) or report_id in self.followed

    @property
    def reader(self) -> bytes:
        """A digest of the class, for cursors. Anonymous people and citizens are one class."""
        return _digest_of(self.role, self.agency_id, self.scopes)


@lru_cache(1_000)
def _digest_of(role: Role, agency_id: int | None, scopes: frozenset[str]) -> bytes:
    shown = Role.ANONYMOUS if role is Role.CITIZEN else role
    words = "|".join((shown, str(agency_id), *sorted(scopes)))
    return hashlib.sha256(words.encode()).digest()[:16]
