"""A question for each root field, each argument and each field of an input, and what the table says of it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import GraphQLArgument, GraphQLInputObjectType, GraphQLObjectType, is_required_argument

from resolvers.permissions import RULES, Otherwise, Rule
from schema.root import graphql_schema
from tests.permission_asking import selection
from tests.permission_judging import expected_code, lacks_scope
from tests.permission_world import Asker, PermissionWorld

BOX = "{west: 106.8, south: -6.3, east: 106.9, north: -6.1}"
_THING_OF = {
    "Report": "public",
    "Area": "area",
    "FloodArea": "flood area",
    "FloodGauge": "gauge",
    "Source": "source",
    "Category": "category",
}
_WAY_TO = {
    "Query": "{}",
    "Statistics": "statistics {{ {} }}",
    "StatisticsBucketCount": "statistics {{ buckets(by: STATUS, splitBy: CATEGORY) {{ {} }} }}",
}
_SAMPLES = {
    "by": "STATUS",
    "splitBy": "CATEGORY",
    "first": "2",
    "last": "2",
    "filter": "{open: true}",
    "includeHidden": "true",
    "includeInactive": "true",
    "kinds": "[CREATED]",
    "latitude": "-6.2",
    "level": "CITY",
    "locale": "EN",
    "location": "{latitude: -6.2247, longitude: 106.8602}",
    "longitude": "106.85",
    "minimumState": "MINOR",
    "orderBy": "OLDEST",
    "phase": "BEFORE",
    "resolution": "7",
    "since": '"2020-01-01T00:00:00Z"',
    "statuses": "[]",
    "text": '"air"',
    "toleranceMeters": "50",
    "updatedAfter": '"2020-01-01T00:00:00Z"',
    "withinMeters": "500",
    "within": BOX,
    "sourceRef": '"ref-public"',
    "trackingId": '"T-public"',
    "search": '"kampung"',
}
FILTERS = {
    "statuses": "[SUBMITTED]",
    "open": "true",
    "categories": '["flood"]',
    "sources": '["qlue"]',
    "agencies": '["tata_air"]',
    "within": BOX,
    "near": "{latitude: -6.2247, longitude: 106.8602, withinMeters: 500}",
    "reportedWithinHours": "24",
    "reportedAfter": '"2020-01-01T00:00:00Z"',
    "reportedBefore": '"2030-01-01T00:00:00Z"',
    "updatedAfter": '"2020-01-01T00:00:00Z"',
    "search": '"laporan"',
    "hasPhotos": "true",
    "breached": "false",
    "duplicates": "true",
    "mine": "true",
    "confidential": "true",
    "forwardings": "[UNKNOWN]",
    "sourceDisagrees": "true",
}


@dataclass(frozen=True)
class Case:
    """One question. `rules` are met in this order; `lists`: what it shows goes by the asker's class, not by whose it is."""

    text: str
    rules: tuple[Rule, ...]
    lists: bool = True
    root: bool = False
    """Whether it is a root field with no more than it needs."""

    def refusal(self, asker: Asker) -> tuple[str, str | None] | None:
        """The code that the asker gets and the scope that it names; None: it is answered."""
        standing = replace(asker.standing(frozenset()), of_its_agency=False)
        for rule in self.rules:
            if lacks_scope(asker, rule):
                return "FORBIDDEN", rule.scope
            if rule.refusal(asker.viewer, standing) is Otherwise.REFUSED:
                return expected_code(asker, Otherwise.REFUSED), None
        return None


CursorOf = Callable[[str], str | None]
"""A cursor of the list that a coordinate names; None where the asker's list is empty."""


def paged_fields(world: PermissionWorld) -> Mapping[str, str]:
    """By the coordinate of each list in pages, a question for a cursor of it."""
    found: dict[str, str] = {}
    for kind, name in _output_fields():
        if "after" in kind.fields[name].args:
            needed = _arguments(world, kind, name, "first")
            found[f"{kind.name}.{name}"] = _asked(world, kind.name, f"{name}{needed} {{ pageInfo {{ endCursor }} }}")
    return found


def cases(world: PermissionWorld, cursor_of: CursorOf) -> Iterator[Case]:
    """Every root field, every argument alone, every field of the filter."""
    for kind, name in _output_fields():
        made = kind.fields[name]
        rules = _rules_of(kind, name)
        if kind.name == "Query" and name != "report":
            text = f"{name}{_arguments(world, kind, name)} {selection(made.type)}"
            yield Case(text, rules, lists="Connection" in str(made.type), root=True)
        for argument in made.args:
            chosen = _arguments(world, kind, name, argument, cursor_of)
            if chosen is None:
                continue
            inner = "{ __typename }" if selection(made.type) else ""
            text = _asked(world, kind.name, f"{name}{chosen} {inner}")
            yield Case(text, (*rules, RULES[f"{kind.name}.{name}({argument}:)"]))
    yield from _filters(world)


def _filters(world: PermissionWorld) -> Iterator[Case]:
    """Each field of the filter on the list of reports; those that are not everybody's wherever there is a filter."""
    kind = graphql_schema().type_map["ReportFilter"]
    assert isinstance(kind, GraphQLInputObjectType)
    samples = {**FILTERS, "ids": json.dumps([world.things["public"].id]), "areas": f'["{world.facts["area"]}"]'}
    for field in kind.fields:
        rule = RULES[f"ReportFilter.{field}"]
        chosen = f"{{{field}: {samples[field]}}}"
        query = graphql_schema().query_type
        assert query is not None
        text = f"reports(filter: {chosen}, first: 50) {{ nodes {{ id }} }}"
        yield Case(text, (*_rules_of(query, "reports"), rule), lists=field != "mine")
        if rule.trait is None:
            continue
        for owner, name in _output_fields():
            if "filter" in owner.fields[name].args:
                needed = _arguments(world, owner, name, without="filter")
                joined = f"{needed[:-1]}, filter: {chosen})" if needed else f"(filter: {chosen})"
                inner = selection(owner.fields[name].type) and "{ __typename }"
                yield Case(_asked(world, owner.name, f"{name}{joined} {inner}"), (*_rules_of(owner, name), rule))


def _output_fields() -> Iterator[tuple[GraphQLObjectType, str]]:
    schema = graphql_schema()
    for kind in schema.type_map.values():
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        if kind in (schema.mutation_type, schema.subscription_type):
            continue
        for name, made in kind.fields.items():
            if made.args or kind is schema.query_type:
                yield kind, name


def _rules_of(kind: GraphQLObjectType, name: str) -> tuple[Rule, ...]:
    """The rules that a field is behind: of the thing or the root field it is asked of, and its own."""
    field = RULES[f"{kind.name}.{name}"]
    if name in ("node", "nodes") and kind.name == "Query":
        return field, RULES["Report"]
    if kind.name.startswith("Statistics"):
        return RULES["Query.statistics"], field
    return (field,) if kind.name == "Query" else (RULES[kind.name], field)


def _asked(world: PermissionWorld, kind: str, selected: str) -> str:
    if kind in _WAY_TO:
        return _WAY_TO[kind].format(selected)
    thing = world.things[_THING_OF[kind]]
    return f'node(id: "{thing.id}") {{ ... on {kind} {{ {selected} }} }}'


def _arguments(
    world: PermissionWorld,
    kind: GraphQLObjectType,
    name: str,
    wanted: str | None = None,
    cursor_of: CursorOf | None = None,
    without: str | None = None,
) -> Any:
    """The arguments that are owed and the one that is wanted; None where there is no cursor to give."""
    chosen: list[str] = []
    for each, argument in kind.fields[name].args.items():
        if each != wanted and (not _is_owed(argument) or each == without):
            continue
        if each in ("after", "before"):
            cursor = cursor_of(f"{kind.name}.{name}") if cursor_of else None
            if cursor is None:
                return None
            chosen.append(f'{each}: "{cursor}"')
        else:
            chosen.append(f"{each}: {_sample(world, f'{kind.name}.{name}', each)}")
    return f"({', '.join(chosen)})" if chosen else ""


def _is_owed(argument: GraphQLArgument) -> bool:
    return is_required_argument(argument)


def _sample(world: PermissionWorld, field: str, argument: str) -> str:
    """A value that finds something."""
    public, facts = world.things["public"].id, world.facts
    by_place = {
        "Query.node(id)": json.dumps(public),
        "Query.nodes(ids)": json.dumps([thing.id for thing in world.things.values()][:100]),
        "Query.report(id)": json.dumps(public),
        "Query.report(code)": json.dumps(facts["code of public"]),
        "Query.reportBySourceRef(source)": '"qlue"',
        "Query.area(code)": json.dumps(facts["area"]),
        "Query.areas(parent)": json.dumps(facts["area"]),
        "Query.floodAreas(area)": json.dumps(facts["area"]),
        "Query.category(code)": json.dumps(facts["category"]),
        "Query.possibleDuplicates(category)": '"flood"',
        "Query.agency(code)": json.dumps(facts["agency"]),
        "Query.source(code)": json.dumps(facts["source"]),
    }
    return by_place.get(f"{field}({argument})") or _SAMPLES[argument]
