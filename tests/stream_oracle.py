"""What readers of the log should be told, worked out a second time: from the contract, without the hub's tables or SQL.

It keeps how each report stood before and after everything that happened, and how it stands now.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any

from domain.areas import AreaMap
from domain.places import Point, distance_m, fuzz
from domain.time import HOUR, micros
from domain.vocabulary import EventKind, ReportStatus, ReportVisibility, Role
from resolvers.filters import NO_FILTER, ReportFilter
from tests.stream_world import World

OPEN = frozenset({"SUBMITTED", "VERIFIED", "ASSIGNED", "IN_PROGRESS"})
STAFF = frozenset({Role.RESPONDER, Role.DISPATCHER, Role.ADMIN})
SEES_ALL = frozenset({Role.DISPATCHER, Role.ADMIN})
FOR_STAFF = frozenset({EventKind.OFFERED, EventKind.DECLINED, EventKind.OFFER_EXPIRED, EventKind.AT_RISK})
NOT_STREAMED = frozenset({"updated_after", "search"})
STREAMED = tuple(each.name for each in fields(ReportFilter) if each.name not in NOT_STREAMED)
"""What filters of `reportEvents` and `events` may ask for."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place as a report has it: a point, or an area alone, or nothing."""

    point: Point | None = None
    area: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a report stands. `public` is the place that the public is told; None: of this moment it is told none any more."""

    category: str
    place: Spot
    reported_at: int
    status: str = ReportStatus.SUBMITTED
    visibility: str = ReportVisibility.PUBLIC
    source: str = "simpul"
    agency: str | None = None
    reporter: str | None = None
    token: str | None = None
    photos: int = 0
    breached: bool = False
    duplicate_of: int | None = None
    means: str | None = None
    forwarding: str | None = None
    public: Spot | None = None


@dataclass(slots=True)
class Happening:
    """One entry of the log: a report's, or (no report) a flood's."""

    seq: int
    kind: EventKind
    at: int
    report: int | None = None
    before: Standing | None = None
    after: Standing | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads, and what: `created_only` is newReports."""

    role: Role
    agency: str | None = None
    person: str | None = None
    tokens: frozenset[str] = frozenset()
    filter: ReportFilter = NO_FILTER
    kinds: frozenset[EventKind] | None = None
    created_only: bool = False

    @property
    def mine(self) -> bool:
        return self.filter.mine is True

    def owns(self, standing: Standing) -> bool:
        by_account = self.person is not None and standing.reporter == self.person
        return by_account or standing.token in self.tokens

    def sees(self, standing: Standing | None, *, own: bool) -> bool:
        if standing is None or standing.visibility == ReportVisibility.ERASED:
            return False
        if standing.visibility == ReportVisibility.PUBLIC or self.role in SEES_ALL:
            return True
        if self.role in (Role.RESPONDER, Role.PARTNER) and self.agency is not None and standing.agency == self.agency:
            return True
        return own and self.owns(standing)


@dataclass
class Oracle:
    """Keeps the log and how every report stands; `tell` is called for each event in its order."""

    world: World
    first_seq: int
    log: list[Happening] = field(default_factory=list)
    now: dict[int, Standing] = field(default_factory=dict)
    rewritten: set[int] = field(default_factory=set)
    """Reports whose past is told otherwise than it was told at first."""

    @property
    def areas(self) -> AreaMap:
        return self.world.parts.areas

    def tell(self, kind: EventKind, at: int, report: int | None = None, after: Standing | None = None) -> None:
        """Something happened to a report (None: to a flood area)."""
        before = None if report is None else self.now.get(report)
        if report is not None and after is not None:
            after = replace(after, public=self._public(after))
            if before is not None and self._becomes_secret(before, after) and self._rewrite(report):
                before = replace(before, public=None)
            self.now[report] = after
        self.log.append(Happening(self.first_seq + len(self.log), kind, at, report, before, after))

    def _is_fuzzed(self, standing: Standing) -> bool:
        return standing.category in self.world.sensitive and standing.place.point is not None

    def _becomes_secret(self, before: Standing, after: Standing) -> bool:
        newly_sensitive = after.category in self.world.sensitive and after.category != before.category
        return not self._is_fuzzed(before) and (self._is_fuzzed(after) or newly_sensitive)

    def _public(self, standing: Standing) -> Spot:
        return self._blurred(standing.place) if self._is_fuzzed(standing) else standing.place

    def _blurred(self, spot: Spot) -> Spot:
        if spot.point is None:
            return spot
        point = fuzz(spot.point)
        return Spot(point, self.areas.locate(point.latitude, point.longitude))

    def _rewrite(self, report: int) -> bool:
        """Takes the true places out of what the public is told of the past; whether there were any."""
        told = False
        for each in self.log:
            if each.report == report:
                secret = self._secret(each.before), self._secret(each.after)
                told |= secret != (each.before, each.after)
                each.before, each.after = secret
        if told:
            self.rewritten.add(report)
        return told

    def _secret(self, standing: Standing | None) -> Standing | None:
        if standing is None or standing.public is None:
            return standing
        return replace(standing, public=self._blurred(standing.place))

    def last_known(self, reading: Reading, *, own: bool) -> int | None:
        """The number of the last entry that the reader may know of."""
        known = (each.seq for each in reversed(self.log) if self.knows(reading, each, own=own))
        return next(known, None)

    def knows(self, reading: Reading, entry: Happening, *, own: bool) -> bool:
        if entry.kind in FOR_STAFF and reading.role not in STAFF:
            return False
        return entry.report is None or any(reading.sees(side, own=own) for side in (entry.before, entry.after))

    def expected(self, reading: Reading, after: int) -> list[tuple[int, bool | None]]:
        """What the reader is told of everything behind an entry, if it is told now: numbers and `matches`, None for a tombstone."""
        return list(self._told(reading, (each for each in self.log if each.seq > after)))

    def _told(self, reading: Reading, entries: Iterable[Happening]) -> Iterator[tuple[int, bool | None]]:
        own = reading.mine
        for entry in entries:
            if entry.report is None or not self.knows(reading, entry, own=own):
                continue
            if not reading.sees(entry.after, own=own):
                if not reading.created_only:
                    yield entry.seq, None
            elif reading.sees(self.now[entry.report], own=own):
                yield from self._judged(reading, entry, own)

    def _judged(self, reading: Reading, entry: Happening, own: bool) -> Iterator[tuple[int, bool]]:
        matches = self.matches(reading, entry.report, entry.after, entry.at)
        if reading.created_only:
            if matches and entry.kind is EventKind.CREATED:
                yield entry.seq, True
            return
        matched = reading.sees(entry.before, own=own) and self.matches(reading, entry.report, entry.before, entry.at)
        if matches and (reading.kinds is None or entry.kind in reading.kinds):
            yield entry.seq, True
        if not matches and matched:
            yield entry.seq, False

    def matches(self, reading: Reading, report: int | None, standing: Standing | None, at: int) -> bool:
        """Whether a report that stands so is in the reader's filter; of a place that is not told any more, perhaps: true."""
        if standing is None or report is None:
            return False
        asked = reading.filter
        told: dict[str, Callable[[Any], bool]] = {
            "ids": lambda ids: report in {self.world.parts.ids.decode(each)[1] for each in ids},
            "statuses": lambda statuses: standing.status in statuses,
            "open": lambda flag: (standing.status in OPEN) is flag,
            "categories": lambda codes: standing.category in codes,
            "sources": lambda codes: standing.source in codes,
            "agencies": lambda codes: standing.agency in codes,
            "reported_within_hours": lambda hours: standing.reported_at >= at - hours * HOUR,
            "reported_after": lambda moment: standing.reported_at >= micros(moment),
            "reported_before": lambda moment: standing.reported_at < micros(moment),
            "has_photos": lambda flag: (standing.photos > 0) is flag,
            "breached": lambda flag: standing.breached is flag,
            "duplicates": lambda flag: (standing.duplicate_of is not None) is flag,
            "mine": lambda flag: reading.owns(standing) is flag,
            "confidential": lambda flag: (standing.visibility == ReportVisibility.CONFIDENTIAL) is flag,
            "forwardings": lambda states: standing.forwarding in states,
            "source_disagrees": lambda flag: (standing.means not in (None, standing.status)) is flag,
        }
        spot = standing.place if reading.role in STAFF or reading.mine else standing.public
        holds = all(test(getattr(asked, name)) for name, test in told.items() if getattr(asked, name) is not None)
        return holds and (spot is None or _lies(spot, asked))


def _lies(spot: Spot, asked: ReportFilter) -> bool:
    if asked.areas is not None and not any(
        spot.area == code or (spot.area or "").startswith(f"{code}.") for code in asked.areas
    ):
        return False
    box, near, point = asked.within, asked.near, spot.point
    if (box or near) and point is None:
        return False
    if box is not None and point is not None:
        inside = box.south <= point.latitude <= box.north and box.west <= point.longitude <= box.east
        if not inside:
            return False
    if near is not None and point is not None:
        return distance_m(Point(near.latitude, near.longitude), point) <= near.within_meters
    return True
