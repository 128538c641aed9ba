"""Photos that sources tell of: which are still to be fetched, and what became of them. They appear once their bytes are here."""

from sqlalchemy import Connection, select, update

from domain.areas import AreaMap
from domain.sink import WantedPhoto
from domain.time import HOUR, MINUTE
from domain.vocabulary import EventKind, PhotoState, ReportVisibility
from storage.reports.changing import change
from storage.reports.creating import NewPhoto
from storage.reports.photos.addresses import new_photo_address
from storage.tables import photos, reports, sources
from storage.writing.transaction import Tx

FIRST_WAIT = MINUTE
LONGEST_WAIT = 6 * HOUR


def wanted_photos(conn: Connection, source: str, limit: int, now: int) -> list[WantedPhoto]:
    """Photos to be fetched now, oldest first; those that failed wait their back-off."""
    due = (
        select(photos.c.id, photos.c.source_url, photos.c.attempts)
        .join(reports, reports.c.id == photos.c.report_id)
        .join(sources, sources.c.id == reports.c.source_id)
        .where(
            photos.c.state == PhotoState.WANTED,
            photos.c.next_attempt_at <= now,
            sources.c.code == source,
            reports.c.visibility != ReportVisibility.ERASED,
        )
        .order_by(photos.c.next_attempt_at, photos.c.id)
        .limit(limit)
    )
    return [WantedPhoto(row.id, source, row.source_url, row.attempts) for row in conn.execute(due)]


def report_of_photo(conn: Connection, photo_id: int) -> int | None:
    """The report of a photo that is still wanted."""
    wanted = select(photos.c.report_id).where(photos.c.id == photo_id, photos.c.state == PhotoState.WANTED)
    return conn.execute(wanted).scalar_one_or_none()


def keep_photo(tx: Tx, area_map: AreaMap, photo_id: int, files: NewPhoto) -> bool:
    """The photo is here, with an event; False where it is not wanted any more. Needs the report's lock."""
    report_id = report_of_photo(tx.conn, photo_id)
    if report_id is None:
        return False
    tx.require(f"report:{report_id}")
    ready = {name: getattr(files, name) for name in NewPhoto.__dataclass_fields__}
    ready |= {"state": PhotoState.READY, "address": new_photo_address(), "next_attempt_at": None}
    tx.conn.execute(update(photos).where(photos.c.id == photo_id).values(ready))
    count = tx.conn.execute(select(reports.c.photo_count).where(reports.c.id == report_id)).scalar_one()
    change(tx, area_map, report_id, EventKind.PHOTO_ADDED, values={"photo_count": count + 1}, photo_id=photo_id)
    return True


def give_up_photo(tx: Tx, photo_id: int, *, final: bool) -> None:
    """One more try that failed; after the last it is broken, else it waits twice as long as before."""
    wanted = (photos.c.id == photo_id) & (photos.c.state == PhotoState.WANTED)
    attempts = tx.conn.execute(select(photos.c.attempts).where(wanted)).scalar_one_or_none()
    if attempts is None:
        return
    wait = min(FIRST_WAIT * 2 ** min(attempts, 20), LONGEST_WAIT)
    values = {"attempts": attempts + 1, "next_attempt_at": None if final else tx.now + wait}
    if final:
        values["state"] = PhotoState.BROKEN
    tx.conn.execute(update(photos).where(wanted).values(values))
