"""A report's filterable facts at one moment: what an event keeps of just before and just after, and what roll-ups count."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, Select, select

from domain.time import MINUTE
from domain.vocabulary import OPEN_STATUSES
from storage.handovers.reading import states_of_many
from storage.tables import areas, reports

_true_area = areas.alias("true_area")
_public_area = areas.alias("public_area")


@dataclass(frozen=True, slots=True)
class Facets:
    """What filters of subscriptions and of `events` are judged on. Ids are row ids, times microseconds, places degrees.

    A test holds this list against `ReportFilter`: a field there is either a facet here or refused there.
    """

    category_id: int
    status: str
    source_id: int
    agency_id: int | None
    visibility: str
    reporter_id: int | None
    reported_at: int
    has_photos: bool
    breached: bool
    duplicate: bool
    source_disagrees: bool
    latitude: float | None
    longitude: float | None
    cell: int | None
    area_id: int | None
    city_id: int | None
    public_latitude: float | None
    public_longitude: float | None
    public_cell: int | None
    public_area_id: int | None
    public_city_id: int | None
    minutes_to_respond: float | None
    minutes_to_resolve: float | None
    forwardings: tuple[str, ...] = ()
    public_place_withheld: bool = False
    """There was a place for everybody that nobody is told of any more (see `without_public_place`)."""

    @property
    def open(self) -> bool:
        """Whether somebody still has to do something about it."""
        return self.status in OPEN_STATUSES

    def without_public_place(self) -> "Facets":
        """The same with the public place left out: how a report stood before it was fuzzed.

        That place, or one before it, was the true one. Telling whether it lay within a filter, even once, would tell
        where it was.
        """
        return replace(
            self,
            public_latitude=None,
            public_longitude=None,
            public_cell=None,
            public_area_id=None,
            public_city_id=None,
            public_place_withheld=True,
        )

    def dump(self) -> str:
        """As JSON for the log's side row."""
        return orjson.dumps(self).decode()

    @classmethod
    def load(cls, text: str) -> "Facets":
        """From what `dump` wrote."""
        values = orjson.loads(text)
        values["forwardings"] = tuple(values["forwardings"])
        return cls(**values)


def _statement() -> Select[Any]:
    return (
        select(reports, _true_area.c.city_id, _public_area.c.city_id.label("public_city_id"))
        .outerjoin(_true_area, _true_area.c.id == reports.c.area_id)
        .outerjoin(_public_area, _public_area.c.id == reports.c.public_area_id)
    )


def read_facets(conn: Connection, report_id: int) -> Facets | None:
    """The facts of a report as they are now; None when there is no such report."""
    return read_many_facets(conn, (report_id,)).get(report_id)


def read_many_facets(conn: Connection, report_ids: Collection[int]) -> dict[int, Facets]:
    """The facets of many reports, in two statements."""
    ids = sorted(set(report_ids))
    handed_on = states_of_many(conn, ids)
    rows = conn.execute(_statement().where(reports.c.id.in_(ids))).mappings()
    return {row["id"]: facets_of(row, handed_on.get(row["id"], ())) for row in rows}


def facets_of(row: Mapping[str, Any] | RowMapping, handed_on: tuple[str, ...] = ()) -> Facets:
    """The facts of a report by its columns, the cities of both its places, and the states of its forwardings."""
    means = row["source_status_means"]
    return Facets(
        category_id=row["category_id"],
        status=row["status"],
        source_id=row["source_id"],
        agency_id=row["agency_id"],
        visibility=row["visibility"],
        reporter_id=row["reporter_id"],
        reported_at=row["reported_at"],
        has_photos=row["photo_count"] > 0,
        breached=row["respond_breached"] or row["resolve_breached"],
        duplicate=row["duplicate_of_id"] is not None,
        source_disagrees=means is not None and means != row["status"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        cell=row["cell"],
        area_id=row["area_id"],
        city_id=row["city_id"],
        public_latitude=row["public_latitude"],
        public_longitude=row["public_longitude"],
        public_cell=row["public_cell"],
        public_area_id=row["public_area_id"],
        public_city_id=row["public_city_id"],
        minutes_to_respond=_minutes(row["received_at"], row["responded_at"]),
        minutes_to_resolve=_minutes(row["received_at"], row["resolved_at"]),
        forwardings=handed_on,
    )


def _minutes(start: int, end: int | None) -> float | None:
    return None if end is None else max(0, end - start) / MINUTE
