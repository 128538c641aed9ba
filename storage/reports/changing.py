"""Changes a report: the one way to, so that facets, roll-ups, words, places, clocks and log never part."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, select, update

from domain.areas import AreaMap
from domain.places import Point
from domain.report import ByHand, Clocks, clocks_after, clocks_from
from domain.vocabulary import EventKind
from storage.events.facets import read_facets
from storage.reports.clocks import clock_columns
from storage.reports.filter.words import reindex_words
from storage.reports.fuzzing import Fuzzing
from storage.reports.photos.addresses import replace_photo_addresses
from storage.reports.placing import GroundInStore, Place, place_columns
from storage.tables import categories, reports
from storage.writing.transaction import NOBODY, Actor, PendingEvent, Tx

_WORDS = frozenset({"title", "text", "address"})


def change(
    tx: Tx,
    area_map: AreaMap,
    report_id: int,
    kind: EventKind,
    *,
    actor: Actor = NOBODY,
    values: dict[str, Any] | None = None,
    place: Place | None = None,
    by_hand: ByHand | None = None,
    happened_at: int | None = None,
    **event: Any,
) -> None:
    """Applies `values` (columns of `reports`) and `place`, with all that follows from them, and adds the event.

    `happened_at`: when a new status came about, for the clocks; None: now. `event` are further fields of PendingEvent
    (note, comment_id, backfill, …). Raises NeedsLocks without the report's lock, NoResultFound for no such report.
    """
    tx.require(f"report:{report_id}")
    before = read_facets(tx.conn, report_id)
    row = tx.conn.execute(select(reports).where(reports.c.id == report_id)).mappings().one()
    columns = dict(values or {})
    columns |= _place_columns(tx.conn, area_map, row, columns, place)
    columns |= _moved_clocks(tx, row, columns, tx.now if happened_at is None else happened_at)
    if by_hand:
        columns["set_by_hand"] = row["set_by_hand"] | by_hand
    if columns:
        tx.conn.execute(update(reports).where(reports.c.id == report_id).values(columns))
    words = _write_words(tx.conn, row, columns) if _WORDS & columns.keys() else None
    if columns.get("visibility", row["visibility"]) != row["visibility"]:
        replace_photo_addresses(tx.conn, report_id)
    after = read_facets(tx.conn, report_id)
    told_before = before
    if not row["fuzzed"] and (columns.get("fuzzed") or _newly_sensitive(tx.conn, row, columns)):
        told_place = Fuzzing(tx.conn, area_map).rewrite_the_past(tx, [report_id])
        if before and (told_place or before.latitude is not None):
            told_before = before.without_public_place()
    status = columns.get("status", row["status"])
    tx.emit(
        PendingEvent(
            kind,
            actor,
            report_id=report_id,
            before=told_before,
            after=after,
            status=status if kind is not EventKind.CREATED else None,
            previous_status=row["status"] if status != row["status"] else None,
            words=words,
            **event,
        ),
        counted=before,
    )


def _place_columns(
    conn: Connection, area_map: AreaMap, row: RowMapping, columns: dict[str, Any], place: Place | None
) -> dict[str, Any]:
    """A new place, or a category that is sensitive where the old one was not, makes both places anew."""
    category_id = columns.get("category_id", row["category_id"])
    if place is None and category_id == row["category_id"]:
        return {}
    sensitive = conn.execute(select(categories.c.sensitive).where(categories.c.id == category_id)).scalar_one()
    if place is None:
        if row["latitude"] is None:
            return {"fuzzed": sensitive}
        place = Place(Point(row["latitude"], row["longitude"]))
    return place_columns(GroundInStore(conn), area_map, place, sensitive=sensitive)


def _newly_sensitive(conn: Connection, row: RowMapping, columns: dict[str, Any]) -> bool:
    """Whether the category is sensitive now, whatever the place: the past may tell a point that the report had before."""
    category_id = columns.get("category_id", row["category_id"])
    if category_id == row["category_id"]:
        return False
    return bool(conn.execute(select(categories.c.sensitive).where(categories.c.id == category_id)).scalar_one())


def _moved_clocks(tx: Tx, row: RowMapping, columns: dict[str, Any], at: int) -> Mapping[str, int | None]:
    status, category_id = columns.get("status", row["status"]), columns.get("category_id", row["category_id"])
    if status == row["status"] and category_id == row["category_id"]:
        return {}
    clocks = Clocks(row["respond_by"], row["resolve_by"], row["responded_at"], row["resolved_at"])
    if category_id != row["category_id"] and row["respond_by"] is not None:
        category = tx.conn.execute(select(categories).where(categories.c.id == category_id)).one()
        fresh = clocks_from(row["received_at"], category.respond_minutes, category.resolve_minutes)
        clocks = replace(clocks, respond_by=fresh.respond_by, resolve_by=fresh.resolve_by)
    if status != row["status"]:
        clocks = clocks_after(clocks, row["status"], status, at)
    return clock_columns(clocks)


def _write_words(conn: Connection, row: RowMapping, columns: dict[str, Any]) -> str:
    told = {name: columns.get(name, row[name]) for name in ("title", "text", "address")}
    reindex_words(conn, row["id"], title=told["title"], body=told["text"], address=told["address"])
    return orjson.dumps(told).decode()
