"""What a viewer may, as the table has it: every question of the resolvers and of the guard ends here."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from domain.report import allowed_actions
from domain.visibility import Visibility
from domain.vocabulary import ReportAction, Role, Scope
from resolvers.errors import Forbidden, Unauthenticated
from resolvers.permissions.rules import NOTHING_KNOWN, Rule, Standing
from resolvers.permissions.table import RULES
from resolvers.permissions.table_of_acting import ENTRY_OF
from resolvers.viewer import Viewer


def visibility_of(viewer: Viewer, followed: Iterable[int] = ()) -> Visibility:
    """What a viewer sees; `followed` are the reports whose follow tokens it showed."""
    followed = frozenset(followed)
    if followed:
        return Visibility(viewer.role, viewer.agency_id, viewer.scopes, viewer.person_id, followed)
    return _visibility(viewer.role, viewer.agency_id, viewer.scopes, viewer.person_id)


@lru_cache(10_000)
def _visibility(role: Role, agency_id: int | None, scopes: frozenset[str], person_id: int | None) -> Visibility:
    return Visibility(role, agency_id, scopes, person_id)


def rule_of(entry: str) -> Rule:
    """The rule of a schema coordinate. Raises KeyError for one that has none."""
    return RULES[entry]


def may(viewer: Viewer, entry: str, standing: Standing = NOTHING_KNOWN) -> bool:
    """Whether the viewer may use, see or do what a schema coordinate names, given how the thing stands to it."""
    return RULES[entry].allows(viewer, standing)


def ruled_by_role(type_name: str) -> Iterator[tuple[str, str]]:
    """The fields of a type that only some roles may use at all, each with its schema coordinate."""
    for entry, rule in RULES.items():
        owner, _, name = entry.partition(".")
        if owner == type_name and name and rule.by_role_alone:
            yield name, entry


def require(viewer: Viewer, entry: str) -> None:
    """Raises Unauthenticated (nobody) or Forbidden (somebody else) unless the viewer may use this at all."""
    if may(viewer, entry):
        return
    who = RULES[entry].who
    if viewer.anonymous:
        raise Unauthenticated(f"{entry} is for {who}: sign in.")
    raise Forbidden(f"{entry} is for {who}.")


def has_scope(viewer: Viewer, scope: Scope) -> bool:
    """Whether the viewer may do what the scope is for: an API key that was given it, and whoever comes without a key."""
    return viewer.key_id is None or scope in viewer.scopes


def require_scope(viewer: Viewer, scope: Scope) -> None:
    """Raises Forbidden for an API key that was not given the scope; who comes with a token has his role's rights."""
    if not has_scope(viewer, scope):
        raise Forbidden(f"This API key lacks the scope {scope}.", scope=str(scope))


def actions_on(viewer: Viewer, *, status: str, mine: bool, agency_id: int | None) -> list[ReportAction]:
    """What this viewer may do to a report now, in the order of the enum."""
    of_its_agency = agency_id is not None and agency_id == viewer.agency_id
    standing = Standing(mine=mine, of_its_agency=of_its_agency)
    return [
        action
        for action in allowed_actions(status)
        if action in ENTRY_OF and may(viewer, ENTRY_OF[action], standing) and _scope_allows(viewer, ENTRY_OF[action])
    ]


def _scope_allows(viewer: Viewer, entry: str) -> bool:
    scope = RULES[entry].scope
    return scope is None or has_scope(viewer, scope)
