"""Finds the filters that a report's facts may match without asking each of them.

Every filter has a bit. For each condition there is a table from a value to the bits of the filters that allow it, and the
bits of those that do not ask. So the filters that allow a report are a few lookups, whatever their number: the bits of
its category, and those of its area, and those of its status, … Places go by stripes of latitude and of longitude, finer
than most boxes are exact. What is found is asked once more: the index may find too many (times, words), never too few.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from domain.places import Box, bounding_box_around
from domain.time import DAY
from storage.events.facets import Facets
from storage.reports.filter.filtering import ResolvedFilter

K = TypeVar("K", bound=Hashable)

_STRIPE = 0.002
"""Degrees: about 220 m."""
_SOUTH, _NORTH, _WEST, _EAST = -6.6, -5.0, 106.2, 107.2
"""Jakarta with its islands, and some water; what lies beyond is in the outermost stripes."""

_DAYS = 1 << 16
"""Days since 1970 that are told apart, until 2149; what lies beyond is on the first or the last."""

_Allowed = Callable[[ResolvedFilter], Iterable[Hashable] | None]
_Fact = Callable[[int, Facets], Hashable]


@dataclass(slots=True, eq=False)
class _Table:
    """One condition: what a filter allows (None: anything), and what a report has."""

    allowed: _Allowed
    fact: _Fact
    bits: dict[Hashable, int] = field(default_factory=dict)
    free: int = 0

    def add(self, bit: int, wanted: ResolvedFilter) -> None:
        allowed = self.allowed(wanted)
        if allowed is None:
            self.free |= bit
        else:
            for value in allowed:
                self.bits[value] = self.bits.get(value, 0) | bit

    def remove(self, bit: int, wanted: ResolvedFilter) -> None:
        allowed = self.allowed(wanted)
        if allowed is None:
            self.free &= ~bit
            return
        for value in allowed:
            left = self.bits[value] & ~bit
            if left:
                self.bits[value] = left
            else:
                del self.bits[value]

    def allowing(self, report_id: int, facts: Facets) -> int:
        return self.free | self.bits.get(self.fact(report_id, facts), 0)


class FilterIndex(Generic[K]):
    """Filters by what they are filed under (`key`). `true_places`: they are judged on true places, else on public ones."""

    def __init__(self, *, true_places: bool) -> None:
        self._facts, self._places = _fact_tables(), _place_tables(true_places=true_places)
        self._tables = [*self._facts, *self._places]
        self._bit_of: dict[K, tuple[int, ResolvedFilter]] = {}
        self._at: list[K | None] = []
        self._unused: list[int] = []

    def __len__(self) -> int:
        return len(self._bit_of)

    def add(self, key: K, wanted: ResolvedFilter) -> int:
        """Files a filter; returns its bit."""
        place = self._unused.pop() if self._unused else len(self._at)
        if place == len(self._at):
            self._at.append(None)
        self._at[place] = key
        bit = 1 << place
        self._bit_of[key] = (bit, wanted)
        for table in self._tables:
            table.add(bit, wanted)
        return bit

    def remove(self, key: K) -> int:
        """Takes a filter out; returns the bit that it had, which may be another's from now on."""
        bit, wanted = self._bit_of.pop(key)
        for table in self._tables:
            table.remove(bit, wanted)
        place = bit.bit_length() - 1
        self._at[place] = None
        self._unused.append(place)
        return bit

    def allowing(self, report_id: int, facts: Facets, *, anywhere: bool = False) -> int:
        """The bits of all filters that may match a report of such facts; with `anywhere`, wherever it lies."""
        bits = -1
        for table in self._facts if anywhere else self._tables:
            bits &= table.allowing(report_id, facts)
        return bits if bits >= 0 else 0

    def keys(self, bits: int) -> Iterator[K]:
        """What is filed under these bits."""
        digits = f"{bits:b}"[::-1]
        place = digits.find("1")
        while place >= 0:
            key = self._at[place]
            if key is not None:
                yield key
            place = digits.find("1", place + 1)


def _fact_tables() -> list[_Table]:
    return [
        _Table(lambda f: f.categories, lambda _id, facts: facts.category_id),
        _Table(lambda f: f.statuses, lambda _id, facts: facts.status),
        _Table(lambda f: f.sources, lambda _id, facts: facts.source_id),
        _Table(lambda f: f.agencies, lambda _id, facts: facts.agency_id),
        _Table(lambda f: f.ids, lambda id_, _facts: id_),
        _Table(lambda f: _flag(f.has_photos), lambda _id, facts: facts.has_photos),
        _Table(lambda f: _flag(f.breached), lambda _id, facts: facts.breached),
        _Table(lambda f: _flag(f.duplicates), lambda _id, facts: facts.duplicate),
        _Table(lambda f: _flag(f.source_disagrees), lambda _id, facts: facts.source_disagrees),
        _Days(_days_allowed, lambda _id, facts: _leaf(facts.reported_at)),
    ]


class _Days(_Table):
    """When reports were told, by the day.

    Days are the leaves of a tree of twos, and its nodes are numbered as a heap's: what a filter allows are the few nodes
    that have just its days below them, and a report is below sixteen. So no filter costs more for asking for years.
    """

    def allowing(self, report_id: int, facts: Facets) -> int:
        bits, node = self.free, _leaf(facts.reported_at)
        while node:
            bits |= self.bits.get(node, 0)
            node >>= 1
        return bits


def _days_allowed(f: ResolvedFilter) -> list[int] | None:
    if f.reported_after is None and f.reported_before is None:
        return None
    low = _DAYS if f.reported_after is None else _leaf(f.reported_after)
    high = 2 * _DAYS if f.reported_before is None else _leaf(f.reported_before) + 1
    nodes = []
    while low < high:
        if low & 1:
            nodes.append(low)
            low += 1
        if high & 1:
            high -= 1
            nodes.append(high)
        low, high = low >> 1, high >> 1
    return nodes


def _leaf(moment: int) -> int:
    return _DAYS + min(max(moment // DAY, 0), _DAYS - 1)


def _place_tables(*, true_places: bool) -> list[_Table]:
    def area(_id: int, facts: Facets) -> Hashable:
        return facts.area_id if true_places else facts.public_area_id

    def latitude(_id: int, facts: Facets) -> Hashable:
        return _stripe(facts.latitude if true_places else facts.public_latitude, _SOUTH, _NORTH)

    def longitude(_id: int, facts: Facets) -> Hashable:
        return _stripe(facts.longitude if true_places else facts.public_longitude, _WEST, _EAST)

    return [_Table(lambda f: f.areas, area), _Table(_latitudes, latitude), _Table(_longitudes, longitude)]


def _flag(wanted: bool | None) -> tuple[bool] | None:
    return None if wanted is None else (wanted,)


def _stripe(degrees: float | None, first: float, last: float) -> int | None:
    """Which stripe a degree is in; None, which no filter allows, for no place."""
    return None if degrees is None else int((min(max(degrees, first), last) - first) / _STRIPE)


def _boxes(f: ResolvedFilter) -> list[Box]:
    around = None if f.near is None else bounding_box_around(f.near.point, f.near.metres + _ROUNDING)
    return [box for box in (f.box, around) if box is not None]


_ROUNDING = 0.001
"""Metres by which a distance that is compared may be longer than it was asked for (`whole_millimetres`)."""


def _latitudes(f: ResolvedFilter) -> Iterable[int] | None:
    return _stripes([(box.south, box.north) for box in _boxes(f)], _SOUTH, _NORTH)


def _longitudes(f: ResolvedFilter) -> Iterable[int] | None:
    return _stripes([(box.west, box.east) for box in _boxes(f)], _WEST, _EAST)


def _stripes(bounds: list[tuple[float, float]], first: float, last: float) -> Iterable[int] | None:
    if not bounds:
        return None
    low, high = max(low for low, _ in bounds), min(high for _, high in bounds)
    if low > high:
        return ()
    lowest, highest = _stripe(low, first, last), _stripe(high, first, last)
    assert lowest is not None and highest is not None
    return range(lowest, highest + 1)
