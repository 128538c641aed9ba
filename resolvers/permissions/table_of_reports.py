"""Reports and all that hangs on them: who sees what."""

from resolvers.permissions.audiences import (
    ACTOR,
    ACTOR_NAME,
    EVERYONE,
    FORWARDINGS,
    NAMED,
    NOTE,
    OWN,
    READ,
    SEES_EVENT,
    SEES_FORWARDING,
    SEES_HIDDEN,
    SEES_REPORT,
    SEES_TICKET,
    STAFF_ONLY,
    TRUE_PLACE,
    WHERE_NOT_MOVED,
)
from resolvers.permissions.entries import PAGED, Table, TypeEntry

OF_REPORTS: Table = {
    "Report": TypeEntry(
        SEES_REPORT.needing(READ),
        {
            EVERYONE: "id code text title category status photos(phase) source anonymous confidential agency reportedAt "
            f"receivedAt updatedAt supportCount flood deadlines timeline({PAGED}) comments({PAGED}) agencyRef",
            EVERYONE.needing(READ): f"duplicateOf duplicates({PAGED})",
            OWN.needing(READ): "possibleDuplicates(first)",
            TRUE_PLACE: "location locationPrecision area floodArea",
            WHERE_NOT_MOVED: "address sourceRef sourceUrl sourceStatus sourceStatusMeans syncedAt laporTicket",
            NAMED: "reporter",
            FORWARDINGS: "forwardings",
            STAFF_ONLY: "photos(includeHidden:)",
            OWN: "viewerHasSupported viewerActions",
        },
    ),
    "Reporter": TypeEntry(NAMED, {EVERYONE: "displayName"}),
    "FloodObservation": TypeEntry(EVERYONE, {EVERYONE: "depthCm"}),
    "Deadlines": TypeEntry(
        EVERYONE,
        {
            EVERYONE: "respondBy resolveBy respondedAt resolvedAt dueAt respondBreached resolveBreached breached",
        },
    ),
    "PossibleDuplicate": TypeEntry(SEES_REPORT, {EVERYONE: "report", OWN: "score distanceMeters"}),
    "Photo": TypeEntry(
        SEES_HIDDEN.needing(READ),
        {
            EVERYONE: "id contentType width height byteSize phase caption createdAt hidden report",
            OWN: "url thumbnailUrl",
        },
    ),
    "Comment": TypeEntry(
        SEES_HIDDEN.needing(READ),
        {EVERYONE: "id text official hidden report createdAt", NAMED: "author"},
    ),
    "Actor": TypeEntry(EVERYONE, {EVERYONE: "role agency", ACTOR_NAME: "displayName"}),
    "Forwarding": TypeEntry(
        SEES_FORWARDING.needing(READ),
        {
            EVERYONE: "id report target state createdAt lastAttemptAt nextAttemptAt attempts lastError externalRef "
            "laporTicket",
        },
    ),
    "LaporTicket": TypeEntry(
        SEES_TICKET.needing(READ),
        {
            EVERYONE: "id trackingId title text status sourceStatus category agency area submittedAt updatedAt url "
            "observedAt stale responses report",
        },
    ),
    "LaporResponse": TypeEntry(EVERYONE, {EVERYONE: "author text at"}),
    "ReportEvent": TypeEntry(
        SEES_EVENT.needing(READ),
        {
            EVERYONE: "id kind at reportId report matches backfill status previousStatus comment photo otherReport",
            ACTOR: "actor",
            NOTE: "note",
            OWN: "cursor byViewer",
        },
    ),
    **{
        f"{noun}Edge": TypeEntry(EVERYONE, {OWN: "cursor", EVERYONE: "node"})
        for noun in ("Report", "Comment", "LaporTicket", "ReportEvent")
    },
    **{
        f"{noun}Connection": TypeEntry(EVERYONE, {OWN: "edges nodes pageInfo totalCount"})
        for noun in ("Report", "Comment", "LaporTicket")
    },
    "ReportEventConnection": TypeEntry(EVERYONE, {OWN: "edges nodes pageInfo"}),
    "PageInfo": TypeEntry(EVERYONE, {OWN: "hasNextPage hasPreviousPage startCursor endCursor"}),
    "Statistics": TypeEntry(
        EVERYONE,
        {
            OWN: "total open resolved breached medianMinutesToRespond medianMinutesToResolve buckets(by splitBy first)",
        },
    ),
    "StatisticsBucketCount": TypeEntry(
        EVERYONE,
        {
            EVERYONE: "key splitKey label(locale) splitLabel(locale) start",
            OWN: "total open resolved breached medianMinutesToRespond medianMinutesToResolve",
        },
    ),
    "HexBin": TypeEntry(EVERYONE, {EVERYONE: "cell center boundary", OWN: "total open"}),
}
