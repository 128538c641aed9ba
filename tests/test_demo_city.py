"""The made-up city: the same seed tells the same story, and it is a story worth watching."""

import ast
import io
import itertools
import math
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from shapely.geometry import Point, Polygon

from demo import gauges, tickets, water
from demo.city import City
from demo.clock import Clock
from demo.photos import photo_of
from demo.places import METRES_PER_DEGREE, kelurahan, local_areas
from demo.reports import Channel, Report

START = datetime(2026, 2, 20, 10, 0, tzinfo=UTC)
CHANNELS: tuple[Channel, ...] = ("peta", "qlue", "lapor")


def city(minutes: float = 180, seed: int = 7, start: datetime = START, pace: float = 1) -> City:
    """A city whose clock stands so many minutes after its start."""
    return City(seed, start, pace=pace, clock=Clock(start + timedelta(minutes=minutes), 0))


def everything(one: City, since: datetime | None = None) -> list[Report]:
    return [report for channel in CHANNELS for report in one.reports(channel, since or one.start)]


class TestDeterminism:
    def test_the_same_seed_and_start_tell_the_same_story(self) -> None:
        assert everything(city()) == everything(city())
        assert city(70).area_states() == city(70).area_states()
        assert city().tickets() == city().tickets()

    def test_what_is_told_does_not_depend_on_when_one_asks(self) -> None:
        early = everything(city(60))
        assert early == [one for one in everything(city(170)) if one.appears <= START + timedelta(minutes=60)]

    def test_another_seed_or_start_tells_another(self) -> None:
        texts = [report.message.text for report in everything(city())]
        assert texts != [report.message.text for report in everything(city(seed=8))]
        assert texts != [report.message.text for report in everything(city(start=START + timedelta(days=1)))]

    def test_photos_are_drawn_the_same_again(self) -> None:
        report = next(one for one in everything(city()) if one.photo)
        photo_of.__globals__["draw"].cache_clear()
        first = photo_of(report)
        photo_of.__globals__["draw"].cache_clear()
        assert photo_of(report) == first


class TestNumbers:
    def test_hundreds_of_reports_an_evening_from_each_channel(self) -> None:
        counted = Counter(report.channel for report in everything(city()))
        assert counted.total() >= 400
        assert min(counted.values()) > 100

    def test_a_new_report_every_few_seconds_of_life(self) -> None:
        times = sorted(report.appears for report in everything(city()))
        assert (times[-1] - times[0]) / len(times) < timedelta(seconds=10)

    def test_every_kind_of_trouble_appears(self) -> None:
        wanted = {
            "flood", "traffic", "jockey", "parking", "beggars", "waste", "road", "lamp", "vendors", "tree", "fire",
            "crime", "water", "noise", "facility", "other", "drain", "power", "prep", "assessment",
        }  # fmt: skip
        assert {report.kind for report in everything(city())} == wanted

    def test_a_first_sync_finds_the_days_before(self) -> None:
        before = [one for one in everything(city(0), START - timedelta(days=30)) if one.dated < START]
        assert len(before) > 200
        assert START - timedelta(days=4) < min(report.dated for report in before) < START - timedelta(days=2)

    def test_the_days_before_are_the_same_for_a_city_started_later(self) -> None:
        """A hub that keeps its data over a restart must not get the same days again under other numbers."""
        later = city(0, start=START + timedelta(hours=20))
        known = everything(city(0), START - timedelta(days=2))
        assert {one for one in known if one.dated < START} <= set(everything(later, START - timedelta(days=2)))

    def test_ten_minutes_in_there_is_something_of_everything(self) -> None:
        one = city(10)
        assert len(everything(one)) > 40
        assert sum(known.state is not None for known in one.area_states()) >= 5
        readings = gauges.readings(one.timetable, START, one.now())
        assert {reading.gauge for reading in readings} == set(water.GAUGES)
        assert any(reading.warning_level < 4 for reading in readings)
        assert any(ticket.created >= START and ticket.steps_until(one.now()) for ticket in one.tickets())

    def test_numbers_are_unique_and_rise_with_time(self) -> None:
        reports = sorted(everything(city(600), START - timedelta(days=5)), key=lambda one: (one.appears, one.number))
        numbers = [report.number for report in reports if report.dated == report.appears]
        assert numbers == sorted(set(numbers))
        assert numbers[-1] < 2**31

    def test_evenings_follow_each_other_with_new_reports(self) -> None:
        one = city(350)
        first = {report.number for report in everything(one) if report.appears < START + timedelta(hours=3)}
        second = [report for report in everything(one) if report.appears > START + timedelta(hours=3)]
        assert len(second) > 400
        assert first.isdisjoint(report.number for report in second)

    def test_each_report_is_found_by_its_number(self) -> None:
        one = city(200)
        for report in everything(one, START - timedelta(days=2))[::50]:
            assert one.report(report.number) == report
        assert one.report(1) is None

    @pytest.mark.parametrize("pace", [0.5, 10, 60])
    def test_at_any_pace_nothing_is_told_before_its_time(self, pace: float) -> None:
        one = city(40 / pace, pace=pace)
        told = everything(one)
        assert len(told) > 150, "the story does not depend on the pace"
        assert max(report.appears for report in told) <= one.now()
        ahead = [report for report in told if report.dated > one.now()]
        assert len(ahead) == 1, "but for the one with the wrong clock"


class TestWords:
    def test_nearly_all_texts_differ(self) -> None:
        texts = [report.message.text for report in everything(city()) if report.origin != "qlue"]
        assert len(set(texts)) > 0.95 * len(texts)

    def test_a_flood_tells_its_depth_and_place(self) -> None:
        floods = [report for report in everything(city()) if report.kind == "flood"]
        assert all(report.depth_cm is not None and 0 <= report.depth_cm <= 200 for report in floods)
        assert sum(str(report.depth_cm) in report.message.text for report in floods) > 100

    def test_some_are_edited_later(self) -> None:
        edited = [report for report in everything(city()) if report.late_at]
        assert len(edited) > 50
        for report in edited:
            assert report.late_at is not None
            assert report.text(report.appears) == report.message.text
            assert report.text(report.late_at) == report.message.late != report.message.text

    def test_no_slot_is_left_unfilled(self) -> None:
        for report in everything(city()):
            assert not {"{", "}"} & set(report.message.title + report.message.text + (report.message.late or ""))


class TestPlaces:
    def test_every_report_lies_in_its_kelurahan(self) -> None:
        for report in everything(city()):
            longitude, latitude = report.position
            east = (longitude - report.ward.longitude) * math.cos(math.radians(latitude))
            away = math.hypot(east, latitude - report.ward.latitude) * METRES_PER_DEGREE
            assert away <= report.ward.radius_m * 1.01

    def test_a_flood_in_a_known_area_lies_in_it_or_on_its_edge(self) -> None:
        located = [one for one in everything(city()) if one.area and len(one.area.parts) == 1]
        inside = [Polygon(one.area.parts[0]).buffer(1e-4).contains(Point(one.position)) for one in located if one.area]
        assert all(inside)

    def test_at_least_150_areas_with_sound_polygons_that_do_not_overlap(self) -> None:
        areas = local_areas(7)
        assert len(areas) >= 150
        assert len({area.number for area in areas}) == len({area.geom_id for area in areas}) == len(areas)
        for area in areas:
            assert all(Polygon(part).is_valid and Polygon(part).area > 0 for part in area.parts)
        for one, other in itertools.pairwise(areas):
            shared = Polygon(one.parts[0]).intersection(Polygon(other.parts[0])).area
            assert shared < 1e-3 * Polygon(one.parts[0]).area
        assert any(len(area.parts) > 1 for area in areas)

    def test_the_table_covers_all_five_cities_of_the_mainland(self) -> None:
        assert len({ward.city for ward in kelurahan()}) == 5
        assert len(kelurahan()) >= 60


class TestPhotos:
    def test_all_kinds_decode_and_look_different(self) -> None:
        one_each = {report.kind: report for report in everything(city()) if report.photo}
        drawn = {kind: photo_of(report) for kind, report in one_each.items()}
        assert len(set(drawn.values())) == len(drawn) >= 15
        for data in drawn.values():
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                assert (image.format, image.size) == ("JPEG", (640, 480))

    def test_some_carry_their_place_in_exif_and_it_is_the_right_one(self) -> None:
        photographed = [report for report in everything(city()) if report.photo][:40]
        located = 0
        for report in photographed:
            with Image.open(io.BytesIO(photo_of(report))) as image:
                place = image.getexif().get_ifd(0x8825)
            if place:
                located += 1
                degrees, minutes, seconds = (float(part) for part in place[2])
                assert place[1] == "S"
                assert degrees + minutes / 60 + seconds / 3600 == pytest.approx(-report.position[1], abs=1e-5)
        assert 5 < located < 35


class TestWater:
    def test_floods_rise_and_fall_over_the_evening(self) -> None:
        one = city()
        flooded = [
            sum(known.state is not None for known in one.area_states(START + timedelta(minutes=minute)))
            for minute in (0, 15, 40, 75, 120, 150, 179)
        ]
        assert flooded[0] == flooded[-1] == 0
        assert flooded[:4] == sorted(flooded[:4])
        assert flooded[3:] == sorted(flooded[3:], reverse=True)
        assert flooded[3] > 80

    def test_every_state_is_reached_and_begins_with_caution(self) -> None:
        story = city().timetable.story_seed(0)
        changes = [water.state_changes(area, story) for area in local_areas(7)]
        assert {change.state for one in changes for change in one} == {None, 1, 2, 3, 4}
        assert all(one[0].state == 1 and one[-1].state is None for one in changes if one)

    @pytest.mark.parametrize(("depth", "state"), [(9.9, None), (10, 2), (70, 2), (71, 3), (150, 3), (151, 4), (220, 4)])
    def test_states_follow_the_depth(self, depth: float, state: int | None) -> None:
        assert water.flood_state(depth, known=True) == state

    def test_an_unmeasured_depth_is_caution(self) -> None:
        assert water.flood_state(90, known=False) == 1

    def test_the_wave_passes_the_gauges_down_the_river(self) -> None:
        one = city()
        peaks: dict[str, gauges.Reading] = {}
        for reading in gauges.readings(one.timetable, START, one.now()):
            best = peaks.get(reading.gauge.name)
            if best is None or reading.depth_cm > best.depth_cm:
                peaks[reading.gauge.name] = reading
        down = [peaks[name].at for name in ("Katulampa", "Depok", "Manggarai BKB", "Karet")]
        assert down == sorted(down)
        assert peaks["Manggarai BKB"].warning_level <= 2

    def test_changes_of_a_span_add_up_to_the_states_at_its_end(self) -> None:
        one = city(120)
        told = {change.area.number: change.state for change in one.area_changes(START, one.now())}
        assert told == {known.area.number: known.state for known in one.area_states() if known.since}


class TestTickets:
    def test_tickets_move_forward_and_are_answered(self) -> None:
        one = city()
        made = [ticket for ticket in one.tickets() if ticket.created >= START]
        assert len(made) > 100
        for ticket in made:
            times = [ticket.created, *(step.at for step in ticket.steps)]
            assert times == sorted(times)
            assert {step.status for step in ticket.steps} <= set(tickets.STATUSES)
        assert sum(bool(step.answer) for ticket in made for step in ticket.steps) > 200

    def test_nobody_is_in_charge_before_the_ticket_is_handed_on(self) -> None:
        ticket = next(one for one in city().tickets() if any(step.status == "Disposisi" for step in one.steps))
        handed_on = next(step.at for step in ticket.steps if step.status == "Disposisi")
        assert ticket.agency_at(handed_on - timedelta(seconds=1)) == ""
        assert ticket.agency_at(handed_on) == ticket.agency


class TestClock:
    def test_runs_at_its_speed(self) -> None:
        clock = Clock(START, 100_000)
        before = clock.now()
        while clock.now() <= before:
            pass
        assert clock.now() > START

    def test_is_set_by_hand(self) -> None:
        clock = Clock(START, 0)
        clock.advance(90)
        assert clock.now() == START + timedelta(seconds=90)
        clock.set(START)
        assert clock.now() == START

    def test_wants_a_zone(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            Clock(datetime(2026, 2, 20))
        with pytest.raises(ValueError, match="time zone"):
            City(7, datetime(2026, 2, 20))


def test_the_demo_imports_nothing_of_the_hub() -> None:
    """What the connectors are tested against must not be what they were written with."""
    third_party = {"PIL", "defusedxml", "starlette", "uvicorn"}
    for path in Path(__file__).parent.parent.joinpath("demo").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for name in names:
                root = name.split(".")[0]
                assert root in {"demo"} | third_party | sys.stdlib_module_names, f"{path.name} imports {name}"
