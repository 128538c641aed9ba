"""Who may what: every type, field, argument, input field, mutation and subscription of the served schema has its rule here.

The schema is not built unless table and schema name the same (schema/guarding.py), so nothing can be added without a
rule. Where a rule is about who somebody is, and for API keys, the guard made from the table enforces it; where it is
about a report's standing, the resolvers ask it (`may`, `actions_on`); what storage leaves out in its statements is held
to it by the tests, which go through every entry for every role.
"""

import re

from resolvers.permissions.entries import Table, rules_of
from resolvers.permissions.table_of_acting import OF_ACTING
from resolvers.permissions.table_of_asking import OF_ASKING
from resolvers.permissions.table_of_facts import OF_FACTS
from resolvers.permissions.table_of_reports import OF_REPORTS

TABLE: Table = {**OF_ASKING, **OF_REPORTS, **OF_FACTS, **OF_ACTING}

RULES = rules_of(TABLE)
"""The rule of every schema coordinate."""

PLAIN = frozenset(
    re.findall(
        r"\w+",
        "AreaLevel Boolean ChangeKind Cursor DateTime Float FloodState ForwardingOutcome ForwardingState GeoJSON ID Int "
        "LaporStatus Locale LocationPrecision PhotoPhase ReportAction ReportEventKind ReportOrder ReportStatus Role "
        "SourceKind SourceState StatisticsBucket String URL Upload UserErrorCode",
    )
)
"""Scalars and enums: words that everybody may read."""
