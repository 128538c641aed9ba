"""Whether two reports tell of one thing: measured on 300 labelled pairs, and the properties any score must have."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import duplicate_words
from domain.duplicates import (
    ANYTHING,
    HABITS,
    PROBABLE,
    SEARCH_RADIUS_M,
    SEARCH_WINDOW_US,
    Sighting,
    score,
    sighting_words,
)

HERE = Path(__file__).parent
LABELLED = json.loads((HERE / "data/duplicate_pairs.json").read_text())
PAIRS: list[dict[str, Any]] = LABELLED["pairs"]
HOUR_US = 3_600_000_000
METRE = 1 / 111_195  # degrees of latitude

# A person decides on what is suggested and nothing is merged by itself, so both kinds of error are cheap, but a list that
# is often wrong is soon ignored: nine suggestions of ten should be right, and five duplicates of six be found. The floors
# lie just under what the formula reaches, so that a change for the worse is noticed; docs/duplicates.md has the figures.
FLOORS = {"all": (0.89, 0.84), "held out": (0.93, 0.78)}


def sighting(report: dict[str, Any]) -> Sighting:
    return Sighting(
        category=report["category"],
        latitude=report["latitude"],
        longitude=report["longitude"],
        reported_at=int(datetime.fromisoformat(report["reportedAt"]).timestamp()) * 1_000_000,
        words=sighting_words(report["text"]),
    )


SIGHTINGS = {id_: sighting(report) for id_, report in LABELLED["reports"].items()}


def score_of(pair: dict[str, Any]) -> float:
    return score(SIGHTINGS[pair["a"]], SIGHTINGS[pair["b"]])


def precision_and_recall(
    pairs: Iterable[dict[str, Any]], says_yes: Callable[[dict[str, Any]], bool]
) -> tuple[float, float]:
    counts = Counter((pair["duplicate"], says_yes(pair)) for pair in pairs)
    right, wrong, missed = counts[True, True], counts[False, True], counts[True, False]
    return right / (right + wrong), right / (right + missed)


class TestLabelledPairs:
    def test_the_set_is_what_its_description_says(self) -> None:
        assert len({frozenset((pair["a"], pair["b"])) for pair in PAIRS}) == len(PAIRS) == 300
        assert Counter(pair["duplicate"] for pair in PAIRS) == {True: 140, False: 160}
        assert {id_ for pair in PAIRS for id_ in (pair["a"], pair["b"])} == set(SIGHTINGS)
        texts = [report["text"] for report in LABELLED["reports"].values()]
        assert len(set(texts)) == len(texts)
        hard = [pair for pair in PAIRS if not pair["duplicate"] and pair["why"].startswith("the same kind")]
        assert len(hard) == 105
        for pair in hard:
            assert SIGHTINGS[pair["a"]].category == SIGHTINGS[pair["b"]].category

    @pytest.mark.parametrize("half", FLOORS)
    def test_precision_and_recall(self, half: str, capsys: pytest.CaptureFixture[str]) -> None:
        pairs = [pair for pair in PAIRS if half in ("all", pair["half"])]
        precision, recall = precision_and_recall(pairs, lambda pair: score_of(pair) >= PROBABLE)
        with capsys.disabled():
            print(f"\nprobable duplicates, {half}: {len(pairs)} pairs, precision {precision:.3f}, recall {recall:.3f}")
        assert (precision >= FLOORS[half][0], recall >= FLOORS[half][1]) == (True, True)

    def test_words_place_and_time_each_matter(self) -> None:
        """Without any one of them more of what is suggested is wrong."""

        def precision_after(change: Callable[[Sighting], Sighting]) -> float:
            def says_yes(pair: dict[str, Any]) -> bool:
                return score(change(SIGHTINGS[pair["a"]]), change(SIGHTINGS[pair["b"]])) >= PROBABLE

            return precision_and_recall(PAIRS, says_yes)[0]

        whole = precision_after(lambda it: it)
        assert precision_after(lambda it: replace(it, words=frozenset())) < whole - 0.04
        assert precision_after(lambda it: replace(it, reported_at=0)) < whole - 0.04
        assert precision_after(lambda it: replace(it, latitude=-6.2, longitude=106.8)) < whole - 0.04


FLOOD = Sighting("flood", -6.2, 106.8, 1_768_000_000_000_000, sighting_words("Banjir di Jalan Kemang Raya depan Hero"))


class TestScore:
    def test_the_same_report_twice_is_certain(self) -> None:
        assert score(FLOOD, FLOOD) == 1.0

    def test_the_same_flood_in_other_words_is_probable(self) -> None:
        other = replace(FLOOD, latitude=-6.2 + 60 * METRE, reported_at=FLOOD.reported_at + HOUR_US)
        other = replace(other, words=sighting_words("Street flooded near the Hero supermarket, Kemang"))
        assert score(FLOOD, other) >= PROBABLE

    def test_the_same_words_a_week_later_are_another_flood_but_the_same_pothole(self) -> None:
        later = FLOOD.reported_at + 7 * 24 * HOUR_US
        assert score(FLOOD, replace(FLOOD, reported_at=later)) < 0.01
        hole = replace(FLOOD, category="damaged_road", words=sighting_words("Lubang besar depan Hero Kemang"))
        assert score(hole, replace(hole, reported_at=later)) >= PROBABLE

    def test_the_same_street_with_another_problem_is_another_thing(self) -> None:
        assert score(FLOOD, replace(FLOOD, category="street_light")) == 0.0

    def test_parent_and_child_and_siblings_are_related(self) -> None:
        child = replace(FLOOD, category="tidal_flood", parent_category="flood")
        sibling = replace(FLOOD, category="flash_flood", parent_category="flood")
        for relative in (child, sibling):
            assert PROBABLE <= score(FLOOD, relative) < 1
            assert score(FLOOD, relative) == score(relative, FLOOD) == score(child, sibling)
        assert score(child, child) == 1.0

    def test_two_poles_of_one_street_are_told_apart_by_their_numbers(self) -> None:
        one = Sighting("street_light", -6.2, 106.8, 0, sighting_words("Lampu jalan mati di Tebet Timur tiang nomor 12"))
        other = replace(one, words=sighting_words("Lampu jalan mati di Tebet Timur tiang nomor 15"))
        assert score(one, other) < score(one, one) - 0.3

    def test_without_a_point_nothing_is_near(self) -> None:
        assert score(FLOOD, replace(FLOOD, latitude=None, longitude=None)) == 0.0

    def test_before_the_text_and_the_category_are_written_place_and_time_decide(self) -> None:
        draft = replace(FLOOD, category=None, words=frozenset())
        assert score(FLOOD, draft) >= PROBABLE
        assert score(FLOOD, replace(draft, latitude=-6.2 + 250 * METRE)) < PROBABLE

    @pytest.mark.parametrize("category", [*HABITS, "anything"])
    def test_storage_looks_far_enough(self, category: str) -> None:
        one = replace(FLOOD, category=category)
        far = replace(one, latitude=-6.2 + (SEARCH_RADIUS_M + 1) * METRE)
        late = replace(one, reported_at=one.reported_at + SEARCH_WINDOW_US)
        assert max(score(one, far), score(one, late)) < 0.17


SIGHTING = st.builds(
    Sighting,
    category=st.sampled_from([*HABITS, "other", None]),
    latitude=st.floats(-6.202, -6.2) | st.none(),
    longitude=st.floats(106.8, 106.802) | st.none(),
    reported_at=st.integers(0, 48 * HOUR_US),
    words=st.frozensets(st.sampled_from(["banjir", "macet", "kemang", "12", "15", "sampah"])),
    parent_category=st.sampled_from(["flood", "roads", None]),
)


@given(SIGHTING, SIGHTING)
def test_a_score_lies_between_0_and_1_and_is_the_same_either_way_round(a: Sighting, b: Sighting) -> None:
    assert 0 <= score(a, b) <= 1
    assert score(a, b) == score(b, a)


class TestWords:
    def test_filler_and_politeness_say_nothing(self) -> None:
        assert sighting_words("Mohon tolong segera ya pak, terima kasih 🙏") == sighting_words("terima kasih")
        assert sighting_words("Tolong pak!") == frozenset()

    def test_english_and_indonesian_meet(self) -> None:
        assert sighting_words("Garbage") == sighting_words("sampahnya")
        assert sighting_words("flooded", "Potholes") == sighting_words("kebanjiran, berlubang")

    def test_no_word_of_the_glossary_is_changed_twice(self) -> None:
        same_as = duplicate_words._same_as()
        assert not set(same_as) & set(same_as.values())


def test_the_document_has_the_constants_of_the_code() -> None:
    page = (HERE.parent / "docs/duplicates.md").read_text()
    rows = dict(re.findall(r"^\| `?([a-z_ ]+)`? \| (\d+ m \| \d+ h \| 0\.\d+) \|$", page, re.MULTILINE))
    habits = HABITS | {"any other": ANYTHING}
    assert rows == {code: f"{h.reach_m} m | {h.lasts_us // HOUR_US} h | {h.alone}" for code, h in habits.items()}
