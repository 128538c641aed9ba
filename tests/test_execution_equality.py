"""Compiled plans answer as graphql-core does, data and errors alike: over the hostile schema, and over the served one."""

import gc
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import is_required_argument, print_schema
from hypothesis_graphql import mutations as mutations_of
from hypothesis_graphql import queries as queries_of

from domain.areas import AreaMap
from execution import Answer, Engine, Limits, RequestRefused
from resolvers.viewer import Viewer
from schema.root import graphql_schema
from storage.store import Store
from tests.fuzzing import CORPUS, drawn
from tests.hostile_schema import HOSTILE, Wish
from tests.rewriting import rewritten
from tests.schema_world import ADMIN, SchemaWorld, everything, schema_world
from tests.test_fuzz_graphql import ids_of, literals, operations, viewers_of

CASES: list[dict[str, Any]] = json.loads((CORPUS / "equality.json").read_text())
"""Every counter-example that was ever found."""

pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:coroutine .* was never awaited:RuntimeWarning"
)  # graphql-core leaves coroutines behind where a neighbour failed

WIDE = Limits(cost=10_000_000)
COMPILED = Engine(HOSTILE, WIDE, present_error=lambda error: dict(error.formatted))
CORE = Engine(HOSTILE, WIDE, present_error=lambda error: dict(error.formatted), compiled=False)
CORE._documents = COMPILED._documents  # read once for both


def surfaced(data: Any, path: list[str | int]) -> tuple[str | int, ...]:
    """Where in the answer the null is that an error at `path` made."""
    way: list[str | int] = []
    for key in path:
        if data is None:
            break
        data = data[key]
        way.append(key)
    return tuple(way)


def told(answer: Answer) -> tuple[Any, dict[Any, Any]]:
    """Data, and the errors by the nulls that they made. Of an error that took more than its own field with it, which of
    several was first goes by chance in graphql-core: it counts that there is one."""
    errors: dict[Any, Any] = {}
    for error in answer.errors or ():
        path = list(error.get("path") or ())
        at = surfaced(answer.data, path)
        errors.setdefault(at, []).append(
            "one of those below" if len(at) < len(path) else json.dumps(error, default=str)
        )
    return answer.data, {at: sorted(set(found)) for at, found in errors.items()}


async def run(engine: Engine, text: str, variables: dict[str, Any], wish: Wish) -> Any:
    try:
        prepared = engine.prepare(text, None, variables)
    except RequestRefused as refused:
        return "refused", json.dumps(refused.errors)
    return told(await engine.execute(prepared, wish))


def is_telling(data: Any) -> bool:
    """Whether an answer has a list of more than one, and something in it."""
    lists, leaves = False, False
    stack = [data]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list):
            lists = lists or len(value) > 1
            stack += value
        else:
            leaves = leaves or value is not None
    return lists and leaves


async def compare(text: str, variables: dict[str, Any], seed: int, trouble: float) -> Any:
    """The answer of both, which must be one."""
    ours, theirs = Wish(seed, trouble), Wish(seed, trouble)
    found, expected = await run(COMPILED, text, variables, ours), await run(CORE, text, variables, theirs)
    case = json.dumps({"text": text, "variables": variables, "seed": seed, "trouble": trouble})
    assert found == expected, case
    if text.lstrip().startswith("mutation"):
        assert ours.begun == theirs.begun, case
    return found[0]


async def tried(text: str, variables: dict[str, Any], seed: int, trouble: float) -> Counter[str]:
    """What a case was, counted."""
    before = COMPILED.counted.planned
    data = await compare(text, variables, seed, trouble)
    planned = COMPILED.counted.planned > before
    return Counter(cases=1, planned=planned, telling=planned and data != "refused" and is_telling(data))


@pytest.mark.parametrize("trouble", [0.0, 0.005, 0.1])
@pytest.mark.parametrize("kind", ["query", "mutation"])
async def test_of_the_hostile_schema(kind: str, trouble: float) -> None:
    drawing = queries_of if kind == "query" else mutations_of
    strategy = drawing(print_schema(HOSTILE))
    counts = Counter[str]()
    texts = [text for text in drawn(strategy, 60) if len(text) > 60]  # shorter ones ask for next to nothing
    for number, text in enumerate(texts[:25]):
        for seed in range(2):
            again, variables = rewritten(HOSTILE, text, number * 10 + seed)
            for world in range(10):
                counts.update(await tried(again, variables, number + world, trouble))
    print(f"{kind} with trouble {trouble}: {dict(counts)}")
    assert counts["planned"] >= 0.95 * counts["cases"]
    assert counts["telling"] >= (0.6 if trouble < 0.1 else 0.1) * counts["cases"]  # trouble takes much with it


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning", "error:coroutine:RuntimeWarning")
async def test_nothing_is_left_waiting_for() -> None:
    for number, text in enumerate(drawn(queries_of(print_schema(HOSTILE)), 10)):
        again, variables = rewritten(HOSTILE, text, number)
        await run(COMPILED, again, variables, Wish(number, 0.2))
    gc.collect()


@pytest.fixture
async def world(
    store: Store, area_map: AreaMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SchemaWorld]:
    """A hub whose clock stands still, so that two answers can be equal."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in ("resolvers", "schema") and hasattr(module, "now_in_micros"):
            monkeypatch.setattr(module, "now_in_micros", lambda: 1_800_000_000_000_000)
    monkeypatch.setattr("resolvers.photos.time", SimpleNamespace(time=lambda: 1_800_000_000))
    async with schema_world(store, area_map, tmp_path) as made:
        parts = made.hub.parts
        parts.settings = replace(parts.settings, code_lookups_per_minute=1_000_000)
        yield made


async def test_of_the_served_schema(world: SchemaWorld) -> None:
    compiled = Engine(graphql_schema(), WIDE, present_error=lambda error: dict(error.formatted))
    core = Engine(graphql_schema(), WIDE, present_error=lambda error: dict(error.formatted), compiled=False)
    core._documents = compiled._documents
    told_ = await world.data("{ reports(first: 2) { edges { cursor } } logCursor }")
    cursors = [edge["cursor"] for edge in told_["reports"]["edges"]] + [told_["logCursor"]]
    strategy = queries_of(print_schema(graphql_schema()), custom_scalars=literals(ids_of(world), cursors))
    viewers, counts = await viewers_of(world), Counter[str]()
    texts = [*sorted(drawn(strategy, 30), key=len)[10:], *(text for name, text, _ in operations() if text[0] == "q")]
    texts += [f"{{ {name} {everything(field.type, 3)} }}" for name, field in roots()]
    for number, text in enumerate(texts):
        again, variables = rewritten(graphql_schema(), text, number) if "$" not in text else (text, {})
        for viewer in (viewers[number % len(viewers)], ADMIN):
            found = await served(world, compiled, again, variables, viewer)
            assert found == await served(world, core, again, variables, viewer), (again, variables, viewer.role)
            counts.update(cases=1, telling=found[0] != "refused" and is_telling(found[0]))
    print(f"served: {dict(counts)}, {compiled.counted}")
    assert compiled.counted.left_to_core < 0.1 * counts["cases"]
    assert counts["telling"] > 15


def roots() -> list[tuple[str, Any]]:
    """The fields of Query that need no arguments."""
    query = graphql_schema().query_type
    assert query is not None
    return [each for each in query.fields.items() if not any(map(is_required_argument, each[1].args.values()))]


async def served(world: SchemaWorld, engine: Engine, text: str, variables: dict[str, Any], viewer: Viewer) -> Any:
    try:
        prepared = engine.prepare(text, None, variables)
    except RequestRefused as refused:
        return "refused", json.dumps(refused.errors)
    async with world.hub.context(viewer) as context:
        return told(await engine.execute(prepared, context))


@pytest.mark.parametrize("case", CASES, ids=[f"case {number}" for number in range(len(CASES))])
async def test_what_was_once_found(case: dict[str, Any]) -> None:
    await compare(case["text"], case["variables"], case["seed"], case["trouble"])
