"""Every table of the hub, as SQLAlchemy Core sees it; the migrations make them.

base.py          what all tables share
reports.py       reports and what hangs on one
events.py        the event log
rollups.py       counts that are kept
writing.py       answers to mutations by key
handovers.py     what is handed on to other systems, and the outbox
places.py        areas and their boundaries
reference.py     categories, agencies, persons, the hub's secrets, how often they changed
access.py        keys, revocations, suspicions
flood.py         flood areas and gauges
lapor.py         LAPOR's tickets
sources.py       the outside systems, what could not be mapped from them, leases

Times are whole microseconds since 1970 UTC (`Micros`), so that both stores compare and add them alike. Coordinates are
WGS 84 degrees. Where a report has two places, the plain columns hold the true one and `public_…` the one for everybody.
"""

from storage.tables.access import api_keys, revocations, suspicions
from storage.tables.base import metadata
from storage.tables.events import event_facets, event_personal, events, log_head
from storage.tables.flood import flood_areas, flood_gauges, flood_readings
from storage.tables.handovers import forwardings, outbox
from storage.tables.lapor import lapor_responses, lapor_tickets, lapor_topics
from storage.tables.places import area_boundaries, areas
from storage.tables.reference import agencies, categories, fact_versions, persons, secrets
from storage.tables.reports import (
    comments,
    photos,
    report_contacts,
    report_follow_tokens,
    report_links,
    report_supports,
    reports,
)
from storage.tables.rollups import rollup_area, rollup_cell, rollup_day
from storage.tables.sources import leases, set_aside, sources
from storage.tables.writing import idempotency

__all__ = [
    "agencies",
    "api_keys",
    "area_boundaries",
    "areas",
    "categories",
    "comments",
    "event_facets",
    "event_personal",
    "events",
    "fact_versions",
    "flood_areas",
    "flood_gauges",
    "flood_readings",
    "forwardings",
    "idempotency",
    "lapor_responses",
    "lapor_tickets",
    "lapor_topics",
    "leases",
    "log_head",
    "metadata",
    "outbox",
    "persons",
    "photos",
    "report_contacts",
    "report_follow_tokens",
    "report_links",
    "report_supports",
    "reports",
    "revocations",
    "rollup_area",
    "rollup_cell",
    "rollup_day",
    "secrets",
    "set_aside",
    "sources",
    "suspicions",
]
