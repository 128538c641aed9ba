"""What is told of a report to the system that it is handed on to."""

import logging

from sqlalchemy import Connection, RowMapping, select

from domain.areas import AreaMap
from domain.sink import Submission
from domain.vocabulary import ReportVisibility
from storage.access.sealed import WrongKey
from storage.reports.contacts import NO_CONTACT, Contact, contact_to_forward
from storage.tables import areas, categories
from worker.work import Work

log = logging.getLogger("simpul.outbox")


def submission_of(conn: Connection, work: Work, report: RowMapping, reference: str) -> Submission:
    """The report as it is now, with its true place; how to reach its reporter only where he agreed to that.

    The category goes by its code, which stays when its name is changed. Nothing of the note of whoever forwards it.
    """
    contact = _contact(conn, work.contacts_key, report)
    return Submission(
        reference=reference,
        text="\n".join(part for part in (report["title"], report["text"]) if part),
        category=conn.execute(select(categories.c.code).where(categories.c.id == report["category_id"])).scalar_one(),
        address=report["address"],
        latitude=report["latitude"],
        longitude=report["longitude"],
        area_name=_area_name(conn, work.areas(), report["area_id"]),
        confidential=report["visibility"] != ReportVisibility.PUBLIC,
        anonymous=report["anonymous"],
        contact_name=contact.name,
        contact_phone=contact.phone,
        contact_email=contact.email,
    )


def _contact(conn: Connection, key: bytes, report: RowMapping) -> Contact:
    """Whoever reports anonymously stays unknown, whatever he agreed to."""
    if report["anonymous"]:
        return NO_CONTACT
    try:
        return contact_to_forward(conn, key, report["id"])
    except WrongKey:
        log.error("the contact of report %d cannot be read with the key that the hub has now", report["id"])
        return NO_CONTACT


def _area_name(conn: Connection, area_map: AreaMap, area_id: int | None) -> str | None:
    """The area and what it lies in, up to the city: the other system may know more places of that name."""
    if area_id is None:
        return None
    code = conn.execute(select(areas.c.code).where(areas.c.id == area_id)).scalar_one()
    province, *within = (area_map.facts[each].name for each in area_map.path(code))
    return ", ".join(reversed(within)) or province
