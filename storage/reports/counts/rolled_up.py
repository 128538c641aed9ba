"""What of a roll-up a filter asks for: its rows as a condition, whose values are those of the filter, by the same names."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Table, and_

from domain.visibility import Visibility
from domain.vocabulary import ReportVisibility
from storage.reports.filter.conditions import among
from storage.reports.filter.filtering import ResolvedFilter
from storage.rollups.keeping import counted_for


def rolled_up(table: Table, visibility: Visibility, wanted: ResolvedFilter) -> ColumnElement[bool]:
    """The rows of a roll-up that this viewer's class may see and that match what the table keeps of the filter."""
    found = [counted_for(visibility, table)]
    columns: Mapping[str, tuple[str, Any]] = {
        "status": ("statuses", wanted.statuses),
        "category_id": ("categories", wanted.categories),
        "source_id": ("sources", wanted.sources),
        "agency_id": ("agencies", wanted.agencies),
        "area_id": ("areas", wanted.areas),
    }
    for column, (name, allowed) in columns.items():
        if allowed is not None and column in table.c:
            found.append(among(table.c[column], name, allowed))
    if wanted.confidential is not None:
        of_kind = ReportVisibility.CONFIDENTIAL if wanted.confidential else ReportVisibility.PUBLIC
        found.append(table.c.visibility == of_kind)
    return and_(*found)
