"""The addresses that photos are served under: random, checked on each request, replaced when a report's visibility changes."""

import secrets

from sqlalchemy import Connection, select, update

from storage.tables import photos


def new_photo_address() -> str:
    """144 random bits, safe in a URL; nothing of the picture, its file or its row shows in it."""
    return secrets.token_urlsafe(18)


def replace_photo_addresses(conn: Connection, report_id: int) -> None:
    """Gives every photo of a report a new address: who kept the old one finds nothing."""
    rows = conn.execute(select(photos.c.id).where(photos.c.report_id == report_id, photos.c.address.is_not(None)))
    for photo_id in rows.scalars().all():
        conn.execute(update(photos).where(photos.c.id == photo_id).values(address=new_photo_address()))
