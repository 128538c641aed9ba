"""The made-up city as its servers see it: everything that has happened by now, and nothing that has not."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random

from demo import reports, tickets, water
from demo.clock import JAKARTA, Clock
from demo.places import LocalArea, local_areas
from demo.reports import Channel, Report
from demo.tickets import Ticket
from demo.timetable import Timetable, moment_of_quarter, quarter_seconds

REMEMBERED_EVENINGS = 16
"""How many evenings back the city tells of at a time, so that a long run stays small. The days before the start stay."""


@dataclass(frozen=True)
class AreaState:
    """An area's flood state (1 to 4, or None without a flood) and since when it is so (None: never flooded)."""

    area: LocalArea
    state: int | None
    since: datetime | None


@dataclass
class Received:
    """What others have handed to the city's systems: posts to Peta Jakarta's feeds, complaints to LAPOR."""

    reports: list[Report] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    last_number: int = 0

    def next_number(self, now: datetime) -> int:
        """A number above all that the story uses, and above those of earlier runs: taken from the calendar."""
        self.last_number = max(self.last_number + 1, quarter_seconds(now) + 100_000_000)
        return self.last_number


class City:
    """A flood evening in Jakarta, over and over: the same seed and start tell the same story.

    `start` is when the first evening begins, `pace` how many times faster than life it is played (and dated: see
    `Timetable`). The clock is the real one unless another is given; everything asked for is as of its `now`.
    """

    def __init__(self, seed: int, start: datetime, *, pace: float = 1.0, clock: Clock | None = None) -> None:
        if start.tzinfo is None:
            raise ValueError("the start of a city needs a time zone")
        self.seed = seed
        self.start = start.astimezone(UTC)
        self.pace = pace
        self.clock = clock or Clock(datetime.now(UTC))
        self.timetable = Timetable(seed, self.start, pace)
        self.received = Received()
        self._tickets: dict[int, Ticket] = {}

    def now(self) -> datetime:
        """The city's time, in UTC."""
        return self.clock.now()

    @property
    def areas(self) -> tuple[LocalArea, ...]:
        """The RWs of the flood map, numbered from 1."""
        return local_areas(self.seed)

    # Reports

    def reports(self, channel: Channel, since: datetime, until: datetime | None = None) -> list[Report]:
        """A channel's reports that are here by now and dated within this span (both ends included), oldest first.

        Without `until` there is no upper bound, so that a report dated in the future comes too.
        """
        now = self.now()
        found = [
            report
            for report in self._all(since, min(until, now) if until else now)
            if report.channel == channel and report.appears <= now and since <= report.dated
        ]
        return sorted((one for one in found if until is None or one.dated <= until), key=lambda one: one.dated)

    def report(self, number: int) -> Report | None:
        """The report of this number, if it is here by now."""
        evening = self.timetable.evening_of_number(number)
        now = self.now()
        if evening < 0:
            found = self._history_of(moment_of_quarter(number).astimezone(JAKARTA).date())
        elif evening in self._remembered(now):
            found = (*reports.of_evening(self.timetable, evening), *self._wrong_clock(evening))
        else:
            found = tuple(self.received.reports)
        return next((one for one in found if one.number == number and one.appears <= now), None)

    def _all(self, since: datetime, until: datetime) -> Iterator[Report]:
        yield from self._history(since, until)
        remembered = self._remembered(until)
        for evening in self.timetable.evenings(since, until):
            if evening in remembered:
                yield from reports.of_evening(self.timetable, evening)
        for evening in self.timetable.evenings(since - reports.WRONG_CLOCK_AHEAD, self.now()):
            yield from self._wrong_clock(evening)
        yield from self.received.reports

    def _wrong_clock(self, evening: int) -> tuple[Report, ...]:
        made = reports.from_a_wrong_clock(self.timetable, evening)
        return (made,) if made else ()

    def _remembered(self, moment: datetime) -> range:
        last = self.timetable.evening_at(moment)
        return range(max(0, last - REMEMBERED_EVENINGS + 1), last + 1)

    def _history(self, since: datetime, until: datetime) -> Iterator[Report]:
        """The ordinary days before the start, as far back as the city goes."""
        first = max(since, self.start - timedelta(days=reports.HISTORY_DAYS)).astimezone(JAKARTA).date()
        last = min(until, self.start).astimezone(JAKARTA).date()
        for offset in range((last - first).days + 1):
            yield from self._history_of(first + timedelta(days=offset))

    def _history_of(self, day: date) -> tuple[Report, ...]:
        earliest = (self.start - timedelta(days=reports.HISTORY_DAYS)).astimezone(JAKARTA).date()
        if day < earliest or day > self.start.astimezone(JAKARTA).date():
            return ()
        return tuple(report for report in reports.of_day(self.seed, day) if report.appears < self.start)

    # Flood areas

    def area_states(self, moment: datetime | None = None) -> list[AreaState]:
        """Every area's state now, or at a moment of the past, in the order of their numbers."""
        at = moment or self.now()
        return [self._state(area, at) for area in self.areas]

    def _state(self, area: LocalArea, moment: datetime) -> AreaState:
        last = self.timetable.evening_at(moment)
        for evening in range(last, max(-1, last - 2), -1):
            for change in reversed(water.state_changes(area, self.timetable.story_seed(evening))):
                at = self.timetable.moment(evening, change.second)
                if at <= moment:
                    return AreaState(area, change.state, at)
        return AreaState(area, None, None)

    def area_changes(self, since: datetime, until: datetime) -> list[AreaState]:
        """Every change of an area's state in this span, not after now, in order of time."""
        end = min(until, self.now())
        found: list[AreaState] = []
        remembered = self._remembered(end)
        for evening in (one for one in self.timetable.evenings(since, end) if one in remembered):
            for area in self.areas:
                for change in water.state_changes(area, self.timetable.story_seed(evening)):
                    at = self.timetable.moment(evening, change.second)
                    if since <= at <= end:
                        found.append(AreaState(area, change.state, at))
        return sorted(found, key=lambda change: (change.since or since, change.area.number))

    # LAPOR

    def tickets(self) -> list[Ticket]:
        """LAPOR's tickets made by now, those handed in from outside included, oldest first."""
        since = self.start - timedelta(days=reports.HISTORY_DAYS + 1)
        reported = self.reports("lapor", since, self.now())
        # A ticket's whole course is laid down at its making, so it is made once while it is remembered.
        self._tickets = {one.number: self._tickets.get(one.number) or self._ticket(one) for one in reported}
        return sorted((*self._tickets.values(), *self.received.tickets), key=lambda ticket: ticket.created)

    def _ticket(self, report: Report) -> Ticket:
        random = Random(f"{self.seed}/ticket/{report.number}")
        category, agency = tickets.category_and_agency(report.kind)
        pace = self.pace if report.appears >= self.start else 1.0
        return Ticket(
            number=report.number,
            title=report.message.title,
            text=report.message.text,
            category=category,
            classification=tickets.classify(report.kind, random),
            agency=agency,
            area=f"{report.ward.name}, {report.ward.district}, {report.ward.city}",
            created=report.appears,
            secret=random.random() < 0.04,
            anonymous=random.random() < 0.25,
            steps=tickets.plan(report.appears, report.number, pace, random),
        )

    def open_ticket(self, text: str, *, secret: bool, anonymous: bool) -> Ticket:
        """Take a complaint from outside and make a ticket of it: no title, category or place travels with it."""
        now = self.now()
        number = self.received.next_number(now)
        random = Random(f"{self.seed}/ticket/{number}")
        category, agency = tickets.category_and_agency("flood" if "banjir" in text.lower() else "other")
        ticket = Ticket(
            number=number,
            title=text.strip().split("\n", 1)[0][:60],
            text=text,
            category=category,
            classification="Pengaduan",
            agency=agency,
            area="",
            created=now,
            secret=secret,
            anonymous=anonymous,
            steps=tickets.plan(now, number, self.pace, random),
        )
        self.received.tickets.append(ticket)
        return ticket
