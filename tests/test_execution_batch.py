"""Loads of one wave become one call, however graphql-core comes to them."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema

from execution import Engine, abandon, load

SDL = """
union Thing = Report | Note
type Report { id: Int! area(level: Int = 0): Area! nested: [Area!]! broken: Area fine: Area other: Area }
type Note { id: Int! area: Area! }
type Area { name: String! parent: Area! more: [Area!]! }
type Query { reports: [Report!]! things: [Thing!]! notes: [[Note!]!]! }
"""


@dataclass
class Context:
    calls: list[tuple[str, int]] = field(default_factory=list)
    loaders: dict[Any, Any] = field(default_factory=dict)


Row = dict[str, Any]


async def area_of(rows: list[Row], context: Context, level: int = 0) -> list[Row]:
    context.calls.append((f"area {level}", len(rows)))
    await asyncio.sleep(0)
    return [{"name": f"area {row['id']}", "id": row["id"]} for row in rows]


async def parent_of(rows: list[Row], context: Context) -> list[Row]:
    context.calls.append(("parent", len(rows)))
    await asyncio.sleep(0)
    return [{"name": f"parent of {row['name']}", "id": row["id"]} for row in rows]


async def areas_near(rows: list[Row], context: Context) -> list[list[Row]]:
    context.calls.append(("near", len(rows)))
    return [[{"name": f"{row['id']} {side}", "id": row["id"]} for side in ("east", "west")] for row in rows]


async def partly(rows: list[Row], context: Context) -> list[Row | Exception]:
    return [ValueError("no area") if row["id"] == 2 else {"name": "ok", "id": row["id"]} for row in rows]


async def failing(rows: list[Row], context: Context) -> list[Row]:
    raise ConnectionError("the store is gone")


async def short(rows: list[Row], context: Context) -> list[Row]:
    return [{"name": "only one", "id": 0}]


def schema() -> GraphQLSchema:
    built = build_schema(SDL)
    reports = [{"id": number, "__typename": "Report"} for number in range(100)]
    notes = [{"id": number, "__typename": "Note"} for number in range(100, 110)]
    fields: dict[str, Any] = {name: built.type_map[name].fields for name in ("Report", "Note", "Area", "Query")}  # type: ignore[attr-defined]
    fields["Query"]["reports"].resolve = lambda _, info: reports
    fields["Query"]["things"].resolve = lambda _, info: reports + notes
    fields["Query"]["notes"].resolve = lambda _, info: [notes, notes]
    fields["Report"]["area"].resolve = lambda row, info, level: load(info.context, area_of, row, level=level)
    fields["Note"]["area"].resolve = _later
    fields["Report"]["nested"].resolve = lambda row, info: load(info.context, areas_near, row)
    fields["Report"]["broken"].resolve = lambda row, info: load(info.context, failing, row)
    fields["Report"]["fine"].resolve = lambda row, info: load(info.context, partly, row)
    fields["Report"]["other"].resolve = lambda row, info: load(info.context, short, row)
    fields["Area"]["parent"].resolve = lambda row, info: load(info.context, parent_of, row)
    fields["Area"]["more"].resolve = lambda row, info: load(info.context, areas_near, row)
    return built


async def _later(row: Row, info: Any) -> Any:
    return await load(info.context, area_of, row, level=0)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(schema())


async def run(engine: Engine, query: str) -> tuple[Any, list[tuple[str, int]]]:
    context = Context()
    answer = await engine.execute(engine.prepare(query), context)
    assert answer.errors is None
    return answer.data, context.calls


class TestOneCallPerFieldAndLevel:
    async def test_a_field_of_a_hundred_parents(self, engine: Engine) -> None:
        data, calls = await run(engine, "{ reports { area { name } } }")
        assert calls == [("area 0", 100)]
        assert [report["area"]["name"] for report in data["reports"]] == [f"area {number}" for number in range(100)]

    async def test_levels_below_levels(self, engine: Engine) -> None:
        _, calls = await run(engine, "{ reports { id area { name parent { parent { name } } } } }")
        assert calls == [("area 0", 100), ("parent", 100), ("parent", 100)]

    async def test_lists_between_the_levels(self, engine: Engine) -> None:
        _, calls = await run(engine, "{ reports { nested { more { parent { name } } } } }")
        assert calls == [("near", 100), ("near", 200), ("parent", 400)]

    async def test_many_fields_beside_each_other(self, engine: Engine) -> None:
        query = "{ reports { a: area { parent { name } } nested { parent { name } } b: area(level: 1) { name } } }"
        _, calls = await run(engine, query)
        assert sorted(calls) == [("area 0", 100), ("area 1", 100), ("near", 100), ("parent", 300)]

    async def test_aliases_with_equal_arguments_share_a_call(self, engine: Engine) -> None:
        _, calls = await run(engine, "{ reports { a: area(level: 2) { name } b: area(level: 2) { name } } }")
        assert calls == [("area 2", 200)]

    async def test_types_of_a_union_that_come_a_turn_apart(self, engine: Engine) -> None:
        query = """{ things {
          ... on Report { area { parent { name } } }
          ... on Note { id x: area { parent { name } } y: area { parent { name } } }
        } }"""
        _, calls = await run(engine, query)
        assert calls == [("area 0", 120), ("parent", 120)]

    async def test_lists_of_lists(self, engine: Engine) -> None:
        _, calls = await run(engine, "{ notes { area { parent { name } } } }")
        assert calls == [("area 0", 20), ("parent", 20)]


class TestFailing:
    async def test_an_exception_among_the_values_is_of_that_parent_alone(self, engine: Engine) -> None:
        answer = await engine.execute(engine.prepare("{ reports { fine { name } } }"), Context())
        assert answer.data is not None and answer.errors is not None
        assert [error["path"] for error in answer.errors] == [["reports", 2, "fine"]]
        assert [report["fine"] is None for report in answer.data["reports"]].count(True) == 1

    async def test_a_function_that_raises_fails_each_of_its_parents(self, engine: Engine) -> None:
        answer = await engine.execute(engine.prepare("{ reports { id broken { name } } }"), Context())
        assert answer.data is not None and answer.errors is not None
        assert len(answer.errors) == 100
        assert all(report["broken"] is None for report in answer.data["reports"])

    async def test_too_few_values_are_the_hubs_failure(self, engine: Engine) -> None:
        answer = await engine.execute(engine.prepare("{ reports { other { name } } }"), Context())
        assert answer.errors is not None
        assert {error["extensions"]["code"] for error in answer.errors} == {"INTERNAL"}


class TestArguments:
    async def test_equal_lists_and_dicts_share_a_call_and_different_ones_do_not(self) -> None:
        calls: list[Any] = []

        async def found(parents: list[int], context: Context, where: Any) -> list[int]:
            calls.append((parents, where))
            return parents

        context = Context()
        wheres: list[Any] = [{"ids": [1, 2]}, {"ids": [1, 2]}, {"ids": [2, 1]}, {"ids": {1}}, {"ids": True}, {"ids": 1}]
        given = await asyncio.gather(*(load(context, found, n, where=where) for n, where in enumerate(wheres)))
        assert given == list(range(6))
        assert [parents for parents, _ in calls] == [[0, 1], [2], [3], [4], [5]]


class TestStopping:
    async def test_a_call_under_way_is_cancelled_and_awaited(self) -> None:
        entered, left = asyncio.Event(), asyncio.Event()

        async def endless(parents: list[int], context: Context) -> list[int]:
            entered.set()
            try:
                await asyncio.Event().wait()
            finally:
                left.set()
            return parents

        context = Context()
        waiting = asyncio.ensure_future(load(context, endless, 1))
        await entered.wait()
        await abandon(context)
        assert left.is_set()
        assert waiting.cancelled()

    async def test_loads_that_nobody_has_called_yet_are_given_up(self) -> None:
        context = Context()
        waiting = asyncio.ensure_future(load(context, area_of, {"id": 1}))
        await abandon(context)
        assert waiting.cancelled()
        assert context.calls == []

    async def test_a_function_may_load_in_its_turn(self) -> None:
        async def through(rows: list[Row], context: Context) -> list[Row]:
            return list(await asyncio.gather(*(load(context, area_of, row) for row in rows)))

        context = Context()
        names = await asyncio.gather(*(load(context, through, {"id": n}) for n in range(3)))
        assert [row["name"] for row in names] == ["area 0", "area 1", "area 2"]
        assert context.calls == [("area 0", 3)]
