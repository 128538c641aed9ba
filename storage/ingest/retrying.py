"""Trying records again that the store itself had kept aside: reports whose category was unknown, or that had to wait."""

from collections.abc import Sequence

from domain.records import ReportRecord
from domain.sink import StoredAside
from storage.ingest import content
from storage.ingest.batch import Ingest
from storage.ingest.links import report_locks
from storage.ingest.reports import KEPT_REPORT
from storage.ingest.set_aside import Aside, read_kept
from storage.ingest.tickets import bring_reports

COMES_AGAIN = "the store could not take it; it is tried again whenever the source tells it"


def retry_kept(ingest: Ingest, asked: Sequence[StoredAside]) -> list[StoredAside]:
    """Takes in again what the store had kept aside, as far as that is possible now; gives the connector's records back."""
    theirs: list[StoredAside] = []
    records: list[ReportRecord] = []
    for aside in asked:
        kept = read_kept(aside.raw)
        if kept is None:
            theirs.append(aside)
        elif kept[0] == KEPT_REPORT:
            records.append(content.report_of(kept[1]))
        else:  # an outline, a gauge: what is kept of it is its name
            ref = str(kept[1].get("source_ref", ""))
            ingest.asides.append(Aside(aside.key, ref, COMES_AGAIN, aside.raw))
    if records:
        ingest.tx.require(*report_locks(ingest.facts, ingest.source, records))
        bring_reports(ingest, records)
    return theirs
