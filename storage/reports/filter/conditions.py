"""A filter of reports as SQL: its conditions, its *shape*, and the values that go into them.

Filters of one shape are one statement, kept and run with other values (storage/statements/prepared.py). So whatever a filter holds
has a name here and is part of the values, and whatever makes the text another is part of the shape: which conditions there
are, and of each list whether it has none, one or many. A test holds names and values together.
"""

from collections.abc import Collection, Hashable, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, exists, false, not_, or_, select
from sqlalchemy.types import Double

from domain.places import Box
from domain.visibility import Visibility
from domain.vocabulary import ReportVisibility
from storage.reports.filter.distance import circle_values, within
from storage.reports.filter.searching import has_words, search_text
from storage.reports.seen import Place, owned, place
from storage.tables import forwardings, reports

if TYPE_CHECKING:
    from storage.reports.filter.filtering import ResolvedFilter

SINCE, UNTIL = "since", "until"
"""The names of the moments that reports were told between: the first that counts, and the first that does not any more."""

_LISTS = ("ids", "statuses", "categories", "sources", "agencies", "areas", "forwardings")
_FLAGS = ("has_photos", "breached", "duplicates", "mine", "confidential", "source_disagrees")


def conditions(
    f: "ResolvedFilter", visibility: Visibility, dialect: str, now: int, *, since: bool, until: bool
) -> list[ColumnElement[bool]]:
    """What the filter asks of a row of `reports`. `since`, `until`: the statement has these bounds whether the filter has
    them or not, so their values have to be given."""
    lies = place(visibility, mine=f.own)
    found = _lists(f, lies)
    if f.box is not None:
        found += [_between(lies.latitude, "south", f.box.south, "north", f.box.north)]
        found += [_between(lies.longitude, "west", f.box.west, "east", f.box.east)]
    if f.near is not None:
        found.append(within(lies.latitude, lies.longitude, f.near.point, f.near.metres))
    if f.search is not None:
        found.append(has_words(f.search, visibility, dialect, mine=f.own))
    return found + _times(f, now, since=since, until=until) + _flags(f, visibility)


def shape_of(f: "ResolvedFilter") -> Hashable:
    """What the text of its conditions depends on. Whose reports are `mine` is the viewer's, and no part of it."""
    return (
        *[_size(getattr(f, name)) for name in _LISTS],
        *[getattr(f, name) for name in _FLAGS],
        f.box is None,
        f.near is None,
        f.search is None,
        f.since(0) is None,
        f.reported_before is None,
        f.updated_after is None,
    )


def values_of(f: "ResolvedFilter", dialect: str, now: int) -> dict[str, Any]:
    """The values of its conditions by name."""
    found: dict[str, Any] = {}
    for name in _LISTS:
        allowed = getattr(f, name)
        if allowed:
            found[f"of_{name}"] = sorted(allowed) if len(allowed) > 1 or name == "forwardings" else next(iter(allowed))
    if f.box is not None:
        found |= box_values(f.box)
    if f.near is not None:
        found |= circle_values(f.near.point, f.near.metres)
    if f.search is not None:
        found["words"] = search_text(f.search, dialect)
    moments = {SINCE: f.since(now), UNTIL: f.reported_before, "updated_after": f.updated_after}
    return found | {name: at for name, at in moments.items() if at is not None}


def box_values(box: Box) -> Mapping[str, float]:
    """The values of a box by name."""
    return {"south": box.south, "north": box.north, "west": box.west, "east": box.east}


def _size(allowed: Collection[Any] | None) -> int:
    return -1 if allowed is None else min(len(allowed), 2)


def _lists(f: "ResolvedFilter", lies: Place) -> list[ColumnElement[bool]]:
    columns = {
        "ids": reports.c.id,
        "statuses": reports.c.status,
        "categories": reports.c.category_id,
        "sources": reports.c.source_id,
        "agencies": reports.c.agency_id,
        "areas": lies.area_id,
    }
    found = [among(column, name, getattr(f, name)) for name, column in columns.items() if getattr(f, name) is not None]
    if f.forwardings is not None:
        found.append(_forwarded(f.forwardings))
    return found


def among(column: ColumnElement[Any], name: str, allowed: Collection[Any]) -> ColumnElement[bool]:
    """Whether a column has one of the values of a list of the filter. A single one is compared with `=`: then rows come in
    the order of an index, and need no sorting."""
    if not allowed:
        return false()
    if len(allowed) == 1:
        return column == bindparam(f"of_{name}", next(iter(allowed)), type_=column.type)
    return column.in_(bindparam(f"of_{name}", sorted(allowed), expanding=True))


def _between(column: ColumnElement[Any], low: str, least: float, high: str, most: float) -> ColumnElement[bool]:
    return column.between(bindparam(low, least, Double()), bindparam(high, most, Double()))


def _times(f: "ResolvedFilter", now: int, *, since: bool, until: bool) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if since or f.since(now) is not None:
        found.append(reports.c.reported_at >= bindparam(SINCE, f.since(now), BigInteger()))
    if until or f.reported_before is not None:
        found.append(reports.c.reported_at < bindparam(UNTIL, f.reported_before, BigInteger()))
    if f.updated_after is not None:
        found.append(reports.c.updated_at > bindparam("updated_after", f.updated_after, BigInteger()))
    return found


def _flags(f: "ResolvedFilter", visibility: Visibility) -> list[ColumnElement[bool]]:
    means = reports.c.source_status_means
    told: list[tuple[bool | None, ColumnElement[bool]]] = [
        (f.has_photos, reports.c.photo_count > 0),
        (f.breached, or_(reports.c.respond_breached, reports.c.resolve_breached)),
        (f.duplicates, reports.c.duplicate_of_id.is_not(None)),
        (f.mine, owned(visibility)),
        (f.confidential, reports.c.visibility == ReportVisibility.CONFIDENTIAL),
        (f.source_disagrees, and_(means.is_not(None), means != reports.c.status)),
    ]
    return [flag if wanted else not_(flag) for wanted, flag in told if wanted is not None]


def _forwarded(states: frozenset[str]) -> ColumnElement[bool]:
    if not states:
        return false()
    among = forwardings.c.state.in_(bindparam("of_forwardings", sorted(states), expanding=True))
    return exists(select(forwardings.c.id).where(forwardings.c.report_id == reports.c.id, among))
