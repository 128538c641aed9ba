"""The reference that a forwarding carries: found again as people touch it, and shown nowhere in the hub."""

from pathlib import Path

from sqlalchemy import update

from domain.areas import AreaMap
from domain.references import find_references, reference_of, without_references
from storage.store import Store
from storage.tables import lapor_tickets
from storage.writing.transaction import Operation
from tests.schema_world import ADMIN, schema_world

REFERENCE = reference_of(bytes(8))


def test_it_is_found_however_it_was_typed() -> None:
    assert find_references(f"Ref: {REFERENCE}, {REFERENCE.lower().replace('0', 'o')}") == (REFERENCE,)
    assert find_references(f"{REFERENCE}7") == ()


def test_what_is_found_is_not_shown() -> None:
    shown = without_references(f"Jalan rusak\nRef: {REFERENCE.lower()}")
    assert shown == "Jalan rusak\nRef: SIMPUL-…" and find_references(shown) == ()


async def test_a_ticket_does_not_show_it(sqlite_store: Store, area_map: AreaMap, tmp_path: Path) -> None:
    async with schema_world(sqlite_store, area_map, tmp_path) as world:
        told = update(lapor_tickets).values(title=REFERENCE, text=f"Jalan rusak\nRef: {REFERENCE}")
        await sqlite_store.write(Operation(lambda tx: tx.conn.execute(told) and None))
        data = await world.data('{ laporTicket(trackingId: "1234567") { title text } }', viewer=ADMIN)
    assert data["laporTicket"] == {"title": "SIMPUL-…", "text": "Jalan rusak\nRef: SIMPUL-…"}
