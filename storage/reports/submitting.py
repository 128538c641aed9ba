"""What a submission is checked against, and where it counts as coming from."""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from domain.vocabulary import SourceKind, SourceState
from storage.seeding import HUB_SOURCE
from storage.tables import agencies, areas, categories, reports, sources
from storage.writing.transaction import Tx


@dataclass(frozen=True, slots=True)
class Known:
    """What the hub knows of the codes that a submission names."""

    category_id: int | None
    category_active: bool
    area: bool


def known_codes(conn: Connection, category: str, area: str | None) -> Known:
    """Looks a category's and an area's code up."""
    found = conn.execute(select(categories.c.id, categories.c.active).where(categories.c.code == category)).first()
    located = area is not None and conn.execute(select(areas.c.id).where(areas.c.code == area)).first() is not None
    return Known(found.id if found else None, bool(found and found.active), located)


def hub_source_id(conn: Connection) -> int:
    """The hub itself as a source."""
    row_id: int = conn.execute(select(sources.c.id).where(sources.c.code == HUB_SOURCE)).scalar_one()
    return row_id


def partner_source_id(conn: Connection, partner: str) -> int | None:
    """The source that a partner's reports come from; None before the first of them."""
    statement = select(sources.c.id, sources.c.code).where(
        sources.c.code.in_(_codes(partner)), sources.c.kind == SourceKind.PARTNER
    )
    found = {row.code: row.id for row in conn.execute(statement)}
    return next((found[code] for code in _codes(partner) if code in found), None)


def meet_partner_source(tx: Tx, partner: str) -> int:
    """The source that a partner's reports come from, made known if it was not. Needs the lock `sources`.

    Its code is the partner's own, unless a connector has that already. It is made in a write of its own: the locks of
    the partner's own numbers name its row, and a row that was undone has another number the next time.
    """
    tx.require("sources")
    known = partner_source_id(tx.conn, partner)
    if known is not None:
        return known
    taken = set(tx.conn.execute(select(sources.c.code).where(sources.c.code.in_(_codes(partner)))).scalars())
    return _partner_source(tx, next(code for code in _codes(partner) if code not in taken), partner)


def _codes(partner: str) -> tuple[str, str]:
    return partner[:64], f"partner-{partner}"[:64]


def _partner_source(tx: Tx, code: str, partner: str) -> int:
    name = tx.conn.execute(select(agencies.c.name).where(agencies.c.code == partner)).scalar_one_or_none()
    values = {
        "code": code,
        "name": name or partner,
        "kind": SourceKind.PARTNER,
        "state": SourceState.UP,
        "reconstructed": False,
        "set_aside_count": 0,
        "sync_requested": False,
        "change": 0,
    }
    row_id: int = tx.conn.execute(insert(sources).returning(sources.c.id), values).scalar_one()
    return row_id


def report_with_ref(conn: Connection, source_id: int, source_ref: str) -> int | None:
    """The report that a source has told under this id already."""
    statement = select(reports.c.id).where(reports.c.source_id == source_id, reports.c.source_ref == source_ref)
    return conn.execute(statement).scalar_one_or_none()
