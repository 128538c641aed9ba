"""The rows that a filter's codes name: categories and areas with all that is below them, sources, agencies."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select

from domain.areas import AreaLevel
from domain.visibility import Visibility
from storage.reference_kept import Reference
from storage.reports.seen import viewer_shape, viewer_values
from storage.rollups.keeping import counted_for
from storage.sources.reading import known_sources
from storage.statements.prepared import many, prepared
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
    """Areas with all below them, and the cities they are exactly made of (None: they are not). `unless`: they are only if
    no report is known to lie in one of these without a city."""

    ids: frozenset[int]
    whole_cities: frozenset[int] | None
    unless: frozenset[int] = frozenset()


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
        sources=None if source_codes is None else sources_named(conn, visibility, source_codes),
        agencies=None if agency_codes is None else frozenset(_ids(conn, "agencies", agencies, agency_codes)),
        areas=None if area_codes is None else _areas(conn, visibility, area_codes),
    )


def named_by_reference(
    kept: Reference,
    *,
    category_codes: Collection[str] | None = None,
    agency_codes: Collection[str] | None = None,
    area_codes: Collection[str] | None = None,
) -> Named | None:
    """The rows of these codes by what is kept in memory; None where the store has to be asked, for codes that are not
    among that."""
    try:
        return Named(
            categories=None if category_codes is None else _kept_categories(kept, category_codes),
            agencies=None
            if agency_codes is None
            else frozenset(kept.agencies_by_code[code].id for code in agency_codes),
            areas=None if area_codes is None else _kept_areas(kept, area_codes),
        )
    except KeyError:
        return None


def _kept_categories(kept: Reference, codes: Collection[str]) -> frozenset[int]:
    return frozenset[int]().union(*[kept.within_categories[kept.categories_by_code[code].id] for code in codes])


def _kept_areas(kept: Reference, codes: Collection[str]) -> NamedAreas:
    rows = [kept.areas_by_code[code] for code in codes]
    within = frozenset[int]().union(*[kept.within_areas[row.id] for row in rows])
    if any(row.level not in (AreaLevel.CITY, AreaLevel.PROVINCE) for row in rows):
        return NamedAreas(within, None)
    provinces = frozenset(row.id for row in rows if row.level == AreaLevel.PROVINCE)
    cities = frozenset(each for each in within if kept.areas[each].level == AreaLevel.CITY)
    return NamedAreas(within, cities, provinces)


def _ids(conn: Connection, what: str, table: Table, codes: Collection[str]) -> list[int]:
    sound = [code for code in codes if storable(code)]
    found = {row.code: row.id for row in conn.execute(select(table.c.code, table.c.id).where(table.c.code.in_(sound)))}
    for code in codes:
        if code not in found:
            raise UnknownCode(what, code)
    return list(found.values())


def sources_named(conn: Connection, visibility: Visibility, codes: Collection[str]) -> frozenset[int]:
    """The rows of sources that this class may know of. Raises UnknownCode for the first other code."""

    def known() -> Select[Any]:
        return select(sources.c.code, sources.c.id).where(sources.c.code.in_(many("codes")), known_sources(visibility))

    sound = [code for code in codes if storable(code)]
    statement = prepared(conn, ("sources_named", viewer_shape(visibility)), known)
    found = dict(map(tuple, statement.rows(conn, {**viewer_values(visibility), "codes": sound})))
    for code in codes:
        if code not in found:
            raise UnknownCode("sources", code)
    return frozenset(found.values())


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
    if provinces and lie_in_no_city(conn, visibility, provinces):
        return None
    below = conn.execute(select(areas.c.id, areas.c.parent_id).where(areas.c.level == AreaLevel.CITY)).all()
    return {row.id: frozenset(city.id for city in below if row.id in (city.id, city.parent_id)) for row in rows}


def lie_in_no_city(conn: Connection, visibility: Visibility, provinces: Collection[int]) -> bool:
    """Whether this class sees reports that are known to lie in one of these provinces, but not in which city."""

    def counted() -> Select[Any]:
        within = rollup_area.c.area_id.in_(many("provinces"))
        return select(func.sum(rollup_area.c.total)).where(counted_for(visibility, rollup_area), within)

    statement = prepared(conn, ("lie_in_no_city", viewer_shape(visibility)), counted)
    return bool(statement.rows(conn, {**viewer_values(visibility), "provinces": provinces})[0][0])


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
