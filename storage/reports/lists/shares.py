"""The share of all reports that a filter finds, by what is known about its conditions one by one."""

from dataclasses import dataclass

from domain.places import Box, bounding_box_around
from storage.reports.filter.filtering import ResolvedFilter
from storage.rollups.estimates import Estimates

_CIRCLE_IN_BOX = 0.785
_LEAST_OF_THE_SMALLER = 0.25
"""Who asks for a box and for areas mostly means places that meet. So of the reports in the smaller of the two this share is
taken to lie in the other too: of 2 % in the areas and 10 % in the box, a quarter of the 2 % in both, and not a tenth of it.
(Where the larger has more than a quarter of all reports, its own share is taken.) Not more than that: they may hardly touch,
and then it is dear to have looked at each report of one of them."""
_FLAGS = {"has_photos": 0.3, "breached": 0.2, "duplicates": 0.02, "confidential": 0.02, "source_disagrees": 0.02}
"""Shares of reports for which a flag holds, where nothing is counted."""
_FORWARDED = 0.05


@dataclass(frozen=True, slots=True)
class Shares:
    """By condition, 1 for those that the filter does not have. `box` holds all that it wants of places. `whole`: of all
    conditions, as if they had nothing to do with each other, but for those on the place. `areas_in_box`: of what lies in
    the box, the share that is in one of the areas."""

    areas: float
    categories: float
    statuses: float
    sources: float
    box: Box | None
    whole: float
    areas_in_box: float


def shares_of(f: ResolvedFilter, known: Estimates) -> Shares:
    """The shares of one filter."""
    areas = 1.0 if f.areas is None else known.share_of(known.areas, f.areas)
    categories = 1.0 if f.categories is None else known.share_of(known.categories, f.categories)
    statuses = 1.0 if f.statuses is None else known.share_of(known.statuses, f.statuses)
    sources = 1.0 if f.sources is None else known.share_of(known.sources, f.sources)
    whole = categories * statuses * sources * _others(f, known)
    box = box_around(f)
    areas_in_box = 1.0
    if box is None:
        whole *= areas
    else:
        within = known.share_in(box) * (1.0 if f.near is None else _CIRCLE_IN_BOX)
        if f.areas is not None:
            areas_in_box = min(1.0, areas / within) * max(_LEAST_OF_THE_SMALLER, areas, within)
        whole *= within * areas_in_box
    return Shares(areas, categories, statuses, sources, box, max(whole, 1 / known.total), areas_in_box)


def box_around(f: ResolvedFilter) -> Box | None:
    """A box that holds all that the filter wants of places."""
    if f.near is None:
        return f.box
    around = bounding_box_around(f.near.point, f.near.metres)
    if f.box is None:
        return around
    west, east = max(f.box.west, around.west), min(f.box.east, around.east)
    south, north = max(f.box.south, around.south), min(f.box.north, around.north)
    return Box(west, south, east, north) if west <= east and south <= north else around  # apart: nothing is in both


def _others(f: ResolvedFilter, known: Estimates) -> float:
    found = 1.0 if f.agencies is None else known.share_of(known.agencies, f.agencies)
    if f.forwardings is not None:
        found *= _FORWARDED
    for name, share in _FLAGS.items():
        if (wanted := getattr(f, name)) is not None:
            found *= share if wanted else 1 - share
    return found
