"""The rows that a filter's codes name: categories and areas with all that is below them, sources, agencies."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, func, select

from domain.areas import AreaLevel
from domain.visibility import Visibility
from storage.rollups import counted_for
from storage.sources import known_sources
from storage.storable import storable
from storage.tables import agencies, areas, categories, rollup_area, sources

_ANYBODY = Visibility()


class UnknownCode(LookupError):
    """A code that names nothing; `what` is the plural noun, `code` what was asked for."""

    def __init__(self, what: str, code: str) -> None:
        super().__init__(f"{what}: {code}")
        self.what = what
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return UnknownCode, (self.what, self.code)


@dataclass(frozen=True, slots=True)
class NamedAreas:
    """Areas with all below them, and the cities they are exactly made of (None: they are not)."""

    ids: frozenset[int]
    whole_cities: frozenset[int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the codes of a filter name; None: the filter names none of that kind."""

    categories: frozenset[int] | None = None
    sources: frozenset[int] | None = None
    agencies: frozenset[int] | None = None
    areas: NamedAreas | None = None


def rows_named(
    conn: Connection,
    *,
    category_codes: Collection[str] | None = None,
    source_codes: Collection[str] | None = None,
    agency_codes: Collection[str] | None = None,
    area_codes: Collection[str] | None = None,
    visibility: Visibility = _ANYBODY,
) -> Named:
    """The rows of these codes. Raises UnknownCode for the first that names nothing.

    `visibility`: for whom, since it depends on the reports that there are whether areas are exactly made of cities, and
    which partners may be known of.
    """
    return Named(
        categories=None if category_codes is None else _with_children(conn, "categories", categories, category_codes),
        sources=None if source_codes is None else _sources(conn, visibility, source_codes),
        agencies=None if agency_codes is None else frozenset(_ids(conn, "agencies", agencies, agency_codes)),
        areas=None if area_codes is None else _areas(conn, visibility, area_codes),
    )


def _ids(conn: Connection, what: str, table: Table, codes: Collection[str]) -> list[int]:
    sound = [code for code in codes if storable(code)]
    found = {row.code: row.id for row in conn.execute(select(table.c.code, table.c.id).where(table.c.code.in_(sound)))}
    for code in codes:
        if code not in found:
            raise UnknownCode(what, code)
    return list(found.values())


def _sources(conn: Connection, visibility: Visibility, codes: Collection[str]) -> frozenset[int]:
    found = _ids(conn, "sources", sources, codes)
    seen = set(conn.execute(select(sources.c.code).where(sources.c.id.in_(found), known_sources(visibility))).scalars())
    for code in codes:
        if code not in seen:
            raise UnknownCode("sources", code)
    return frozenset(found)


def category_named(conn: Connection, code: str) -> int:
    """The row of one category, without its children. Raises UnknownCode."""
    return _ids(conn, "categories", categories, [code])[0]


def _with_children(conn: Connection, what: str, table: Table, codes: Collection[str]) -> frozenset[int]:
    roots = _ids(conn, what, table, codes)
    if not roots:
        return frozenset()
    tree = select(table.c.id).where(table.c.id.in_(roots)).cte("tree", recursive=True)
    tree = tree.union(select(table.c.id).join(tree, table.c.parent_id == tree.c.id))
    return frozenset(conn.execute(select(tree.c.id)).scalars())


def _areas(conn: Connection, visibility: Visibility, codes: Collection[str]) -> NamedAreas:
    roots = _ids(conn, "areas", areas, codes)
    cities = whole_cities(conn, visibility, roots)
    whole = None if cities is None else frozenset[int]().union(*cities.values())
    return NamedAreas(_with_children(conn, "areas", areas, codes), whole)


def whole_cities(
    conn: Connection, visibility: Visibility, area_ids: Collection[int]
) -> dict[int, frozenset[int]] | None:
    """The cities that each of these areas is made of; None if one of them is part of a city.

    Reports may lie in a province without it being known in which city: while there are such that the viewer's class
    sees, its cities are not all of it. Hidden ones do not count, since medians show how they were counted.
    """
    rows = conn.execute(select(areas.c.id, areas.c.level).where(areas.c.id.in_(sorted(set(area_ids))))).all()
    if any(row.level not in (AreaLevel.CITY, AreaLevel.PROVINCE) for row in rows):
        return None
    provinces = [row.id for row in rows if row.level == AreaLevel.PROVINCE]
    in_no_city = select(func.sum(rollup_area.c.total)).where(
        counted_for(visibility, rollup_area), rollup_area.c.area_id.in_(provinces)
    )
    if provinces and conn.execute(in_no_city).scalar_one():
        return None
    below = conn.execute(select(areas.c.id, areas.c.parent_id).where(areas.c.level == AreaLevel.CITY)).all()
    return {row.id: frozenset(city.id for city in below if row.id in (city.id, city.parent_id)) for row in rows}


def areas_within(conn: Connection, area_ids: Collection[int]) -> frozenset[int]:
    """These areas with all areas within them."""
    codes = conn.execute(select(areas.c.code).where(areas.c.id.in_(sorted(set(area_ids))))).scalars().all()
    return _with_children(conn, "areas", areas, codes)


@dataclass(frozen=True, slots=True)
class NamedRow:
    """The code of a row and its name in both languages (the same where it has but one)."""

    code: str
    name_id: str
    name_en: str


def names_of(conn: Connection, table: Table, ids: Collection[int]) -> dict[int, NamedRow]:
    """The codes and names of categories, sources, areas or agencies."""
    one = "name" in table.c
    names = (table.c.name, table.c.name.label("name_again")) if one else (table.c.name_id, table.c.name_en)
    rows = conn.execute(select(table.c.id, table.c.code, *names).where(table.c.id.in_(sorted(ids))))
    return {row[0]: NamedRow(*row[1:]) for row in rows}
