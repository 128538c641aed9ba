"""The guard that is made from the table of permissions: nothing is served without a rule, and rules by role hold."""

import pytest
from graphql import GraphQLObjectType, build_schema, get_named_type

from domain.vocabulary import Scope
from resolvers.permissions import RULES, TABLE
from resolvers.permissions.printed import PAGE
from resolvers.permissions.printed import printed as printed_table
from schema.guarding import coordinates, require_complete
from schema.root import graphql_schema, printed


def test_every_entry_of_the_schema_has_its_rule() -> None:
    require_complete(graphql_schema())
    assert {each for each in coordinates(graphql_schema()) if "." in each} == {each for each in RULES if "." in each}


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("type Reporter {\n", "type Reporter {\n  phone: String\n", "Reporter.phone"),
        ("input ContactInput {\n", "input ContactInput {\n  fax: String\n", "ContactInput.fax"),
        ("  laporTicket(\n", "  laporTicket(\n    secret: String\n", "Query.laporTicket(secret:)"),
        ("type Reporter {\n", "type Spy { name: String }\n\ntype Reporter {\n", "Spy, Spy.name"),
        ("type Subscription {\n", "type Subscription {\n  spies: Int\n", "Subscription.spies"),
    ],
)
def test_what_is_added_without_a_rule_is_not_served(before: str, after: str, named: str) -> None:
    assert before in printed()
    with pytest.raises(LookupError, match="has no rule for: ") as refused:
        require_complete(build_schema(printed().replace(before, after, 1)))
    assert str(refused.value).endswith(f": {named}")


def test_a_rule_for_what_is_gone_is_not_kept() -> None:
    schema = build_schema(printed())
    event = schema.type_map["ReportEvent"]
    assert isinstance(event, GraphQLObjectType)
    del event.fields["note"]
    with pytest.raises(LookupError, match=r"rules for what the schema has not: ReportEvent\.note$"):
        require_complete(schema)


READ_WITH_SCOPE = {name for name, entry in TABLE.items() if entry.rule.scope is Scope.REPORTS_READ}


def test_every_way_to_reports_asks_an_api_key_for_the_scope() -> None:
    schema = graphql_schema()
    roots = [kind for kind in (schema.query_type, schema.subscription_type) if kind is not None]
    found, looked_at = _reached_without_scope(roots)
    assert looked_at >= {"Area", "FloodArea", "Source", "Category", "FloodAreaChange"}
    assert not found, f"these lead to reports without a scope: {found}"


def _reached_without_scope(roots: list[GraphQLObjectType]) -> tuple[list[str], set[str]]:
    """Fields that lead to what needs `reports:read` and do not ask for it; and the types that were looked at."""
    waiting, seen, found = list(roots), {root.name for root in roots}, []
    while waiting:
        kind = waiting.pop()
        for name, field in kind.fields.items():
            target = get_named_type(field.type)
            if RULES[f"{kind.name}.{name}"].scope is not None or not isinstance(target, GraphQLObjectType):
                continue
            if target.name in READ_WITH_SCOPE or target.name in ("Statistics", "HexBin", "ReportConnection"):
                found.append(f"{kind.name}.{name}")
            elif target.name not in seen:
                seen.add(target.name)
                waiting.append(target)
    return found, seen


def test_the_page_for_people_is_the_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == printed_table(), "run python -m resolvers.permissions.printed"
