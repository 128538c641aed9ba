"""`server.py areas import` beside a hub that serves: new boundaries hold at once, or nothing changes and it says why."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.area_facts import parse_facts
from tests.running import ROOT, RunningHub
from tests.starting import start
from tests.subscribers import Subscriber
from tests.test_commands import command

FACTS = parse_facts((ROOT / "storage/facts/jakarta_areas.csv").read_text(encoding="utf-8"))
MENTENG = next(fact for fact in FACTS if fact.name == "Menteng" and fact.code.count(".") == 3)
BESIDE = {"latitude": MENTENG.latitude + 0.02, "longitude": MENTENG.longitude}
"""2.2 km north of Menteng's middle, so in another kelurahan as long as boundaries are approximate."""

SUBMIT = """
mutation ($input: SubmitReportInput!) {
  submitReport(input: $input) { report { code area { code } } userErrors { message } }
}
"""
AREA_AT = """
query ($latitude: Float!, $longitude: Float!) {
  areaAt(latitude: $latitude, longitude: $longitude) { code boundaryApproximate boundary }
}
"""
AREA_OF = "query ($code: String!) { report(code: $code) { area { code } } }"
IN_AREA = "query ($area: String!) { reports(filter: {areas: [$area]}) { totalCount } }"
EVENTS = "subscription ($after: Cursor) { reportEvents(after: $after) { id kind } }"


@pytest.fixture
def hub(hub_folder: Path) -> Iterator[RunningHub]:
    """A hub on approximate boundaries that takes as many reports as come."""
    running = RunningHub(hub_folder, {"SIMPUL_ANONYMOUS_REPORTS_PER_HOUR": "100000"}).start()
    yield running
    running.stop()


def around_menteng(half_degrees: float) -> list[list[float]]:
    """A square around Menteng's middle as a ring of a polygon."""
    west, south = MENTENG.longitude - half_degrees, MENTENG.latitude - half_degrees
    east, north = MENTENG.longitude + half_degrees, MENTENG.latitude + half_degrees
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def write_file(path: Path, *features: tuple[str, list[list[float]]]) -> Path:
    """A boundary file with these kelurahan, each a code and one ring."""
    told = [
        {"type": "Feature", "properties": {"kode": code}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for code, ring in features
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": told}))
    return path


def import_areas(hub: RunningHub, file: Path) -> "subprocess.CompletedProcess[str]":
    """Runs the command beside the hub, on the same data folder."""
    return command(hub.folder, "areas", "import", str(file))


def area_at(hub: RunningHub) -> dict[str, Any]:
    found: dict[str, Any] = hub.data(AREA_AT, BESIDE)["areaAt"]
    return found


def submit(hub: RunningHub, text: str) -> dict[str, Any]:
    told = hub.data(SUBMIT, {"input": {"text": text, "category": "flood", "location": BESIDE}})["submitReport"]
    assert told["userErrors"] == []
    report: dict[str, Any] = told["report"]
    return report


def error_of(subscriber: Subscriber) -> str:
    """The code of the error that ends a subscription."""
    while (message := subscriber.receive())["type"] in ("ping", "pong"):
        pass
    assert message["type"] == "error", message
    code: str = message["payload"][0]["extensions"]["code"]
    return code


@pytest.mark.slow
def test_a_serving_hub_goes_on_with_the_new_boundaries(hub: RunningHub, tmp_path: Path) -> None:
    assert area_at(hub)["boundaryApproximate"]
    old = submit(hub, "Banjir di depan pasar")
    assert old["area"]["code"] == area_at(hub)["code"] != MENTENG.code
    file = write_file(tmp_path / "new.geojson", (MENTENG.code, around_menteng(0.03)))
    with Subscriber(hub.socket_url, EVENTS).ready() as subscriber:
        done = import_areas(hub, file)
        assert done.returncode == 0, done.stderr
        assert "1 of 267 kelurahan" in done.stdout and "1 reports moved" in done.stdout
        assert error_of(subscriber) == "CURSOR_EXPIRED"
        cursor = subscriber.cursor
    now = area_at(hub)
    assert (now["code"], now["boundaryApproximate"]) == (MENTENG.code, False)
    assert now["boundary"]["type"] == "Polygon"
    corners = {(round(longitude, 6), round(latitude, 6)) for longitude, latitude in now["boundary"]["coordinates"][0]}
    assert corners == {(round(longitude, 6), round(latitude, 6)) for longitude, latitude in around_menteng(0.03)}
    assert hub.data(AREA_OF, {"code": old["code"]})["report"]["area"]["code"] == MENTENG.code
    assert submit(hub, "Masih banjir, belum surut juga")["area"]["code"] == MENTENG.code
    assert hub.data(IN_AREA, {"area": MENTENG.code})["reports"]["totalCount"] == 2
    with Subscriber(hub.socket_url, EVENTS, {"after": cursor}) as late:
        assert error_of(late) == "CURSOR_EXPIRED"
    with Subscriber(hub.socket_url, EVENTS).ready() as afresh:
        submit(hub, "Air naik lagi di gang sebelah")
        assert afresh.next()["reportEvents"]["kind"] == "CREATED"


@pytest.mark.slow
def test_reports_that_come_while_boundaries_are_imported_end_up_where_the_new_ones_have_them(
    hub: RunningHub, tmp_path: Path
) -> None:
    """Also those that the hub placed by its old map after the import was done and before it noticed."""
    environment = {**os.environ, "SIMPUL_DATA_DIR": str(hub.folder)}
    file = write_file(tmp_path / "new.geojson", (MENTENG.code, around_menteng(0.03)))
    codes: list[str] = []
    with (
        Subscriber(hub.socket_url, EVENTS).ready() as subscriber,
        start(["server.py", "areas", "import", str(file)], environment) as importing,
    ):
        placed = ""
        while placed != MENTENG.code:
            report = submit(hub, f"Banjir, laporan nomor {len(codes)}")
            codes.append(report["code"])
            placed = report["area"]["code"]
        assert importing.wait(60) == 0
        while (message := subscriber.receive())["type"] != "error":
            pass
    assert message["payload"][0]["extensions"]["code"] == "CURSOR_EXPIRED"
    left = [code for code in codes if hub.data(AREA_OF, {"code": code})["report"]["area"]["code"] != MENTENG.code]
    assert left == []
    assert hub.data(IN_AREA, {"area": MENTENG.code})["reports"]["totalCount"] == len(codes)


@pytest.mark.slow
def test_a_broken_file_changes_nothing_and_says_what_is_wrong_and_where(hub: RunningHub, tmp_path: Path) -> None:
    report, before = submit(hub, "Banjir di depan pasar"), area_at(hub)
    far_away = [[longitude + 0.3, latitude] for longitude, latitude in around_menteng(0.01)]
    features = [(MENTENG.code, around_menteng(0.03)), ("31.71.06.1999", around_menteng(0.01)), (MENTENG.code, far_away)]
    broken = write_file(tmp_path / "broken.geojson", *features)
    cut = tmp_path / "cut.geojson"
    cut.write_text(broken.read_text()[:100])
    with Subscriber(hub.socket_url, EVENTS).ready() as subscriber:
        done = import_areas(hub, broken)
        assert done.returncode == 1
        assert "Nothing was imported:" in done.stderr
        assert "feature 2: '31.71.06.1999' is not the code of a kelurahan of Jakarta" in done.stderr
        assert f"feature 3 ({MENTENG.code} Menteng): it lies 3" in done.stderr
        assert "not JSON" in import_areas(hub, cut).stderr
        submit(hub, "Air naik lagi di gang sebelah")
        assert subscriber.next()["reportEvents"]["kind"] == "CREATED"  # it goes on
    assert area_at(hub) == before
    assert hub.data(AREA_OF, {"code": report["code"]})["report"]["area"]["code"] == before["code"]
