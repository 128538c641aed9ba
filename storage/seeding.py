"""Brings the facts that ship with the hub into the store: areas, agencies, categories, its own source, its keys.

Run at every start. What is there already is left as the city has edited it: facts are added, never overwritten.
"""

from pathlib import Path
from typing import Any

from shapely import from_wkb
from sqlalchemy import Connection, Table, insert, select, update

from domain.area_facts import AreaLevel, parse_facts
from domain.areas import AreaMap
from domain.categories import CategoryFact, parse_agencies, parse_categories
from domain.vocabulary import SourceKind, SourceState
from storage.access.secrets import ensure_secrets
from storage.tables import agencies, area_boundaries, areas, categories, sources
from storage.writing.transaction import Tx

FACTS = Path(__file__).parent / "facts"
HUB_SOURCE = "simpul"


def read_fact(name: str) -> str:
    """The text of a file of facts."""
    return (FACTS / name).read_text(encoding="utf-8")


def seed(tx: Tx) -> None:
    """Adds every fact that is missing. Takes the lock `seed`."""
    tx.require("seed")
    ensure_secrets(tx)
    _seed_agencies(tx.conn)
    _seed_categories(tx.conn)
    _seed_areas(tx.conn)
    _seed_hub_source(tx.conn)


def _ids(conn: Connection, table: Table) -> dict[str, int]:
    return {row.code: row.id for row in conn.execute(select(table.c.code, table.c.id))}


def _seed_agencies(conn: Connection) -> None:
    known = _ids(conn, agencies)
    fresh = [
        {"code": fact.code, "name": fact.name}
        for fact in parse_agencies(read_fact("agencies.toml"))
        if fact.code not in known
    ]
    if fresh:
        conn.execute(insert(agencies), fresh)


def _seed_categories(conn: Connection) -> None:
    known, agency_ids = _ids(conn, categories), _ids(conn, agencies)
    facts = parse_categories(read_fact("categories.toml"))
    for position, fact in enumerate(facts):
        if fact.code not in known:
            conn.execute(insert(categories), _category(fact, position, agency_ids))
    known = _ids(conn, categories)
    for fact in facts:
        if fact.parent is not None:
            statement = update(categories).where(categories.c.code == fact.code, categories.c.parent_id.is_(None))
            conn.execute(statement.values(parent_id=known[fact.parent]))


def _category(fact: CategoryFact, position: int, agency_ids: dict[str, int]) -> dict[str, Any]:
    return {
        "code": fact.code,
        "name_id": fact.name,
        "name_en": fact.name_en,
        "description_id": fact.description,
        "description_en": fact.description_en,
        "agency_id": None if fact.agency is None else agency_ids[fact.agency],
        "respond_minutes": fact.respond_within_minutes,
        "resolve_minutes": fact.resolve_within_minutes,
        "sensitive": fact.sensitive,
        "active": True,
        "position": position,
    }


def _seed_areas(conn: Connection) -> None:
    ids = _ids(conn, areas)
    for fact in sorted(parse_facts(read_fact("jakarta_areas.csv")), key=lambda fact: fact.code):
        if fact.code in ids:
            continue
        values = {
            "code": fact.code,
            "name": fact.name,
            "level": fact.level,
            "parent_id": ids[fact.parent] if fact.parent else None,
            "city_id": ids.get(fact.code[:5]) if fact.level is not AreaLevel.CITY else None,
            "latitude": fact.latitude,
            "longitude": fact.longitude,
            "area_km2": fact.area_km2,
        }
        ids[fact.code] = conn.execute(insert(areas).returning(areas.c.id), values).scalar_one()
    conn.execute(update(areas).where(areas.c.level == AreaLevel.CITY).values(city_id=areas.c.id))


def _seed_hub_source(conn: Connection) -> None:
    if HUB_SOURCE in _ids(conn, sources):
        return
    values = {
        "code": HUB_SOURCE,
        "name": "Simpul",
        "kind": SourceKind.HUB,
        "state": SourceState.UP,
        "reconstructed": False,
        "set_aside_count": 0,
        "sync_requested": False,
        "change": 0,
    }
    conn.execute(insert(sources), values)


def load_area_map(conn: Connection) -> AreaMap:
    """The areas on the ground: real boundaries where imported, approximate cells elsewhere."""
    rows = conn.execute(
        select(areas.c.code, area_boundaries.c.wkb).join(area_boundaries, area_boundaries.c.area_id == areas.c.id)
    )
    return AreaMap(parse_facts(read_fact("jakarta_areas.csv")), {row.code: from_wkb(row.wkb) for row in rows})
