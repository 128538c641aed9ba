"""Who may what, decided here and nowhere else: the table of rules, and the questions that are put to it.

`visibility_of` says what a viewer sees; storage turns that into the one SQL fragment that every statement on reports
carries. `may` says what a viewer may; `actions_on` what it may do to one report now.
"""

from domain.roles import DISPATCH, STAFF
from resolvers.permissions.deciding import (
    actions_on,
    has_scope,
    may,
    require,
    require_scope,
    rule_of,
    ruled_by_role,
    visibility_of,
)
from resolvers.permissions.in_words import refusal_of
from resolvers.permissions.rules import Otherwise, Rule, Standing, Trait
from resolvers.permissions.table import PLAIN, RULES, TABLE
from resolvers.permissions.table_of_acting import ENTRY_OF

__all__ = [
    "DISPATCH",
    "ENTRY_OF",
    "PLAIN",
    "RULES",
    "STAFF",
    "TABLE",
    "Otherwise",
    "Rule",
    "Standing",
    "Trait",
    "actions_on",
    "has_scope",
    "may",
    "refusal_of",
    "require",
    "require_scope",
    "rule_of",
    "ruled_by_role",
    "visibility_of",
]
