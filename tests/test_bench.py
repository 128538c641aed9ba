"""What the measurements rest on: the filters of W6, the SQL that peers are given, and how marks are judged."""

import json
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from bench.__main__ import main, named
from bench.chart import chart
from bench.dataset import fill
from bench.filters import FILTERS
from bench.marks import reached
from bench.measuring import Figures, median
from bench.scenarios import thousand_filters
from bench.where import Codes, where
from domain.areas import AreaMap
from domain.visibility import Visibility
from resolvers.filters import BoundingBoxFilter, NearFilter, ReportFilter, resolve_filter
from schema.scalars import read_moment
from storage.reports.counts.total import count_reports
from storage.reports.question import Question
from storage.store import open_store, opened
from storage.tables import areas, categories, sources
from tests.report_rows import NOW, City

EVERY = 25


def test_there_are_a_thousand_filters_and_no_two_alike():
    told = json.loads(FILTERS.read_text(encoding="utf-8"))
    assert len({json.dumps(each["filter"], sort_keys=True) for each in told}) == 1000
    combined = [each for each in told if each["kind"].endswith("together")]
    assert len(combined) == 400 and all(0 < each["finds"] < 100 for each in combined)
    kinds = Counter(name for each in told for name in each["filter"])
    assert kinds.keys() >= {"areas", "categories", "statuses", "sources", "within", "near", "reportedAfter"}
    assert {len(each["filter"]["areas"][0]) for each in told if each["kind"] == "areas"} >= {5, 8, 13}


def test_a_mark_is_judged_by_the_median_of_rounds_in_which_both_were_asked():
    ours = [Figures(300, 1, 2, 0.5), Figures(900, 1, 2, 0.5), Figures(310, 1, 30, 0.5)]
    theirs = [Figures(100, 1, 2, 2), Figures(100, 1, 2, 2), Figures(100, 1, 2, 2)]
    (mark,) = [
        each for each in reached({"W1": {"hub": ours, "mercurius": theirs}}) if each.what.startswith("mercurius")
    ]
    assert mark.found == pytest.approx(3.1) and mark.share > 1
    assert median(ours).rate == 310
    (slow,) = reached({"W2": {"hub": theirs, "mercurius": ours}})
    assert slow.share < 1 and not slow.told()["reached"]
    drawn = chart([mark.told(), slow.told()])
    assert drawn.count("<rect") == 3 and drawn.count('fill="none"') == 1  # the ground, a full bar and a hollow one


KNOWN = ["W1", "W6", "W7 rolled up", "W7 counted", "W1 PostgreSQL"]


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("W1 W6", ["W1", "W6"]),
        ("W7 counted", ["W7 counted"]),
        ("w6 W7 counted W1", ["W6", "W7 counted", "W1"]),
        ("W7", ["W7 rolled up", "W7 counted"]),
        ("W1 PostgreSQL W1", ["W1 PostgreSQL", "W1"]),
        ("", []),
    ],
)
def test_workloads_are_named_with_or_without_quotes(asked: str, meant: list[str]):
    assert named(asked.split(), KNOWN) == named([asked], KNOWN) == meant


def test_help_tells_names_and_defaults_and_a_wrong_name_is_refused(capsys: pytest.CaptureFixture[str]):
    for arguments in (["--help"], ["W99"]):
        with pytest.raises(SystemExit):
            main(arguments)
    told = capsys.readouterr()
    assert "W7 counted" in " ".join(told.out.split()) and "(default: 100000)" in told.out
    assert "there is no workload W99; there are: W1, " in told.err


def given(told: dict[str, object]) -> ReportFilter:
    """A filter of the list as the resolvers take it."""
    shapes = {"within": BoundingBoxFilter, "near": NearFilter}
    values: dict[str, object] = {}
    for name, value in told.items():
        if name in shapes:
            words = {"withinMeters": "within_meters"}
            value = shapes[name](**{words.get(key, key): each for key, each in value.items()})
        elif name.startswith("reported"):
            value = read_moment(value)
        else:
            value = tuple(value)
        values[{"reportedAfter": "reported_after", "reportedBefore": "reported_before"}.get(name, name)] = value
    return ReportFilter(**values)


async def test_the_sql_of_the_peers_finds_what_the_hub_finds(tmp_path: Path, area_map: AreaMap):
    async with opened(open_store(f"sqlite:///{tmp_path}/city.db")) as store:
        await fill(store, 600, log=False)

        def codes(conn: Connection) -> Codes:
            pairs = [conn.execute(select(table.c.code, table.c.id)).all() for table in (areas, categories, sources)]
            return Codes.of(*pairs)

        def count(conn: Connection, condition: str, values: list[object]) -> int:
            sql = f"SELECT count(*) FROM reports WHERE {condition}"
            return conn.exec_driver_sql(sql, tuple(values)).scalar_one()

        known = await store.read(codes)
        found = 0
        async with City(store, area_map).asking() as ctx:
            for told in thousand_filters()[::EVERY]:
                resolved = await resolve_filter(ctx, given(told))
                ours = await ctx.read(count_reports, Question(Visibility(), resolved, NOW), 5.0)
                assert ours == await store.read(count, *where(told, known)), told
                found += ours > 0
        assert found > 15
