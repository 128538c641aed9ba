"""The hub's tariff, held to its schema; and that nobody who means well ever notices it."""

import re
from typing import Any

import pytest
from graphql import (
    GraphQLField,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_introspection_query,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)

from execution import WEIGHT, Engine, Limits, RequestRefused, Weight
from execution.documents import Documents
from execution.operation import ReadyOperation
from schema.root import graphql_schema
from schema.weights import WEIGHTS
from tests.running import ROOT
from transport.settings.door_limits import DoorSettings

SCHEMA = graphql_schema()
ENGINE = Engine(SCHEMA)
A_NEWCOMERS_SHARE = DoorSettings().cost_bucket / 8


def fields() -> list[tuple[str, str, GraphQLField]]:
    kinds = [kind for kind in SCHEMA.type_map.values() if isinstance(kind, GraphQLObjectType)]
    return [(kind.name, name, made) for kind in kinds if not kind.name.startswith("__") for name, made in kind.fields.items()]  # fmt: skip


def weight_of(made: GraphQLField) -> Weight:
    found: Weight = made.extensions.get(WEIGHT, Weight())
    return found


def test_every_list_of_objects_has_a_size_or_is_of_a_page() -> None:
    without = [
        f"{kind}.{name}"
        for kind, name, made in fields()
        if is_list_type(get_nullable_type(made.type))
        and not is_leaf_type(get_named_type(made.type))
        and weight_of(made).size is None
        and not kind.endswith("Connection")
    ]
    assert without == []


def test_every_connection_has_the_size_of_its_page() -> None:
    connections = [made for _, _, made in fields() if get_named_type(made.type).name.endswith("Connection")]
    assert connections
    for made in connections:
        size = weight_of(made).size
        assert callable(size)
        assert [size(given) for given in ({}, {"first": 7}, {"last": 8}, {"first": 10**9}, {"first": -3})] == [
            20,
            7,
            8,
            100,
            1,
        ]


def test_the_tariff_names_nothing_that_is_not_there() -> None:
    assert WEIGHTS.keys() <= {f"{kind}.{name}" for kind, name, _ in fields()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ reports(first: 50) { nodes { id text area { name } photos { url } reporter { displayName } } } }", 651),
        ("{ reports { nodes { id location { latitude } deadlines { dueAt } } pageInfo { endCursor } totalCount } }", 26),
        ('{ reports(filter: {search: "banjir"}) { edges { node { id } } } }', 41),
        ("{ statistics { open buckets(by: CATEGORY) { key total } } }", 10 + 1 + 10 + 100),
        ("{ areas(level: CITY) { name boundary statistics { open } } }", 6 * (1 + 5 + 1 + 1)),
        ("{ areas { code } }", 330),
        ('{ areas(parent: "31.71", level: SUBDISTRICT) { code } }', 70),
        ("{ floodAreas { state boundary } }", 1_000),
        ("{ floodAreas(minimumState: NONE) { state } }", 3_000),
        ('{ nodes(ids: ["a", "b", "c"]) { id } }', 3),
        ("{ nodes(ids: []) { id } }", 1),
        ("{ hexBins(within: {west: 106.8, south: -6.2, east: 106.9, north: -6.1}, resolution: 8) { total } }", 10 + 170),
        ("{ hexBins(within: {west: -180, south: -90, east: 180, north: 90}, resolution: 11) { total } }", 10 + 5_000),
        ('mutation { submitReport(input: {text: "a", category: "b"}) { report { id } userErrors { code } } }', 12),
        ("subscription { reportEvents { id report { id text } } }", 2),
    ],
)  # fmt: skip
def test_what_usual_questions_cost(text: str, expected: int) -> None:
    assert ENGINE.prepare(text).cost == pytest.approx(expected, rel=0.02)


def test_odd_arguments_are_priced_and_refused_by_who_knows_better() -> None:
    box = "{west: 106.9, south: -6.1, east: 106.8, north: -6.2}"
    assert ENGINE.prepare(f"{{ hexBins(within: {box}, resolution: 99) {{ total }} }}").cost == 10 + 5_000
    huge = {"w": {"west": 1e308, "south": -1e308, "east": -1e308, "north": 1e308}}
    text = "query ($w: BoundingBoxInput!) { hexBins(within: $w, resolution: 8) { total } }"
    assert 10 < ENGINE.prepare(text, None, huge).cost <= 10 + 5_000


def price(text: str) -> int:
    """Of the dearest operation of a document, without variables."""
    document = Documents(SCHEMA).get(text)
    operations = [each for each in document.node.definitions if isinstance(each, OperationDefinitionNode)]
    return max(ReadyOperation(SCHEMA, document.node, each).cost.price({}).requested for each in operations)


def _filled(text: str, pieces: dict[str, str]) -> str:
    """With the fragments in place that it names; what is no fragment stands for a word."""
    return re.sub(r"\$\{(\w+)\}", lambda named: pieces.get(named[1], "x"), text)


def our_documents() -> list[Any]:
    """All that our pages ask, the examples that GraphiQL offers, and what the guides show."""
    found = []
    for path in [ROOT / "web/src/hub/operations.ts", *sorted((ROOT / "web/src/graphiql").glob("examples-*.ts"))]:
        source = path.read_text()
        pieces = dict(re.findall(r"^(?:export )?const (\w+) = `\n(.*?)`;", source, re.MULTILINE | re.DOTALL))
        texts = [*re.findall(r"query: `(.*?)`,", source, re.DOTALL), *pieces.values()]
        found += [(path.name, _filled(text, pieces)) for text in texts]
    for page in sorted((ROOT / "docs").glob("*.md")):
        blocks = re.findall(r"^```graphql\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        found += [(page.name, block) for block in blocks]
    whole = [(name, text) for name, text in found if re.search(r"^\s*(query|mutation|subscription|\{)", text, re.M)]
    assert len({name for name, _ in whole}) >= 4
    return [pytest.param(text, id=f"{name} {' '.join(text.split())[:40]}") for name, text in whole]


@pytest.mark.parametrize("text", our_documents())
def test_what_we_ask_ourselves_and_show_to_others_is_within_all_limits(text: str) -> None:
    assert price(text) <= A_NEWCOMERS_SHARE


def test_the_schema_can_be_asked_for_whole() -> None:
    every = get_introspection_query(
        descriptions=True,
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
    )
    assert ENGINE.prepare(every).cost <= A_NEWCOMERS_SHARE


def test_but_not_thirty_times_at_once() -> None:
    many = "{ " + " ".join(f"a{n}: __schema {{ types {{ fields {{ name }} }} }}" for n in range(30)) + " }"
    assert price(many) > Limits().cost


def test_introspection_that_multiplies_is_refused_and_not_counted_to_its_end() -> None:
    """What all fields' types have for fields, thirty times: a hundred thousand objects for some lines."""
    types = "args { type { ofType { name } } } type { ofType { name } }"
    once = f"__schema {{ types {{ fields {{ {types} type {{ fields {{ {types} }} }} }} }} }}"
    running = Engine(SCHEMA)
    with pytest.raises(RequestRefused) as refused:
        running.prepare("{ " + " ".join(f"a{number}: {once}" for number in range(30)) + " }")
    assert refused.value.errors[0]["extensions"]["limited"] == "cost"
    assert 10_000 < running.work < 21_000


def test_what_is_asked_of_types_that_are_not_met_is_not_planned() -> None:
    """A short text can ask for thousands of fields of all types that a node may be."""
    names = "".join(f" {letter}: id" for letter in "abcdefghijklmnopqrst")
    nodes = " ".join(f'r{number}: node(id: "{number}") {{ ...F }}' for number in range(29))
    text = f"{{ {nodes} }} fragment F on Node {{ id __typename{names} }}"
    running = Engine(SCHEMA)
    running.prepare(text)
    assert running.work < 400


def test_documents_whose_plans_are_large_leave_the_sooner() -> None:
    """Memory is bounded by what is made of texts, not by their lengths."""
    fragment = (
        "fragment F on Report { id code text status area { name parent { name parent { name } } } photos { url } }"
    )
    others = ["title", "anonymous", "confidential", "receivedAt", "updatedAt"]

    def large(number: int) -> str:
        picked = (" ".join(name for place, name in enumerate(others) if each >> place & 1) for each in range(1, 30))
        roots = " ".join(f'r{place}: report(code: "{number}") {{ ...F {names} }}' for place, names in enumerate(picked))
        return f"{{ {roots} }} {fragment}"

    running = Engine(SCHEMA)
    running._documents = Documents(SCHEMA, tokens=20_000)
    texts = [large(number) for number in range(30)]
    for text in texts:
        running.prepare(text)
    kept = [text for text in texts if running.has_read(text)]
    assert kept == texts[-len(kept) :] and 5 < len(kept) < 20


def test_a_list_asked_for_under_many_names_is_priced_as_often() -> None:
    """The dearest scalar, a text of five thousand characters, cannot be had fifty times for one."""
    texts = " ".join(f"t{n}: text" for n in range(40))
    assert price(f"{{ reports(first: 100) {{ nodes {{ {texts} }} }} }}") == 1 + 100 * 40
