"""Reports that may tell the same thing as another: those near it in place and time and of a kindred category.

This only narrows down, by the place that the viewer may see; how alike two reports are is `domain.duplicates`' to say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Double, and_, column, or_, select, values

from domain.duplicates import SEARCH_WINDOW_US
from domain.places import Point, bounding_box_around
from domain.squares import FINE
from domain.visibility import Visibility
from domain.vocabulary import OPEN_STATUSES, ReportStatus
from storage.reports.lists.drivers import square_of
from storage.reports.seen import place, seen_columns, uses_true_places, visible_reports
from storage.rollups.estimates import MOST_SQUARES
from storage.rows import SeenReport
from storage.tables import categories, reports

STILL_TOLD = frozenset(map(str, OPEN_STATUSES | {ReportStatus.RESOLVED}))
"""What a report may be a duplicate of: nothing that was refused, withdrawn, merged or closed."""

_NONE = 0
"""No category, to a table of values, where PostgreSQL would take a null for a text."""

_kin = categories.alias("kin")
_kin_parent = categories.alias("kin_parent")


@dataclass(frozen=True, slots=True)
class Subject:
    """What others are compared with; `category_id` None: of any category. `reported_at` in microseconds."""

    point: Point
    reported_at: int
    category_id: int | None


@dataclass(frozen=True, slots=True)
class Kind:
    """The codes of a category and of the one above it."""

    category: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A report that may be alike."""

    report: SeenReport
    kind: Kind


def candidates(
    conn: Connection, visibility: Visibility, subjects: Sequence[Subject], metres: float
) -> tuple[list[Kind], list[list[Candidate]]]:
    """For each subject its category's codes, and the reports about so near that may be alike (a subject among them)."""
    rows = conn.execute(select(categories.c.id, categories.c.code, categories.c.parent_id))
    known = {row.id: (row.code, row.parent_id) for row in rows}
    found: list[list[Candidate]] = [[] for _ in subjects]
    if subjects:
        for number, code, parent_code, *row in conn.execute(_near(visibility, subjects, known, metres)):
            found[number].append(Candidate(SeenReport(*row), Kind(code, parent_code)))
    return [_kind(subject, known) for subject in subjects], found


_Known = dict[int, tuple[str, int | None]]


def _kind(subject: Subject, known: _Known) -> Kind:
    if subject.category_id is None:
        return Kind()
    code, parent_id = known[subject.category_id]
    return Kind(code, None if parent_id is None else known[parent_id][0])


def _near(visibility: Visibility, subjects: Sequence[Subject], known: _Known, metres: float) -> Any:
    lies, asked = place(visibility), _asked(subjects, known, metres)
    side = "" if uses_true_places(visibility) else "public_"
    family = (asked.c.category_id, asked.c.parent_id)
    kindred = or_(asked.c.category_id == _NONE, _kin.c.id.in_(family), _kin.c.parent_id.in_(family))
    return (
        select(asked.c.number, _kin.c.code, _kin_parent.c.code, *seen_columns(visibility))
        .select_from(asked)
        .join(
            reports,
            and_(
                square_of(side, FINE) == asked.c.square,
                lies.latitude.between(asked.c.south, asked.c.north),
                lies.longitude.between(asked.c.west, asked.c.east),
                reports.c.reported_at.between(asked.c.since, asked.c.until),
            ),
        )
        .join(_kin, _kin.c.id == reports.c.category_id)
        .outerjoin(_kin_parent, _kin_parent.c.id == _kin.c.parent_id)
        .where(
            visible_reports(visibility),
            reports.c.duplicate_of_id.is_(None),
            reports.c.status.in_(sorted(STILL_TOLD)),
            kindred,
        )
        .order_by(asked.c.number, reports.c.id)
    )


def _asked(subjects: Sequence[Subject], known: _Known, metres: float) -> Any:
    """The subjects as a table: the box, the time and the family around each, once for each square of the box."""
    whole, degrees = BigInteger(), Double[float]()
    table = values(
        column("number", whole),
        *(column(name, degrees) for name in ("south", "north", "west", "east")),
        *(column(name, whole) for name in ("since", "until", "category_id", "parent_id", "square")),
        name="asked",
    )
    rows = [row for number, subject in enumerate(subjects) for row in _rows(number, subject, known, metres)]
    return table.data(rows).cte("asked")


def _rows(number: int, subject: Subject, known: _Known, metres: float) -> list[tuple[Any, ...]]:
    box = bounding_box_around(subject.point, metres)
    since, until = subject.reported_at - SEARCH_WINDOW_US, subject.reported_at + SEARCH_WINDOW_US
    category_id = subject.category_id or _NONE
    parent_id = known[category_id][1] or _NONE if category_id in known else _NONE
    told = (number, box.south, box.north, box.west, box.east, since, until, category_id, parent_id)
    few = FINE.number_over(box) <= MOST_SQUARES  # at the poles a box goes all round, and nobody tells anything
    return [(*told, square) for square in (FINE.over(box) if few else ())]
