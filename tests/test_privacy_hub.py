"""A hub as it is served, and somebody patient who asks it over the network for what it must not tell."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from domain.places import Point, cell_of, distance_m, fuzz
from tests.images import plain_jpeg
from tests.running import RunningHub

TRUE = Point(-6.17105, 106.8312)
SUBMIT = """
mutation ($input: SubmitReportInput!) {
  submitReport(input: $input) {
    followToken report { id code location { latitude longitude } photos { url thumbnailUrl } }
    possibleDuplicates { distanceMeters } userErrors { code }
  }
}
"""
HIDE = """
mutation ($input: SetConfidentialInput!) {
  setConfidential(input: $input) { report { confidential photos { url thumbnailUrl } } userErrors { code } }
}
"""


def given(point: Point, text: str, category: str = "beggars", **more: Any) -> dict[str, Any]:
    where = {"latitude": point.latitude, "longitude": point.longitude}
    return {"input": {"text": text, "category": category, "location": where, **more}}


@dataclass
class Attacker:
    """Halves what is left again and again, by one kind of question."""

    hub: RunningHub
    role: str | None

    def counts(self, wanted: dict[str, Any]) -> bool:
        """Whether the report is among those that match."""
        question = "query ($f: ReportFilter) { reports(filter: $f) { totalCount } }"
        filter_ = {"categories": ["beggars"], **wanted}
        return bool(self.hub.data(question, {"f": filter_}, role=self.role)["reports"]["totalCount"])

    def by_boxes(self) -> Point:
        """The smallest box that still has the report, by bisection to a centimetre."""
        west, south, east, north = 106.82, -6.18, 106.84, -6.16
        while max(east - west, north - south) > 1e-7:
            middle, centre = (west + east) / 2, (south + north) / 2
            if self.counts({"within": {"west": west, "south": south, "east": middle, "north": north}}):
                east = middle
            else:
                west = middle
            if self.counts({"within": {"west": west, "south": south, "east": east, "north": centre}}):
                north = centre
            else:
                south = centre
        return Point((south + north) / 2, (west + east) / 2)

    def by_circles(self, origin: Point) -> float:
        """How far the report is from a point, by bisection to a centimetre."""
        short, long = 0.0, 3_000.0
        while long - short > 0.01:
            metres = (short + long) / 2
            near = {"latitude": origin.latitude, "longitude": origin.longitude, "withinMeters": metres}
            short, long = (short, metres) if self.counts({"near": near}) else (metres, long)
        return long


@pytest.fixture(scope="module")
def hub(shared_hub: RunningHub) -> Iterator[RunningHub]:
    shared_hub.data(SUBMIT, given(TRUE, "Pengemis memaksa di lampu merah", address="Gang Flamboyan 3"))
    yield shared_hub


@pytest.mark.parametrize("role", [None, "citizen", "partner"])
class TestThePlaceOfASensitiveReport:
    def test_is_found_by_boxes_no_finer_than_its_cell(self, hub: RunningHub, role: str | None) -> None:
        found = Attacker(hub, role).by_boxes()
        assert distance_m(found, fuzz(TRUE)) < 0.1 < 50 < distance_m(found, TRUE)

    def test_nor_by_circles_round_three_points(self, hub: RunningHub, role: str | None) -> None:
        dice = random.Random(5)
        for _ in range(3):
            origin = Point(TRUE.latitude + dice.gauss(0, 0.004), TRUE.longitude + dice.gauss(0, 0.004))
            measured = Attacker(hub, role).by_circles(origin)
            assert abs(measured - distance_m(origin, fuzz(TRUE))) < 0.05
            assert abs(measured - distance_m(origin, TRUE)) > 1

    def test_nor_by_hexagons_distances_or_words(self, hub: RunningHub, role: str | None) -> None:
        box = "{west: 106.82, south: -6.18, east: 106.84, north: -6.16}"
        for resolution in range(5, 12):
            bins = f'{{ hexBins(filter: {{categories: ["beggars"]}}, within: {box}, resolution: {resolution}) {{ cell }} }}'
            cells = [each["cell"] for each in hub.data(bins, role=role)["hexBins"]]
            assert set(cells) <= {f"{cell_of(fuzz(TRUE), resolution):x}"}, (
                "of the place that is told, at any resolution"
            )
        asked = Point((TRUE.latitude + fuzz(TRUE).latitude) / 2, (TRUE.longitude + fuzz(TRUE).longitude) / 2 + 0.0002)
        where = f'{{latitude: {asked.latitude}, longitude: {asked.longitude}}}, category: "beggars"'
        alike = (
            f'{{ possibleDuplicates(location: {where}, text: "Pengemis memaksa di lampu merah") {{ distanceMeters }} }}'
        )
        told = [each["distanceMeters"] for each in hub.data(alike, role=role)["possibleDuplicates"]]
        assert told and told[0] == pytest.approx(distance_m(asked, fuzz(TRUE)), abs=0.01)
        assert abs(told[0] - distance_m(asked, TRUE)) > 1
        for words in ("flamboyan", "gang", "pengemis -flamboyan"):
            question = f'{{ reports(filter: {{search: "{words}"}}) {{ totalCount }} }}'
            assert hub.data(question, role=role)["reports"]["totalCount"] == words.startswith("pengemis")


QUESTION = "{ logCursor reports(first: 2) { totalCount edges { cursor node { id } } } sources { code recordCount } statistics { total } }"


def test_confidential_reports_change_no_tag_no_cost_and_no_length(hub: RunningHub) -> None:
    def look() -> tuple[Any, ...]:
        got = hub.client.get("/graphql", params={"query": QUESTION})
        told = got.json()
        costs = {name: told["extensions"]["cost"][name] for name in ("requested", "actual")}
        return got.headers["etag"], told["data"], costs

    before = look()
    for n in range(12):
        hub.data(SUBMIT, given(TRUE, f"Rahasia nomor {n}", "flood", confidential=True))
    assert look() == before
    tag = before[0]
    same = hub.client.get("/graphql", params={"query": QUESTION}, headers={"If-None-Match": tag})
    assert same.status_code == 304


def test_a_photos_address_dies_with_each_change_of_who_may_see_it(hub: RunningHub) -> None:
    told = hub.upload(
        SUBMIT,
        given(TRUE, "Trotoar rusak", "damaged_road", photos=[None]),
        {"variables.input.photos.0": plain_jpeg()},
    )["data"]["submitReport"]
    shown: list[str] = []
    now = told["report"]["photos"][0]
    for confidential in (True, False, True):
        for url in (now["url"], now["thumbnailUrl"]):
            served = hub.client.get(url)
            assert served.status_code == 200
            assert served.headers["cache-control"] == ("private, no-store" if "?" in url else "public, max-age=300")
            shown.append(url)
        asked = {"reportId": told["report"]["id"], "confidential": confidential, "followToken": told["followToken"]}
        changed = hub.data(HIDE, {"input": asked})["setConfidential"]
        assert changed["report"]["confidential"] is confidential
        now = changed["report"]["photos"][0]
        assert [hub.client.get(url).status_code for url in shown] == [404] * len(shown)
        tags = [
            {"If-None-Match": f'"{url.partition("/photos/")[2].partition("/")[0].partition("?")[0]}"'} for url in shown
        ]
        assert {hub.client.get(url, headers=tag).status_code for url, tag in zip(shown, tags, strict=True)} == {404}


def test_a_hidden_code_is_looked_up_at_the_same_pace_as_one_that_is_none(hub: RunningHub) -> None:
    """The number of look-ups is limited before anything is looked for: what is found does not count."""
    secret = hub.data(SUBMIT, given(TRUE, "Rahasia", "flood", confidential=True))["submitReport"]["report"]["code"]
    question = "query ($c: String) { report(code: $c) { id } }"
    answers = [hub.ask(question, {"c": code}) for code in (secret, "2222-ZZZZ")]
    assert answers[0]["data"] == answers[1]["data"] == {"report": None}
    assert {name: answers[0][name] for name in answers[0] if name != "extensions"} == {
        name: answers[1][name] for name in answers[1] if name != "extensions"
    }
    costs = [each["extensions"]["cost"]["actual"] for each in answers]
    assert costs[0] == costs[1]
