"""Reports as one viewer may see them: the fragment that every statement on reports carries, and whose place it uses.

In lists, counts and streams a class of viewers sees the same, by role and never by row. A person's own reports are
another matter: `own` adds them, with their true places, where one report is looked up and in `mine`.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, case, false, null, or_

from domain.visibility import Visibility
from domain.vocabulary import LocationPrecision, ReportVisibility
from storage.rows import SeenReport
from storage.tables import reports


@dataclass(frozen=True, slots=True)
class Place:
    """The columns that say where a report lies, for one kind of viewer."""

    latitude: ColumnElement[Any]
    longitude: ColumnElement[Any]
    cell: ColumnElement[Any]
    area_id: ColumnElement[Any]
    flood_area_id: ColumnElement[Any]


_PLACE_NAMES = ("latitude", "longitude", "cell", "area_id", "flood_area_id")
TRUE_PLACE = Place(*(reports.c[name] for name in _PLACE_NAMES))
PUBLIC_PLACE = Place(*(reports.c[f"public_{name}"] for name in _PLACE_NAMES))

DUPLICATE_OF: ColumnElement[Any] = reports.c.duplicate_of_id
"""The report that one was merged into."""


def uses_true_places(visibility: Visibility, *, mine: bool = False) -> bool:
    """Whether a list goes by true places: for staff, and in a list of one's own reports alone (`mine`)."""
    return visibility.true_places or mine


def place(visibility: Visibility, *, mine: bool = False) -> Place:
    """The place that filters, orders and counts of this viewer go by."""
    return TRUE_PLACE if uses_true_places(visibility, mine=mine) else PUBLIC_PLACE


def viewer_shape(visibility: Visibility) -> Hashable:
    """What the fragments of this file look like for a viewer: all that statements for it differ in but its own ids."""
    own = (visibility.person_id is not None, bool(visibility.followed))
    return visibility.true_places, visibility.all_confidential, visibility.confidential_of is not None, own


def viewer_values(visibility: Visibility) -> dict[str, Any]:
    """The viewer's own ids, under the names that the fragments give them (storage/statements/prepared.py)."""
    return {
        "viewer_agency": visibility.confidential_of,
        "viewer_person": visibility.person_id,
        "viewer_followed": visibility.followed,
    }


def owned(visibility: Visibility) -> ColumnElement[bool]:
    """Reports that this person told: by account or by a follow token. Never null, so that it may be negated."""
    ways: list[ColumnElement[bool]] = []
    if visibility.person_id is not None:
        person = bindparam("viewer_person", visibility.person_id, BigInteger)
        ways.append(and_(reports.c.reporter_id.is_not(None), reports.c.reporter_id == person))
    if visibility.followed:
        followed = bindparam("viewer_followed", sorted(visibility.followed), BigInteger, expanding=True)
        ways.append(reports.c.id.in_(followed))
    return or_(*ways) if ways else false()


def seen_by_class(
    visibility: Visibility, told: ColumnElement[Any], agency_id: ColumnElement[Any]
) -> ColumnElement[bool]:
    """What this class sees, by the columns that tell a report's visibility and its agency: `Visibility.sees` in SQL."""
    public, confidential = told == ReportVisibility.PUBLIC, told == ReportVisibility.CONFIDENTIAL
    if visibility.all_confidential:
        return or_(public, confidential)
    if visibility.confidential_of is None:
        return public
    agency = bindparam("viewer_agency", visibility.confidential_of, BigInteger)
    return or_(public, and_(confidential, agency_id == agency))


def visible_reports(visibility: Visibility, *, own: bool = False) -> ColumnElement[bool]:
    """What this viewer may see; with `own` also what it told itself and is hidden from its class. Erased: nobody's."""
    of_class = seen_by_class(visibility, reports.c.visibility, reports.c.agency_id)
    if visibility.all_confidential or not (own and visibility.has_person):
        return of_class
    return or_(of_class, and_(reports.c.visibility == ReportVisibility.CONFIDENTIAL, owned(visibility)))


def blurred(visibility: Visibility, *, own: bool = False) -> ColumnElement[bool]:
    """Reports of which this viewer sees the public place although that is not the true one."""
    if visibility.true_places:
        return false()
    if own and visibility.has_person:
        return and_(reports.c.fuzzed, ~owned(visibility))
    return reports.c.fuzzed.is_(True)


_HIDDEN_WHERE_BLURRED = frozenset(
    {"address", "source_ref", "source_url", "source_status", "source_status_means", "synced_at"}
)


def seen_columns(
    visibility: Visibility, *, own: bool = False, columns: Sequence[str] = SeenReport._fields
) -> list[ColumnElement[Any]]:
    """What to select of `reports` for a SeenReport, or for those of its columns, in their order."""
    hidden = blurred(visibility, own=own)
    computed: dict[str, ColumnElement[Any]] = {"fuzzed": hidden, "mine": owned(visibility)}
    return [
        (computed[name] if name in computed else _seen(name, visibility, own, hidden)).label(name) for name in columns
    ]


def _seen(name: str, visibility: Visibility, own: bool, hidden: ColumnElement[bool]) -> ColumnElement[Any]:
    column = reports.c[name]
    if visibility.true_places:
        return column
    if name == "precision":
        moved = and_(hidden, column == LocationPrecision.EXACT)
        return case((moved, LocationPrecision.FUZZED.value), else_=column)
    if name in _HIDDEN_WHERE_BLURRED:
        return case((hidden, null()), else_=column)
    if name in _PLACE_NAMES:
        public = reports.c[f"public_{name}"]
        return case((hidden, public), else_=column) if own else public
    return column
