"""Approximate boundaries of kelurahan, computed from a point and a size each: what the hub draws until real ones are imported.

The cells are a power diagram: a place belongs to the kelurahan for which (distance² − weight) is least, the weight being
r² = km² / π, so that large kelurahan get large cells and every border between two cells is straight. Each cell is cut off
at 1.55 r from its point, so that the outermost do not run into the sea and into the neighbouring cities.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import shapely

from domain.area_facts import AreaFact
from domain.area_geometry import geometry_to_degrees, to_km

REACH = 1.55
"""How far a cell reaches from its point, in radii of a circle of the kelurahan's size."""

_CORNERS = 64  # of the circle at which a cell is cut off
_CIRCLE = [
    (math.cos(math.tau * corner / _CORNERS), math.sin(math.tau * corner / _CORNERS)) for corner in range(_CORNERS)
]

# Three kelurahan lie so close to the point of a larger one that their own point would fall into the neighbour's cell.
# No weight may exceed a neighbour's by more than this share of the distance², so a border keeps off every point:
# at least a tenth of the distance.
_WEIGHT_GAP = 0.8


class _Site(NamedTuple):
    x: float
    y: float
    weight: float  # km², r² at first
    reach: float  # km


_Corner = tuple[float, float]


def approximate_cells(facts: Iterable[AreaFact]) -> dict[str, shapely.Polygon]:
    """One convex cell for each fact, by code, in degrees; the cells do not overlap, and each holds its fact's own point.

    The same facts give the same cells, whatever their order. Two facts at the very same place cannot be told apart: ValueError.
    """
    ordered = sorted(facts, key=lambda fact: fact.code)
    unbalanced = [_site(fact) for fact in ordered]
    neighbours = _neighbours(unbalanced)
    sites = _balanced(unbalanced, neighbours)
    return {
        fact.code: geometry_to_degrees(shapely.Polygon(_cell(site, [sites[index] for index in near])))
        for fact, site, near in zip(ordered, sites, neighbours, strict=True)
    }


def _site(fact: AreaFact) -> _Site:
    x, y = to_km(fact.latitude, fact.longitude)
    weight = fact.area_km2 / math.pi
    return _Site(x, y, weight, REACH * math.sqrt(weight))


def _neighbours(sites: Sequence[_Site]) -> list[list[int]]:
    """For each site the others, in order, that are near enough to have a say in its weight or in the shape of its cell.

    Another one cuts a cell where distance² + weight − its weight < 2 · distance · reach, and raises a weight within
    distance² < its weight / _WEIGHT_GAP. No weight is ever above the heaviest.
    """
    heaviest = max((site.weight for site in sites), default=0.0)
    squares = [
        max((site.reach + math.sqrt(site.reach**2 + heaviest)) ** 2, heaviest / _WEIGHT_GAP) + 1e-6 for site in sites
    ]
    near: list[list[int]] = [[] for _ in sites]
    for index, (x, y, _, _) in enumerate(sites):
        square, found = squares[index], near[index]
        for other in range(index + 1, len(sites)):
            there_x, there_y, _, _ = sites[other]
            apart = (there_x - x) ** 2 + (there_y - y) ** 2
            if apart < square:
                found.append(other)
            if apart < squares[other]:
                near[other].append(index)
    return near


def _balanced(sites: Sequence[_Site], neighbours: Sequence[Sequence[int]]) -> list[_Site]:
    """Raises weights that are too small beside a neighbour's, until every point lies in its own cell."""
    weights = [site.weight for site in sites]
    heaviest = max(weights, default=0.0)
    settled = False
    while not settled:  # weights only rise, and never above the heaviest
        settled = True
        for index, site in enumerate(sites):
            least = max(
                (
                    weights[other] - _WEIGHT_GAP * ((sites[other].x - site.x) ** 2 + (sites[other].y - site.y) ** 2)
                    for other in neighbours[index]
                    if weights[other] > weights[index]
                ),
                default=-heaviest,
            )
            if least > weights[index] + 1e-9:
                weights[index], settled = least, False
    return [site._replace(weight=weight) for site, weight in zip(sites, weights, strict=True)]


def _cell(site: _Site, neighbours: Sequence[_Site]) -> list[_Corner]:
    corners = [(site.x + site.reach * east, site.y + site.reach * north) for east, north in _CIRCLE]
    for other in neighbours:
        corners = _cut_towards(other, site, corners)
    return corners


def _cut_towards(other: _Site, site: _Site, corners: list[_Corner]) -> list[_Corner]:
    """Takes off what is nearer, in power distance, to the other site: all beyond a straight line square to the way there."""
    east, north = other.x - site.x, other.y - site.y
    distance = math.hypot(east, north)
    if distance == 0:
        raise ValueError("two areas have their point at the same place")
    line = (distance**2 + site.weight - other.weight) / (2 * distance)  # how far along the way it crosses
    if line >= site.reach:
        return corners
    beyond = [((x - site.x) * east + (y - site.y) * north) / distance - line for x, y in corners]
    return _kept(corners, beyond) if max(beyond) > 0 else corners


def _kept(corners: list[_Corner], beyond: list[float]) -> list[_Corner]:
    """A convex outline without the corners that lie beyond a line (a positive distance), with new corners on the line."""
    kept: list[_Corner] = []
    around = [*zip(corners, beyond, strict=True), (corners[0], beyond[0])]
    for (here, here_beyond), (there, there_beyond) in pairwise(around):
        if here_beyond <= 0:
            kept.append(here)
        if here_beyond * there_beyond < 0:
            share = here_beyond / (here_beyond - there_beyond)
            kept.append((here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1])))
    return kept
