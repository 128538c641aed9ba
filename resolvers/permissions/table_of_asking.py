"""What can be asked, listened to and filtered by, and by whom."""

from resolvers.permissions.audiences import EVERYONE, OWN, PERSON, READ, STAFF_ONLY
from resolvers.permissions.entries import PAGED, Table, TypeEntry

OF_ASKING: Table = {
    "Query": TypeEntry(
        EVERYONE,
        {
            EVERYONE: "area(code) areaAt(latitude longitude) areas(level parent search) categories(includeInactive) "
            "category(code) agencies agency(code) sources source(code) floodAreas(minimumState within area) "
            "floodGauges(within)",
            OWN: "node(id) nodes(ids) viewer logCursor now limits",
            OWN.needing(READ): "report(id code) reportBySourceRef(source sourceRef) "
            "possibleDuplicates(location category text withinMeters first) "
            f"reports(filter orderBy {PAGED}) hexBins(filter within resolution) statistics(filter) "
            f"laporTicket(trackingId) laporTickets(statuses updatedAfter {PAGED}) events(filter kinds first after)",
        },
    ),
    "Subscription": TypeEntry(
        EVERYONE,
        {
            EVERYONE: "floodAreas(minimumState area after) sources",
            OWN.needing(READ): "newReports(filter includeBackfill after) reportEvents(filter kinds after)",
        },
    ),
    "ReportFilter": TypeEntry(
        EVERYONE,
        {
            EVERYONE: "ids statuses open categories sources agencies areas within near reportedWithinHours reportedAfter "
            "reportedBefore updatedAfter search hasPhotos breached duplicates",
            PERSON: "mine",
            STAFF_ONLY: "confidential forwardings sourceDisagrees",
        },
    ),
    "BoundingBoxInput": TypeEntry(EVERYONE, {EVERYONE: "west south east north"}),
    "NearInput": TypeEntry(EVERYONE, {EVERYONE: "latitude longitude withinMeters"}),
    "CoordinatesInput": TypeEntry(EVERYONE, {EVERYONE: "latitude longitude"}),
}
