"""Reads the reference data: areas, categories, agencies. They are few, public, and change rarely."""

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, func, select

from storage.rows import AgencyRow, AreaRow, CategoryRow
from storage.statements.prepared import many, prepared
from storage.storable import storable
from storage.tables import agencies, areas, categories

R = TypeVar("R", AgencyRow, AreaRow, CategoryRow)


def _read(conn: Connection, table: Table, kind: type[R], *conditions: ColumnElement[bool]) -> list[R]:
    """Rows of a kind in the table's own order."""
    return [kind._make(row) for row in conn.execute(_rows(table, kind, *conditions))]


def _rows(table: Table, kind: type[R], *conditions: ColumnElement[bool]) -> Select[Any]:
    columns = [table.c[name] for name in kind._fields]
    order = table.c.position if "position" in table.c else table.c.code
    return select(*columns).where(*conditions).order_by(order, table.c.id)


def _of_ids(conn: Connection, table: Table, kind: type[R], ids: Collection[int]) -> dict[int, R]:
    statement = prepared(conn, (table.name, "by id"), lambda: _rows(table, kind, table.c.id.in_(many("ids"))))
    return {row[0]: kind._make(row) for row in statement.rows(conn, {"ids": set(ids)})}


def _coded(table: Table, codes: Collection[str]) -> ColumnElement[bool]:
    """Rows of these codes; what a store cannot be asked for names nothing."""
    return table.c.code.in_({code for code in codes if storable(code)})


def agencies_by_id(conn: Connection, ids: Collection[int]) -> dict[int, AgencyRow]:
    """Agencies by row id."""
    return _of_ids(conn, agencies, AgencyRow, ids)


def all_agencies(conn: Connection) -> list[AgencyRow]:
    """Every agency, by code."""
    return _read(conn, agencies, AgencyRow)


def agency_of_code(conn: Connection, code: str) -> AgencyRow | None:
    """The agency of a code."""
    return next(iter(_read(conn, agencies, AgencyRow, _coded(agencies, [code]))), None)


def categories_by_id(conn: Connection, ids: Collection[int]) -> dict[int, CategoryRow]:
    """Categories by row id."""
    return _of_ids(conn, categories, CategoryRow, ids)


def all_categories(conn: Connection, *, include_inactive: bool) -> list[CategoryRow]:
    """The categories in the order that the city gave them."""
    conditions = [] if include_inactive else [categories.c.active.is_(True)]
    return _read(conn, categories, CategoryRow, *conditions)


def category_of_code(conn: Connection, code: str) -> CategoryRow | None:
    """The category of a code."""
    return next(iter(_read(conn, categories, CategoryRow, _coded(categories, [code]))), None)


def areas_by_id(conn: Connection, ids: Collection[int]) -> dict[int, AreaRow]:
    """Areas by row id."""
    return _of_ids(conn, areas, AreaRow, ids)


def all_areas(conn: Connection) -> list[AreaRow]:
    """Every area, by code."""
    return _read(conn, areas, AreaRow)


def areas_of_codes(conn: Connection, codes: Collection[str]) -> dict[str, AreaRow]:
    """Areas by code."""
    return {row.code: row for row in _read(conn, areas, AreaRow, _coded(areas, codes))}


def areas_below(conn: Connection, parent_ids: Sequence[int]) -> dict[int, list[AreaRow]]:
    """The areas one level below each parent, by code."""
    found: dict[int, list[AreaRow]] = {parent: [] for parent in parent_ids}
    for row in _read(conn, areas, AreaRow, areas.c.parent_id.in_(set(parent_ids))):
        assert row.parent_id is not None
        found[row.parent_id].append(row)
    return found


def find_areas(conn: Connection, *, level: str | None, parent_id: int | None, words: str | None) -> list[AreaRow]:
    """Areas of a level, below a parent (at any depth where a level is asked for), whose name has some words in it."""
    conditions: list[ColumnElement[bool]] = []
    if words is not None and not storable(words):
        return []
    if level is not None:
        conditions.append(areas.c.level == level)
    if parent_id is not None:
        below = areas.c.parent_id == parent_id
        if level is not None:
            code = select(areas.c.code).where(areas.c.id == parent_id).scalar_subquery()
            below = areas.c.code.startswith(func.concat(code, ".") if conn.dialect.name == "postgresql" else code + ".")
        conditions.append(below)
    if words is not None:
        conditions.append(func.lower(areas.c.name).contains(words.lower(), autoescape=True))
    return _read(conn, areas, AreaRow, *conditions)


def area_tree(roots: Sequence[int]) -> Any:
    """Each of these areas (`root_id`) with every area within it, itself included (`area_id`)."""
    tree = (
        select(areas.c.id.label("root_id"), areas.c.id.label("area_id"))
        .where(areas.c.id.in_(bindparam("roots", sorted(set(roots)), expanding=True)))
        .cte("area_tree", recursive=True)
    )
    below = select(tree.c.root_id, areas.c.id).join(tree, areas.c.parent_id == tree.c.area_id)
    return tree.union_all(below)
