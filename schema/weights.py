"""What fields cost where it is not simply one for an object: the hub's tariff, put on the schema when it is built.

The rule is in execution/cost.py. Here is how long lists are at most, what is dear to find out (counts, statistics,
searches, likeness) and what costs nothing (values that come with their row). A test holds it to the schema: every list
has a size, and nothing is named here that is not there.
"""

from collections.abc import Mapping
from typing import Any

from graphql import GraphQLObjectType, GraphQLSchema, get_named_type

from execution import WEIGHT, Weight
from resolvers.hexbins import MAX_CELLS
from resolvers.lists import DEFAULT_SIZE, MAX_SIZE

Arguments = Mapping[str, Any]

SEARCH = 20
"""Looking words up, beyond the page that is read."""

_WITH_THE_ROW = frozenset({"BoundingBox", "Coordinates", "Deadlines", "PageInfo"})
"""Types whose values are part of the row they hang on."""

_AREAS_OF_LEVEL = {"PROVINCE": 1, "CITY": 6, "DISTRICT": 44, "SUBDISTRICT": 270, "RW": 3_000}
_ALL_AREAS, _AREAS_OF_A_PARENT = 330, 70
_FLOODED = {"NONE": 3_000, "CAUTION": 500, "MINOR": 300, "MODERATE": 200, "SEVERE": 100}
"""Areas that may be in a state or a worse one, on a bad day."""

_KM_OF_A_DEGREE = 111.2
_CELL_OF_RESOLUTION_5 = 250.0
"""The area of one of H3's hexagons, in square kilometres; each finer resolution has seven in one."""


def page_size(given: Arguments) -> int:
    """How many entries a connection is asked for; what is out of bounds is refused later, and costs as much as the bound."""
    asked = given.get("last") or given.get("first")
    return DEFAULT_SIZE if asked is None else _within(asked, MAX_SIZE)


def _within(asked: Any, most: int) -> int:
    return min(max(int(asked), 1), most)


def _ids(given: Arguments) -> int:
    asked = given.get("ids")
    return _within(len(asked), MAX_SIZE) if isinstance(asked, list) else 1  # one may be given without a list around it


def _searching(given: Arguments) -> int:
    filter_ = given.get("filter")
    return SEARCH if isinstance(filter_, dict) and filter_.get("search") else 0


def _first(usual: int, most: int) -> Any:
    return lambda given: usual if given.get("first") is None else _within(given["first"], most)


def _areas(given: Arguments) -> int:
    found = _AREAS_OF_LEVEL.get(str(given.get("level")), _ALL_AREAS)
    return min(found, _AREAS_OF_A_PARENT) if given.get("parent") else found


def _flood_areas(given: Arguments) -> int:
    return _FLOODED.get(str(given.get("minimumState")), _FLOODED["CAUTION"])


def _hexagons(given: Arguments) -> int:
    """How many may lie in the rectangle; the equator runs close by, so a degree is as wide as it is high."""
    box, resolution = given.get("within"), given.get("resolution")
    if not isinstance(box, Mapping):
        return MAX_CELLS
    try:
        wide, high = box["east"] - box["west"], box["north"] - box["south"]
        cell = _CELL_OF_RESOLUTION_5 / 7.0 ** (_within(resolution, 15) - 5)
        return _within(wide * high * _KM_OF_A_DEGREE**2 / cell + 1, MAX_CELLS)
    except (TypeError, KeyError, ValueError, OverflowError):
        return MAX_CELLS


def _statistics(given: Arguments) -> int:
    return 10 + _searching(given)


def _of_an_area(given: Arguments) -> int:
    return 1 + _searching(given)


_COUNTED = Weight(each=5)
_OUTLINE = Weight(each=5)
_BUCKETS = Weight(each=10, size=_first(100, 10_000))

WEIGHTS: dict[str, Weight] = {
    "Query.nodes": Weight(size=_ids),
    "Query.reports": Weight(each=_searching, size=page_size),
    "Query.possibleDuplicates": Weight(each=10, size=_first(5, 50)),
    "Query.hexBins": Weight(each=_statistics, size=_hexagons),
    "Query.statistics": Weight(each=_statistics),
    "Query.floodAreas": Weight(size=_flood_areas),
    "Query.floodGauges": Weight(size=100),
    "Query.areas": Weight(size=_areas),
    "Query.areaAt": Weight(each=1),
    "Query.categories": Weight(size=50),
    "Query.agencies": Weight(size=50),
    "Query.sources": Weight(size=20),
    "Report.photos": Weight(size=10),
    "Report.possibleDuplicates": Weight(each=5, size=_first(5, 50)),
    "Report.forwardings": Weight(size=5),
    "Area.children": Weight(size=12),
    "Area.boundary": _OUTLINE,
    "Area.reports": Weight(each=_searching, size=page_size),
    "Area.statistics": Weight(each=_of_an_area),
    "Area.floodAreas": Weight(size=100),
    "Statistics.buckets": _BUCKETS,
    "FloodArea.boundary": Weight(each=1),
    "LaporTicket.responses": Weight(size=10),
    "Source.recordCount": Weight(each=1),
    "ReportConnection.totalCount": _COUNTED,
    "LaporTicketConnection.totalCount": _COUNTED,
    "CommentConnection.totalCount": Weight(each=1),
    "SetAsideRecordConnection.totalCount": Weight(each=1),
    "SubmitReportPayload.possibleDuplicates": Weight(size=5),
    "AddPhotosPayload.photos": Weight(size=10),
}
"""By type and field, as the schema names them. Connections that are not here have the size of their page and no more."""

_ACT = Weight(each=10)
_ERRORS = Weight(item=0, size=5)


def weigh(schema: GraphQLSchema) -> None:
    """Puts the tariff on a built schema."""
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for name, made in kind.fields.items():
                weight = _weight(schema, kind, name)
                if weight is not None:
                    made.extensions[WEIGHT] = weight


def _weight(schema: GraphQLSchema, kind: GraphQLObjectType, name: str) -> Weight | None:
    told = WEIGHTS.get(f"{kind.name}.{name}")
    if told is not None:
        return told
    if kind is schema.mutation_type:
        return _ACT
    return _by_type(get_named_type(kind.fields[name].type).name)


def _by_type(name: str) -> Weight | None:
    if name.endswith("Connection"):
        return Weight(size=page_size)
    if name == "UserError":
        return _ERRORS
    return Weight(item=0) if name in _WITH_THE_ROW or name.endswith("Edge") else None
